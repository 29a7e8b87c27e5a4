"""What stands on the backbone: from features to probabilities and to `unknown`."""

from __future__ import annotations

from dataclasses import dataclass

from kuzov.model.atlas import Atlas
from kuzov.model.calibration import Probabilities, probabilities
from kuzov.model.calibrator import Array, Calibrator
from kuzov.model.familiarity import Prototypes
from kuzov.model.head import Features, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A head with its temperature, and prototypes with their calibrator.

    Attributes:
        head: On the directions of the features.
        temperature: Divides the head's logits.
        prototypes: Of the classes and of other models.
        calibrator: From what the prototypes measure to `unknown`.
        atlas: The models that the backbone knows by itself; None where it knows none.
    """

    head: Head
    temperature: float
    prototypes: Prototypes
    calibrator: Calibrator
    atlas: Atlas | None = None

    def probabilities(self, features: Features) -> Probabilities:
        """Of each class, (N, C), for features (N, D) as the backbone gives them."""
        return probabilities(self.head.logits(features), self.temperature)

    def unknown(self, features: Features) -> Array:
        """How sure it is that a photo shows none of the classes, (N,) in 0..1; 0.5 at the threshold."""
        return self.calibrator.unknown(self.prototypes.measures(features))
