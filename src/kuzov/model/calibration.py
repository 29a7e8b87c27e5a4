"""From logits to probabilities that are true, and to `unknown`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax

from kuzov.model.head import Labels, Logits

Probabilities = npt.NDArray[np.float64]

# `unknown` is a logistic curve through the threshold, so its own threshold is the middle.
UNKNOWN_THRESHOLD = 0.5
ECE_BINS = 10
MAX_TEMPERATURE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Two numbers learned from out-of-fold logits.

    Attributes:
        temperature: Divides the logits (Guo et al., "On Calibration of Modern Neural Networks", 2017).
        least_margin: The margin under which a photo counts as unknown; see `margins`.
    """

    temperature: float
    least_margin: float

    def probabilities(self, logits: Logits) -> Probabilities:
        """Softmax of the divided logits, (N, C)."""
        return np.asarray(softmax(logits / self.temperature, axis=1))

    def unknown(self, logits: Logits) -> Probabilities:
        """How sure it is that a photo shows none of the classes, (N,) in 0..1; 0.5 at the threshold."""
        return np.asarray(1 / (1 + np.exp(margins(logits / self.temperature) - self.least_margin)))


def margins(logits: Logits) -> npt.NDArray[np.float64]:
    """Log odds of the most probable class against all others together, (N,)."""
    ordered = np.sort(logits, axis=1)
    return np.asarray(ordered[:, -1] - logsumexp(ordered[:, :-1], axis=1))


def calibrate(logits: Logits, labels: Labels, *, accepted_fraction: float) -> Calibration:
    """Learn the calibration from logits of photos that the head was not fitted on.

    Args:
        logits: Out-of-fold logits, (N, C).
        labels: True columns, (N,).
        accepted_fraction: Part of these photos that must not count as unknown.
    """
    # Few photos may all be right, and a softmax without a bound would then be the most likely one. Platt
    # ("Probabilistic Outputs for Support Vector Machines", 1999) leaves one photo of doubt in the targets.
    doubt = 1 / (len(labels) + 2)

    def loss(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        true = log_probabilities[np.arange(len(labels)), labels]
        others = (log_probabilities.sum(axis=1) - true) / (logits.shape[1] - 1)
        return -float(((1 - doubt) * true + doubt * others).mean())

    bounds = (-np.log(MAX_TEMPERATURE), np.log(MAX_TEMPERATURE))
    temperature = float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
    found = margins(logits / temperature)
    return Calibration(temperature=temperature, least_margin=float(np.quantile(found, 1 - accepted_fraction)))


def log_loss(logits: Logits, labels: Labels) -> float:
    """Mean negative log probability of the true class, in nats."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())


def expected_calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Mean gap between confidence and accuracy over ten bins of equally many photos, 0..1.

    Bins of equal mass, as with few photos bins of equal width are mostly empty (Nixon et al., "Measuring
    Calibration in Deep Learning", 2019).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(ECE_BINS, len(labels)))
    gaps = [len(rows) * abs(confidence[rows].mean() - right[rows].mean()) for rows in bins]
    return float(sum(gaps) / len(labels))
