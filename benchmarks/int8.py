"""What int8 costs and gains: the figures of docs/adr/0010.

    python -m benchmarks.int8 PHOTOS [--other-cars STANFORD_CARS]

Quantises copies of the ready model as `kuzov optimize` does, and as a whole. PHOTOS is the folder that it was
trained on; STANFORD_CARS holds images.tar and labels.csv.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmarks.backbones import BMW_X5
from benchmarks.markdown import table
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import OPENVINO_INT8_MODEL, OPENVINO_MODEL, resolve
from kuzov.bundle.ready import ready_model
from kuzov.data.dataset import Dataset, load_dataset
from kuzov.engine.openvino import OpenVinoEngine, load
from kuzov.images.framing import Pixels, frame, read_frame
from kuzov.training.optimise import optimise
from recipes.backbone.photos import load_stanford_cars

OTHER_CARS = 300
ROUNDS, CALLS, BATCHES = 15, 10, (1, 4)
BATCH_PHOTOS = 16
KEPT_IN_FLOAT = "kuzov.engine.quantise._kept_in_float"

Floats = npt.NDArray[np.float32]


def quantised(folder: Path, photos: Path, *, whole: bool) -> Path:
    """A copy of the ready model with an int8 form, whatever that is worth; its version's folder."""
    version = folder / ("whole" if whole else "tail in float") / "1"
    shutil.copytree(resolve(ready_model()), version)
    with patch(KEPT_IN_FLOAT, return_value=[]) if whole else nullcontext():
        optimise(version, photos, judge=lambda _: "")
    return version


def other_cars(folder: Path, image_px: int) -> Pixels:
    """Photos of none of the classes, from the validation split, (N, image_px, image_px, 3)."""
    cars = load_stanford_cars(folder)
    rows = cars.rows(training=False, held_out=[BMW_X5])
    some = rows[np.linspace(0, len(rows) - 1, OTHER_CARS).round().astype(int)]
    return np.stack([frame(Image.fromarray(cars.pixels[row]), image_px) for row in some])


def ask(engine: OpenVinoEngine, images: Pixels) -> tuple[Floats, Floats]:
    """Probabilities (N, C) and `unknown` (N,)."""
    starts = range(0, len(images), BATCH_PHOTOS)
    answers = [engine.recognise(images[at : at + BATCH_PHOTOS].astype(np.float32)) for at in starts]
    return (
        np.concatenate([answer["probabilities"] for answer in answers]),
        np.concatenate([answer["unknown"] for answer in answers]),
    )


def cpu_milliseconds(engines: Sequence[OpenVinoEngine], images: Pixels) -> list[float]:
    """Of one photo in a batch of all; the engines take turns, and the best round counts."""
    batch = images.astype(np.float32)
    best = [np.inf] * len(engines)
    for _ in range(ROUNDS):
        for number, engine in enumerate(engines):
            started = time.process_time()
            for _ in range(CALLS):
                engine.recognise(batch)
            best[number] = min(best[number], (time.process_time() - started) / CALLS / len(batch))
    return [1000 * seconds for seconds in best]


def print_answers(engines: dict[str, OpenVinoEngine], data: Dataset, strange: Pixels | None) -> None:
    """What becomes of accuracy, probabilities and `unknown`."""
    card = read_card(resolve(ready_model()))
    images = np.stack([read_frame(photo.path, card.image_px) for photo in data.validation])
    columns = [each.id for each in card.classes]
    labels = np.array([columns.index(photo.label) for photo in data.validation])
    expected, _ = ask(engines["f32"], images)
    rows = []
    for name, engine in engines.items():
        found, familiar = ask(engine, images)
        moved = np.abs(found - expected).max(axis=1)
        right = f"{(found.argmax(axis=1) == labels).sum()} of {len(labels)}"
        row = [name, right, f"{moved.max():.3f}", f"{moved.mean():.3f}"]
        if strange is not None:
            _, unknown = ask(engine, strange)
            truth = np.repeat([0, 1], [len(familiar), len(unknown)])
            area = roc_auc_score(truth, np.concatenate([familiar, unknown]))
            passed = (unknown <= card.unknown_threshold).sum()
            row += [f"{passed} of {len(unknown)}", f"{area:.4f}"]
        rows.append(row)
    head = ["precision", "validation", "largest change of a probability", "mean"]
    print(table(head + ([] if strange is None else ["other cars that pass for known", "AUROC"]), rows))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8")
    parser.add_argument("photos", type=Path, help="the folder that the ready model was trained on")
    parser.add_argument("--other-cars", type=Path, help="the folder of Stanford Cars")
    arguments = parser.parse_args()
    data = load_dataset(arguments.photos, validation_fraction=0.25, seed=0)
    image_px = read_card(resolve(ready_model())).image_px
    with tempfile.TemporaryDirectory() as folder:
        version = quantised(Path(folder), arguments.photos, whole=False)
        engines = {precision: load(version, precision, threads=1) for precision in ("f32", "bf16", "int8")}
        whole = quantised(Path(folder), arguments.photos, whole=True)
        all_engines = engines | {"int8, quantised whole": load(whole, "int8", threads=1)}
        sizes = [
            (version / model).with_suffix(".bin").stat().st_size / 1e6
            for model in (OPENVINO_MODEL, OPENVINO_MODEL, OPENVINO_INT8_MODEL)
        ]
    strange = other_cars(arguments.other_cars, image_px) if arguments.other_cars else None
    print_answers(all_engines, data, strange)
    images = np.stack([read_frame(photo.path, image_px) for photo in data.validation[: max(BATCHES)]])
    times = [cpu_milliseconds([*engines.values()], images[:batch]) for batch in BATCHES]
    rows = [
        [precision, *(f"{each:.1f} ms" for each in milliseconds), f"{size:.1f} MB"]
        for precision, *milliseconds, size in zip(engines, *times, sizes, strict=True)
    ]
    print()
    print(
        table(["precision", *(f"CPU of a photo, batch of {batch}" for batch in BATCHES), "model.bin"], rows)
    )


if __name__ == "__main__":
    main()
