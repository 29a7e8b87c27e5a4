"""How good the features of a backbone are for models that it has, and has not, been trained on.

    python -m benchmarks.backbones --image-px 224 runs/one/backbone.safetensors runs/two/backbone.safetensors

Prints a Markdown table, a row a weights file; docs/benchmarks.md explains the columns. For an ablation, train
each candidate by `python -m recipes.backbone`, with its own recipe and the same models held out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.features import FeatureSet, embed_everything
from benchmarks.markdown import table
from benchmarks.process import REPOSITORY
from benchmarks.unknown import areas, out_of_fold
from kuzov.model.familiarity import make_prototypes
from kuzov.model.head import Labels, directions
from kuzov.training.judge import accuracy, cross_validate, fit_views
from kuzov.training.shots import Draw, judge_shots
from recipes.backbone.product import backbone_from
from recipes.backbone.recipe import read_recipe

HELD_OUT = read_recipe(REPOSITORY / "recipes" / "backbone" / "held_out.toml").held_out
BMW_X5 = 31  # the one held-out model that russian-cars-5 shows too
STRANGE = [label for label in HELD_OUT if label != BMW_X5]
SHOTS, DRAWS, SEEDS, C = (1, 3, 5, 10), 20, (0, 1, 2), 10.0
UNSEEN_SHOTS = (1, 5, 10)
COLUMNS = (
    "5-fold CV",
    "validation",
    *[f"{shots} a model" for shots in SHOTS],
    "46 models, 1 / 5 / 10",
    "AUROC other models / no car",
)


def judge_backbone(features: FeatureSet) -> list[str]:
    """The cells of `COLUMNS`."""
    photos, labels, groups = features.russian, features.russian_labels, features.russian_groups
    fit, asked = ~features.validates, features.validates
    head = fit_views(photos[fit], labels[fit], classes=5, inverse_regularisation=C)
    right = accuracy(head.logits(photos[asked, 0]), labels[asked]) * asked.sum()
    crossed = [
        float(
            np.mean(
                cross_validate(
                    photos, labels, groups, inverse_regularisation=C, folds=5, seed=seed
                ).accuracies
            )
        )
        for seed in SEEDS
    ]
    shots = [
        judge_shots(photos, labels, draw_shots(labels, groups, each, DRAWS), inverse_regularisation=C)
        for each in SHOTS
    ]
    unknown = areas(out_of_fold(features, HELD_OUT, STRANGE, SEEDS[:1]))
    return [
        f"{np.mean(crossed):.1%} ({', '.join(f'{each:.1%}' for each in crossed)})",
        f"{right:.0f} of {asked.sum()}",
        *[f"{np.mean(each):.1%} ± {np.std(each):.1%}" for each in shots],
        " / ".join(f"{_unseen_models(features, each):.1%}" for each in UNSEEN_SHOTS),
        " / ".join(f"{each:.3f}" for each in unknown.values()),
    ]


def draw_shots(labels: Labels, groups: Sequence[object], shots: int, draws: int) -> list[Draw]:
    """Draw number d, seeded with d; copies of a known photo, which share its group, are not asked about."""
    names, found = np.asarray(groups), []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        known = np.concatenate(
            [rng.permutation(np.flatnonzero(labels == label))[:shots] for label in np.unique(labels)]
        )
        found.append(Draw(known=known, others=np.flatnonzero(~np.isin(names, names[known]))))
    return found


def _unseen_models(features: FeatureSet, shots: int) -> float:
    """Accuracy among the held-out models by prototypes of a few photos, mean of the draws."""
    photos = features.stanford_of(HELD_OUT)
    held_out = features.cars.labels[np.isin(features.cars.labels, HELD_OUT)]
    labels = np.unique(held_out, return_inverse=True)[1]
    none = np.zeros((0, photos.shape[1]), np.float32)
    accuracies = []
    for draw in draw_shots(labels, range(len(labels)), shots, DRAWS):
        prototypes = make_prototypes(
            photos[draw.known], labels[draw.known], classes=len(HELD_OUT), background=none
        )
        cosines = directions(photos[draw.others]) @ prototypes.classes
        accuracies.append(accuracy(cosines.astype(np.float64), labels[draw.others]))
    return float(np.mean(accuracies))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backbones")
    parser.add_argument("weights", type=Path, nargs="+", help="files as the recipe writes them")
    parser.add_argument("--image-px", type=int, required=True, help="side of the backbone's input")
    parser.add_argument("--no-car", type=Path, default=REPOSITORY / ".no-car", help="photos without a car")
    arguments = parser.parse_args()
    rows = []
    for file in arguments.weights:
        features = embed_everything(backbone_from(file, arguments.image_px), arguments.no_car)
        rows.append([str(file), *judge_backbone(features)])
    print(table(["weights", *COLUMNS], rows))


if __name__ == "__main__":
    main()
