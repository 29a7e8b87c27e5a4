from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kuzov.cars.cut_out import read_cut_out
from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.model.backbones import find_backbone
from kuzov.model.calibration import log_loss
from kuzov.model.head import Head, Labels
from kuzov.progress import silent
from kuzov.training.fine_tune import FineTuned, LabelledFrames, fine_tune
from kuzov.training.tensorboard import epoch_logs

CONFIG = TrainConfig(
    fine_tune=FineTuneConfig(layers=4, epochs=3, patience=3, batch_size=4, learning_rate=0.01)
)
QUIET: dict[str, Any] = {"callbacks": (), "progress": silent}
Run = Callable[..., FineTuned]


def tiny_backbone() -> keras.Model:
    keras.utils.set_random_seed(1)
    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Rescaling(1 / 128, offset=-1)(image)
    x = keras.layers.Conv2D(8, 3, 2, name="first")(x)
    x = keras.layers.Conv2D(8, 3, 2, name="second")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(6.0)(x)))


def head_of(width: int, classes: int) -> Head:
    weights = np.random.default_rng(0).normal(0, 0.1, (width, classes)).astype(np.float32)
    return Head(weights=weights, bias=np.zeros(classes, np.float32))


def some(frames: Any, labels: Labels, places: Any) -> LabelledFrames:
    rows = np.arange(len(labels))[places]
    return LabelledFrames(frames, rows, labels[rows])


@pytest.fixture(scope="module")
def sides() -> tuple[LabelledFrames, LabelledFrames]:
    """Photos of two colours: 10 to train on, 4 held out."""
    rng = np.random.default_rng(0)
    labels = np.arange(14) % 2
    images = rng.integers(0, 120, (14, 16, 16, 3)) + 90 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    pixels = images.astype(np.uint8)
    return some(pixels, labels, slice(10)), some(pixels, labels, slice(10, 14))


@pytest.fixture(scope="module")
def run(sides: tuple[LabelledFrames, LabelledFrames], tmp_path_factory: pytest.TempPathFactory) -> Run:
    def tune(config: TrainConfig = CONFIG, *, misled: bool = False, **options: Any) -> FineTuned:
        options = {"workspace": tmp_path_factory.mktemp("work"), **QUIET, **options}
        held_out = turned(sides[1]) if misled else sides[1]
        return fine_tune(tiny_backbone(), head_of(8, 2), sides[0], held_out, config, **options)

    return tune


@pytest.fixture(scope="module")
def whole(run: Run) -> FineTuned:
    """A run that nothing interrupts."""
    return run()


@pytest.fixture(scope="module")
def misled(run: Run) -> FineTuned:
    """The same, judged by photos with the other labels."""
    return run(misled=True)


def turned(photos: LabelledFrames) -> LabelledFrames:
    """With each photo's other label, so that their loss grows with every epoch."""
    return replace(photos, labels=1 - photos.labels)


def weights(tuned: FineTuned) -> list[Any]:
    return [*tuned.backbone.get_weights(), tuned.head.weights, tuned.head.bias]


def same(left: FineTuned, right: FineTuned) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(left), weights(right), strict=True))


def test_the_last_layers_and_the_head_learn_and_nothing_else(whole: FineTuned) -> None:
    tuned, before = whole, tiny_backbone()
    for name, learned in (("first", False), ("second", True)):
        old, new = before.get_layer(name).get_weights()[0], tuned.backbone.get_layer(name).get_weights()[0]
        assert np.array_equal(old, new) != learned, name
    for old, new in zip(
        *(each.get_layer("norm").get_weights() for each in (before, tuned.backbone)), strict=True
    ):
        np.testing.assert_array_equal(new, old)  # its statistics too
    assert (tuned.head.weights != head_of(8, 2).weights).any()


@pytest.mark.parametrize(("name", "best"), [("whole", 2), ("misled", 0)])
def test_the_best_epoch_is_taken(
    request: pytest.FixtureRequest, sides: tuple[LabelledFrames, LabelledFrames], name: str, best: int
) -> None:
    tuned: FineTuned = request.getfixturevalue(name)
    assert set(tuned.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    losses = tuned.history["val_loss"]
    assert len(losses) == 3
    assert int(np.argmin(losses)) == best
    held_out = turned(sides[1]) if name == "misled" else sides[1]
    found = log_loss(tuned.head.logits(tuned.features(held_out)), held_out.labels)
    assert found == pytest.approx(losses[best], rel=1e-3)


@pytest.mark.slow
def test_it_stops_where_the_loss_no_longer_falls(run: Run) -> None:
    config = replace(CONFIG, fine_tune=replace(CONFIG.fine_tune, epochs=20, patience=2))
    losses = run(config, misled=True).history["val_loss"]
    assert losses == sorted(losses)
    assert len(losses) == 3


@pytest.mark.slow
def test_the_seed_tells_the_weights(run: Run, whole: FineTuned) -> None:
    again, other = run(), run(replace(CONFIG, seed=1))
    assert same(whole, again)
    assert whole.history == again.history
    assert not same(whole, other)


class Stop:
    """Notes the progress, and raises when it is told of an epoch for the first time."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.told: list[int] = []

    def __call__(self, stage: str, epoch: int, epochs: int) -> None:
        assert (stage, epochs) == ("fine-tune", 3)
        self.told.append(epoch)
        if self.told.count(self.epoch) == 1 and epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize(("name", "epoch"), [("whole", 0), ("whole", 2), ("misled", 1)])
def test_it_goes_on_where_it_was_stopped_and_knows_the_best(
    request: pytest.FixtureRequest, run: Run, tmp_path: Path, name: str, epoch: int
) -> None:
    whole: FineTuned = request.getfixturevalue(name)
    stop, misled = Stop(epoch), name == "misled"
    with pytest.raises(KeyboardInterrupt):
        run(misled=misled, workspace=tmp_path, progress=stop)
    resumed = run(misled=misled, workspace=tmp_path, progress=stop)
    assert stop.told == [*range(epoch + 1), *range(epoch, 4)]
    assert resumed.history == whole.history
    assert same(resumed, whole)


class Frames:
    """Framed photos that note how many are asked for at a time."""

    def __init__(self, pixels: Any) -> None:
        self._pixels = pixels
        self.asked: list[int] = []

    def __getitem__(self, rows: Any) -> Any:
        self.asked.append(len(rows))
        return self._pixels[rows]


def test_only_a_batch_of_frames_is_in_memory(
    sides: tuple[LabelledFrames, LabelledFrames], tmp_path: Path
) -> None:
    photos, held_out = sides
    frames = Frames(np.repeat(photos.frames[np.arange(14)], 3, axis=0))
    labels = np.repeat([*photos.labels, *held_out.labels], 3)
    tuned = fine_tune(
        tiny_backbone(),
        head_of(8, 2),
        some(frames, labels, slice(30)),
        some(frames, labels, slice(30, 42)),
        CONFIG,
        workspace=tmp_path,
        **QUIET,
    )
    assert max(frames.asked) == CONFIG.fine_tune.batch_size
    frames.asked.clear()
    tuned.features(some(frames, labels, slice(42)))
    assert max(frames.asked) == 16


@pytest.mark.slow
def test_callbacks_are_told_of_the_epochs(run: Run, tmp_path: Path) -> None:
    run(callbacks=epoch_logs(tmp_path / "logs"))
    assert {folder.name for folder in (tmp_path / "logs").iterdir()} == {"train", "validation", "weights"}
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


@pytest.mark.slow
def test_the_shipped_network_is_fine_tuned(synthetic_photos: Path, tmp_path: Path) -> None:
    dataset = load_dataset(synthetic_photos, validation_fraction=0.25, seed=0)
    photos = [photo for photo in dataset.train if photo.path.stem in {"1", "2", "3"}]
    entry = find_backbone(CONFIG.backbone)
    images = np.stack([read_cut_out(photo.path, entry.image_px).pixels for photo in photos])
    labels = np.array([dataset.classes.index(photo.label) for photo in photos])
    held = np.arange(9) % 3 == 2
    backbone = entry.load()
    before = {layer.name: layer.get_weights() for layer in backbone.layers}
    tuned = fine_tune(
        backbone,
        head_of(1280, 3),
        some(images, labels, ~held),
        some(images, labels, held),
        replace(CONFIG, fine_tune=FineTuneConfig(epochs=1, batch_size=3)),
        workspace=tmp_path / "work",
        **QUIET,
    )
    changed = {
        layer.name
        for layer in tuned.backbone.layers
        if any((a != b).any() for a, b in zip(layer.get_weights(), before[layer.name], strict=True))
    }
    assert changed == {"block15_depthwise_conv", "block15_project_conv", "top_conv"}
    assert tuned.features(some(images, labels, slice(9))).shape == (9, 1280)
