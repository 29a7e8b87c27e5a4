"""A car from behind, where only its front and its side were shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.wild.figure import Figure, share
from benchmarks.wild.recognisers import learning_set, taught

ASKED = "rear"


def measure(wild: Path) -> Iterator[Figure]:
    """Of each model all photos are learned but the one from behind, which is asked about."""
    data = learning_set(wild / "views")
    behind = np.array([photo.path.stem == ASKED for photo in data.photos])
    classifier = taught(data, np.flatnonzero(~behind))
    probabilities, labels = classifier.probabilities(data.features[behind, 0]), data.labels[behind]
    true = probabilities[np.arange(len(labels)), labels]
    above = (probabilities > true[:, np.newaxis]).sum(axis=1)
    yield share("right", above == 0)
    yield share("right among the first five", above < 5)
