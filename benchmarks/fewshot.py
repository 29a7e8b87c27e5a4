"""Measure backbones with few photos and with cars that they do not know, and write docs/benchmarks.md.

    python -m benchmarks.no_car_photos .no-car     # once: photos without a car, from pinned packages
    python -m benchmarks.fewshot                   # a few minutes on two cores

Needs the photos beside the project (KUZOV_SHARED may name their folder's parent).
"""

from __future__ import annotations

import argparse
import functools
import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors.numpy import save_file

from benchmarks.backbones import COLUMNS, HELD_OUT, SEEDS, STRANGE, draw_shots, judge_backbone
from benchmarks.features import FeatureSet, embed_everything
from benchmarks.markdown import table
from benchmarks.process import REPOSITORY
from benchmarks.unknown import among_relatives, areas, from_few_photos, out_of_fold
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.weight_files import WEIGHTS
from recipes.backbone.product import backbone_from
from scripts.convert_efficientnet_lite import NETWORKS, convert, load_reference

FEW, FEW_DRAWS = 5, 5


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fewshot")
    parser.add_argument("--no-car", type=Path, default=REPOSITORY / ".no-car", help="photos without a car")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    embed = functools.partial(embed_everything, no_car=arguments.no_car)
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            "ImageNet, 224 pixels": embed(find_backbone("efficientnet-lite0-imagenet")),
            "ImageNet Lite2, 260 pixels": embed(_imagenet_lite2(Path(folder))),
            "cars, 224 pixels": embed(backbone_from(WEIGHTS / "efficientnet-lite0-cars.safetensors", 224)),
            "**cars, 256 pixels**": embed(find_backbone("efficientnet-lite0-cars")),
            "cars without 46 models, 256 pixels": embed(
                backbone_from(REPOSITORY / "recipes" / "backbone" / "held_out.safetensors", 256)
            ),
        }
    text = (Path(__file__).parent / "fewshot.md").read_text(encoding="utf-8")
    page = text.format(
        backbones=table(
            ["backbone", *COLUMNS], [[name, *judge_backbone(each)] for name, each in sets.items()]
        ),
        unknown=_unknown(sets),
        photos=len(sets["**cars, 256 pixels**"].no_car),
    )
    arguments.out.write_text(page, encoding="utf-8")


def _imagenet_lite2(folder: Path) -> Backbone:
    network = NETWORKS["lite2"]
    save_file(convert(load_reference(network), network), folder / "lite2.safetensors")
    return backbone_from(folder / "lite2.safetensors", 260, width=network.width, depth=network.depth)


def _unknown(sets: Mapping[str, FeatureSet]) -> str:
    """By the two backbones that have not seen the models asked about."""
    found = {}
    for name in ("cars without 46 models, 256 pixels", "ImageNet, 224 pixels"):
        features = sets[name]
        few = draw_shots(features.russian_labels, features.russian_groups, FEW, FEW_DRAWS)
        questions = itertools.chain(
            out_of_fold(features, HELD_OUT, STRANGE, SEEDS),
            from_few_photos(features, HELD_OUT, STRANGE, few),
            among_relatives(features, HELD_OUT),
        )
        found[name] = areas(questions)
    columns = list(next(iter(found.values())))
    rows = [[name, *(f"{each[column]:.3f}" for column in columns)] for name, each in found.items()]
    return table(["backbone", *columns], rows)


if __name__ == "__main__":
    main()
