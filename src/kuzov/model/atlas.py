"""The atlas: which of the car models that the backbone knows a photo shows, whatever the user's classes are.

Each model has a prototype, and a photo goes to each by its cosine. "None of them" stands beside the models
with a score that never changes, so what is near to no prototype is no model's. Where the score and the scale
of the cosines come from is told in docs/adr/0019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kuzov.model.calibrator import Array
from kuzov.model.familiarity import Discriminants
from kuzov.model.head import Features, directions
from kuzov.model.softmax import softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """Prototypes of M models, on K axes.

    Attributes:
        models: Their ids, as in kuzov/atlas/models.csv.
        discriminants: The axes.
        prototypes: (K, M) float32, columns of length 1.
        scale: Of the cosines.
        stranger: The score of "none of them", in the unit of the scaled cosines.
    """

    models: tuple[str, ...]
    discriminants: Discriminants
    prototypes: npt.NDArray[np.float32]
    scale: float
    stranger: float

    def probabilities(self, features: Features) -> Array:
        """Of each model, (N, M), for features (N, D); what a row lacks to 1 is that it is none of them."""
        cosines = self.discriminants.project(directions(features)) @ self.prototypes
        scores = np.hstack([self.scale * cosines, np.full((len(cosines), 1), self.stranger)])
        return softmax(scores.astype(np.float64))[:, :-1]
