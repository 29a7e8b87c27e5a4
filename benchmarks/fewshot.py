"""Measure backbones, heads and ways to know the unknown, and write docs/benchmarks.md.

    python -m benchmarks.no_car_photos .no-car     # once: photos without a car, from pinned packages
    python -m benchmarks.fewshot                   # a few minutes on two cores

Needs the photos beside the project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from benchmarks.backbones import COLUMNS, DRAWS, HELD_OUT, SEEDS, SHOTS, STRANGE, C, judge_backbone
from benchmarks.embedding_time import compare_sizes
from benchmarks.features import REPOSITORY, FeatureSet, embed_everything, shared_data
from benchmarks.heads import (
    HEADS,
    Transform,
    centred,
    logistic_regression,
    shot_accuracies,
)
from benchmarks.markdown import table
from benchmarks.unknown_methods import (
    METHODS,
    Question,
    few_shot_questions,
    judge,
    russian_questions,
    stanford_questions,
)
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.head import directions, normalise
from kuzov.model.weight_files import WEIGHTS
from recipes.backbone.product import backbone_from
from scripts.convert_efficientnet_lite import NETWORKS, convert, load_reference

RECIPES = REPOSITORY / "recipes" / "backbone"
VIEWS: Mapping[str, tuple[int, ...]] = {
    "the photo as it will be shown": (0,),
    "and mirrored": (0, 3),
    "and the whole photo, both mirrored": (0, 1, 3, 4),
    "and the centred square, all mirrored": (0, 1, 2, 3, 4, 5),
}


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fewshot")
    parser.add_argument("--no-car", type=Path, default=REPOSITORY / ".no-car", help="photos without a car")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    data = shared_data()
    embed = functools.partial(embed_everything, data=data, no_car=arguments.no_car)
    imagenet = embed(find_backbone("efficientnet-lite0-imagenet"))
    cars = embed(find_backbone("efficientnet-lite0-cars"))
    smaller = embed(backbone_from(WEIGHTS / "efficientnet-lite0-cars.safetensors", 224))
    held_out = embed(backbone_from(RECIPES / "held_out.safetensors", 256))
    with tempfile.TemporaryDirectory() as folder:
        larger = embed(_imagenet_lite2(Path(folder)))
    sections = [
        _backbones({
            "ImageNet, 224 pixels": imagenet,
            "ImageNet Lite2, 260 pixels": larger,
            "cars, 224 pixels": smaller,
            "**cars, 256 pixels**": cars,
            "cars without 46 models, 256 pixels": held_out,
        }),
        _heads(cars),
        _views(cars),
        _unknown({"cars without 46 models": held_out, "ImageNet": imagenet}),
        compare_sizes(),
    ]  # fmt: skip
    text = (Path(__file__).parent / "fewshot.md").read_text(encoding="utf-8")
    arguments.out.write_text(text.format(*sections, photos=len(cars.no_car)), encoding="utf-8")


def _imagenet_lite2(folder: Path) -> Backbone:
    network = NETWORKS["lite2"]
    save_file(convert(load_reference(network), network), folder / "lite2.safetensors")
    return backbone_from(folder / "lite2.safetensors", 260, width=network.width, depth=network.depth)


def _backbones(sets: Mapping[str, FeatureSet]) -> str:
    rows = [[name, *judge_backbone(features)] for name, features in sets.items()]
    return table(["backbone", *COLUMNS], rows)


def _shot_cells(
    features: FeatureSet,
    head: Callable[..., npt.NDArray[np.int64]],
    transform: Transform,
    views: tuple[int, ...] = VIEWS["and the centred square, all mirrored"],
    asked_views: tuple[int, ...] = (0,),
) -> list[str]:
    cells = []
    for shots in SHOTS:
        found = shot_accuracies(
            features,
            shots,
            draws=DRAWS,
            head=head,
            transform=transform,
            views=views,
            asked_views=asked_views,
        )
        cells.append(f"{found.mean():.1%} ± {found.std():.1%}")
    return cells


def _heads(features: FeatureSet) -> str:
    base = features.stanford[features.cars.rows(training=True)]
    transforms: Mapping[str, Transform] = {
        "length 1": normalise,
        "square roots": directions,
        "square roots less their mean on Stanford Cars": centred(directions, base),
    }
    rows = [
        [name, transformed, *_shot_cells(features, head, transform)]
        for transformed, transform in transforms.items()
        for name, head in HEADS.items()
    ]
    return table(["head", "features", *[f"{shots} a model" for shots in SHOTS]], rows)


def _views(features: FeatureSet) -> str:
    head = logistic_regression(C)
    rows = [
        [name, "as shown", *_shot_cells(features, head, directions, views)] for name, views in VIEWS.items()
    ]
    everything = VIEWS["and the centred square, all mirrored"]
    rows.append(
        ["all", "mean with its mirror image", *_shot_cells(features, head, directions, everything, (0, 3))]
    )
    return table(["views learned from", "photo asked about", *[f"{shots} a model" for shots in SHOTS]], rows)


def _unknown(sets: Mapping[str, FeatureSet]) -> str:
    tables = []
    for name, features in sets.items():
        questions = _questions(features)
        found = {method: judge(score, questions) for method, score in METHODS.items()}
        columns = list(next(iter(found.values())))
        rows = [[method, *[f"{areas[column]:.3f}" for column in columns]] for method, areas in found.items()]
        tables.append(f"Backbone: {name}.\n\n{table(['method', *columns], rows)}")
    return "\n\n".join(tables)


def _questions(features: FeatureSet) -> list[Question]:
    return [
        *russian_questions(features, directions, HELD_OUT, STRANGE, seeds=SEEDS),
        *few_shot_questions(features, directions, HELD_OUT, STRANGE, shots=5, draws=5),
        *stanford_questions(features, directions, HELD_OUT, photos=15, draws=10),
    ]


if __name__ == "__main__":
    main()
