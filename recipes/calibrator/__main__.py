"""Learn the calibrator of `unknown` that kuzov ships, and the atlas.

    python -m recipes.calibrator DATA NO_CAR --features runs/calibrator.npz \
        --out src/kuzov/model/weights/efficientnet-lite0-cars.calibrator.safetensors

DATA is a folder with wild/ and stanford-cars/, NO_CAR what benchmarks.no_car_photos collects. Prints what a
calibrator that has not seen a source makes of it, for each, then what is shipped makes of other folders.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from kuzov.atlas.names import car_models
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.calibrator import FACTS, MEASURES
from kuzov.model.familiarity import Discriminants
from kuzov.model.weight_files import (
    ATLAS_PROTOTYPES,
    ATLAS_SCORES,
    AXES,
    CENTRE,
    LEARNED,
    LEARNED_PLAIN,
)
from recipes.backbone.photos import load_stanford_cars
from recipes.backbone.product import backbone_from
from recipes.calibrator.atlas import learn_atlas
from recipes.calibrator.folders import Asked, make_up_folders
from recipes.calibrator.learn import find_discriminants, judge, learn
from recipes.calibrator.photos import Source, embed_sources

TAUGHT = ("seller", "views", "more-cars", "stanford")


def main() -> None:
    """Learn as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m recipes.calibrator", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with wild/ and stanford-cars/")
    parser.add_argument("no_car", type=Path, help="folder of JPEGs that show no car")
    parser.add_argument(
        "--weights", type=Path, help="as recipes.backbone.ship writes them; else the shipped ones"
    )
    parser.add_argument("--image-px", type=int, help="side of the backbone's input, likewise")
    parser.add_argument("--features", type=Path, required=True, help=".npz that keeps what was embedded")
    parser.add_argument("--folders", type=int, default=2000, help="how many are made up")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    backbone = find_backbone("efficientnet-lite0-cars")
    if arguments.weights is not None:
        backbone = replace(
            backbone_from(arguments.weights, arguments.image_px),
            weights=str(arguments.weights.absolute()),
        )
    sources = _sources(arguments.data, arguments.no_car, backbone, arguments.features)
    names = load_stanford_cars(arguments.data / "stanford-cars").names
    write(sources, backbone, names, arguments.folders, arguments.out)


def _sources(data: Path, no_car: Path, backbone: Backbone, kept: Path) -> Mapping[str, Source]:
    """Embedded, or read where this backbone has embedded them before."""
    fingerprint = f"{backbone.fingerprint()}-{backbone.frozen().form()}-{backbone.image_px}"
    if kept.is_file():
        with np.load(kept) as tensors:
            if tensors["backbone"] == fingerprint:
                names = [name.removesuffix("/models") for name in tensors if name.endswith("/models")]
                return {
                    name: Source(features=tensors[f"{name}/features"], models=tensors[f"{name}/models"])
                    for name in names
                }
    sources = embed_sources(data, no_car, backbone)
    arrays = {f"{name}/features": each.features for name, each in sources.items()}
    models = {f"{name}/models": each.models for name, each in sources.items()}
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, allow_pickle=False, backbone=np.array(fingerprint), **arrays, **models)
    return sources


def write(
    sources: Mapping[str, Source], backbone: Backbone, names: Sequence[str], folders: int, out: Path
) -> None:
    """Learn, tell how good it is, and write `out`, whole or not at all.

    `names` are those of the models that the backbone was trained on.
    """
    background = backbone.background()
    discriminants = find_discriminants(sources["stanford"], background)

    def draw(names: Sequence[str], seed: int, axes: Discriminants | None = discriminants) -> Asked:
        return make_up_folders(sources, names, background, axes, count=folders, seed=seed)

    for name in TAUGHT:
        others = draw([other for other in TAUGHT if other != name], 0)
        _tell(f"{name}, learned without", judge(learn(others, plain=False), draw([name], 1)))
    asked = draw(TAUGHT, 0)
    learned = learn(asked, plain=False)
    _tell("all, other folders", judge(learned, draw(TAUGHT, 1)))
    on_features, other_folders = draw(TAUGHT, 0, None), draw(TAUGHT, 1, None)
    _tell("all, without discriminants", judge(learn(on_features, plain=False), other_folders))
    plain = learn(on_features, plain=True)
    _tell("all, plain", judge(plain, other_folders))
    atlas = learn_atlas(sources, background, names, tuple(car_models()), discriminants)
    print(f"atlas: scale {atlas.scale:.2f}, stranger {atlas.stranger:.2f}", flush=True)
    tensors: dict[str, npt.NDArray[np.floating]] = {
        CENTRE: discriminants.centre.astype(np.float16),
        AXES: discriminants.axes.astype(np.float16),
        ATLAS_PROTOTYPES: atlas.prototypes.astype(np.float16),
        ATLAS_SCORES: np.array([atlas.scale, atlas.stranger], np.float32),
    }
    for key, each in ((LEARNED, learned), (LEARNED_PLAIN, plain)):
        tensors[key] = np.array([each[name] for name in (*MEASURES, *FACTS)], np.float32)
    part = out.with_suffix(".part")
    made_for = {"backbone": backbone.fingerprint(), "form": backbone.frozen().form()}
    save_file(tensors, part, metadata=made_for)
    part.chmod(0o644)
    part.replace(out)


def _tell(name: str, found: Mapping[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
