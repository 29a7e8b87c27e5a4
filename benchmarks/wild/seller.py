"""Four models as sellers photograph them, taught by a few photos of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.wild.figure import Array, Figure, area, calibration_error, mean_share
from benchmarks.wild.recognisers import features_of, learning_set, taught
from kuzov.model.calibrator import UNKNOWN_THRESHOLD
from kuzov.model.head import Features
from kuzov.training.learning_set import LearningSet
from kuzov.training.shots import draw_shots

SHOTS, SHOTS_IN_DETAIL, DRAWS = (1, 5, 10, 25), 10, 10
IN_SELLER = ("chevrolet_impala_caprice", "chevrolet_c_k_r_v_series")  # of views: the Impala, the Silverado


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of all draws; not a number where a draw has not asked about a photo.

    Attributes:
        probabilities: Of each model, (draws, N, C).
        unknown: Of the photos of the models, (draws, N).
        strange: The same of other photos by their name, (draws, M) each.
    """

    probabilities: Array
    unknown: Array
    strange: Mapping[str, Array]


def measure(wild: Path) -> Iterator[Figure]:
    """Ten draws of each number of photos a model; all other photos are asked about."""
    data = learning_set(wild / "seller")
    views = [file for file in sorted((wild / "views").glob("*/*.jpg")) if file.parent.name not in IN_SELLER]
    streets = sorted((wild / "streets").glob("*.jpg"))
    strange = {"views": features_of(views), "streets": features_of(streets)}
    for shots in SHOTS:
        answers = _ask(data, shots, strange)
        right = (answers.probabilities.argmax(axis=2) == data.labels).astype(float)
        right[np.isnan(answers.unknown)] = np.nan
        yield mean_share(f"{shots} a model: right", right)
        if shots == SHOTS_IN_DETAIL:
            yield from _in_detail(f"{shots} a model:", data, answers)


def _in_detail(which: str, data: LearningSet, answers: Answers) -> Iterator[Figure]:
    yield calibration_error(f"{which} calibration error of the class", answers.probabilities, data.labels)
    accepted = np.where(np.isnan(answers.unknown), np.nan, answers.unknown < UNKNOWN_THRESHOLD)
    yield mean_share(f"{which} accepted", accepted)
    for name, unknown in answers.strange.items():
        yield mean_share(f"{which} {name} told unknown", (unknown >= UNKNOWN_THRESHOLD).astype(float))
    for name, unknown in answers.strange.items():
        yield area(f"{which} AUROC of `unknown` against {name}", answers.unknown, unknown)


def _ask(data: LearningSet, shots: int, strange: Mapping[str, Features]) -> Answers:
    draws = draw_shots(data.labels, data.groups, shots=max(2, shots), draws=DRAWS, seed=0)
    probabilities = np.full((len(draws), len(data.labels), len(data.names)), np.nan)
    unknown = np.full(probabilities.shape[:2], np.nan)
    others = {name: np.zeros((len(draws), len(features))) for name, features in strange.items()}
    for number, draw in enumerate(draws):
        # A single photo a model leaves nothing to calibrate by: the second of each does that.
        known, spare = np.split(draw.known.reshape(-1, max(2, shots)), [shots], axis=1)
        classifier = taught(data, known.ravel(), spare.ravel())
        asked = data.features[draw.others, 0]
        probabilities[number, draw.others] = classifier.probabilities(asked)
        unknown[number, draw.others] = classifier.unknown(asked)
        for name, features in strange.items():
            others[name][number] = classifier.unknown(features)
    return Answers(probabilities=probabilities, unknown=unknown, strange=others)
