"""How good the features of a backbone are for models that it has, and has not, been trained on.

    python -m benchmarks.backbones --image-px 224 runs/one/backbone.safetensors runs/two/backbone.safetensors

Prints a Markdown table, a row a weights file; docs/benchmarks.md explains the columns. For an ablation, train
each candidate by `python -m recipes.backbone`, with its own recipe and the same models held out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.features import REPOSITORY, FeatureSet, embed_everything, shared_data
from benchmarks.heads import draw_shots, logistic_regression, nearest_prototype, shot_accuracies
from benchmarks.markdown import table
from benchmarks.unknown_methods import against_background, judge, russian_questions
from kuzov.model.head import directions
from kuzov.training.judge import cross_validate, fit_views
from recipes.backbone.product import backbone_from
from recipes.backbone.recipe import read_recipe

HELD_OUT = read_recipe(REPOSITORY / "recipes" / "backbone" / "held_out.toml").held_out
BMW_X5 = 31  # the one held-out model that russian-cars-5 shows too
STRANGE = [label for label in HELD_OUT if label != BMW_X5]
SHOTS, DRAWS, SEEDS, C = (1, 3, 5, 10), 20, (0, 1, 2), 10.0
COLUMNS = (
    "5-fold CV",
    "validation",
    *[f"{shots} a model" for shots in SHOTS],
    "46 models, 1 / 5 / 10",
    "AUROC other models / no car",
)


def judge_backbone(features: FeatureSet) -> list[str]:
    """The cells of `COLUMNS`."""
    fit, labels = ~features.validates, features.russian_labels
    head = fit_views(features.russian[fit], labels[fit], classes=5, inverse_regularisation=C)
    answers = head.logits(features.russian[features.validates, 0]).argmax(axis=1)
    right = int((answers == labels[features.validates]).sum())
    crossed = [float(np.mean(each)) for each in _cross_validations(features)]
    shots = [
        shot_accuracies(features, each, draws=DRAWS, head=logistic_regression(C), transform=directions)
        for each in SHOTS
    ]
    unseen = [_unseen_models(features, each) for each in (1, 5, 10)]
    areas = judge(
        against_background,
        list(russian_questions(features, directions, HELD_OUT, STRANGE, seeds=SEEDS[:1])),
    )
    return [
        f"{np.mean(crossed):.1%} ({', '.join(f'{each:.1%}' for each in crossed)})",
        f"{right} of {int(features.validates.sum())}",
        *[f"{each.mean():.1%} ± {each.std():.1%}" for each in shots],
        " / ".join(f"{each:.1%}" for each in unseen),
        " / ".join(f"{each:.3f}" for each in areas.values()),
    ]


def _cross_validations(features: FeatureSet) -> Iterator[Sequence[float]]:
    for seed in SEEDS:
        yield cross_validate(
            features.russian,
            features.russian_labels,
            features.russian_groups,
            inverse_regularisation=C,
            folds=5,
            seed=seed,
        ).accuracies


def _unseen_models(features: FeatureSet, shots: int) -> float:
    """Accuracy among the 46 held-out models by prototypes of a few photos, mean of 20 draws."""
    rows = np.flatnonzero(np.isin(features.cars.labels, HELD_OUT))
    shown = directions(features.stanford[rows])
    labels = np.unique(features.cars.labels[rows], return_inverse=True)[1]
    accuracies = []
    for draw in range(DRAWS):
        known, asked = draw_shots(labels, rows, shots, draw)
        answers = nearest_prototype(shown[known][:, None], labels[known], shown[asked])
        accuracies.append((answers == labels[asked]).mean())
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
        features = embed_everything(backbone_from(file, arguments.image_px), shared_data(), arguments.no_car)
        rows.append([str(file), *judge_backbone(features)])
    print(table(["weights", *COLUMNS], rows))


if __name__ == "__main__":
    main()
