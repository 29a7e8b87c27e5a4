"""From logits to probabilities that are true."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kuzov.model.head import Labels, Logits
from kuzov.model.minimise import lowest
from kuzov.model.softmax import log_softmax, softmax

Probabilities = npt.NDArray[np.float64]

MAX_TEMPERATURE = 20.0


def probabilities(logits: Logits, temperature: float) -> Probabilities:
    """Softmax of the divided logits, (N, C)."""
    return softmax(logits / temperature)


def fit_temperature(logits: Logits, labels: Labels) -> float:
    """The divisor that makes the probabilities truest.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Args:
        logits: Of photos that the head was not fitted on, (N, C).
        labels: True columns, (N,).
    """
    # Few photos may all be right, and a softmax without a bound would then be the most likely one. Platt
    # ("Probabilistic Outputs for Support Vector Machines", 1999) leaves one photo of doubt in the targets.
    doubt = 1 / (len(labels) + 2)

    def loss(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature))
        true = log_probabilities[np.arange(len(labels)), labels]
        others = (log_probabilities.sum(axis=1) - true) / (logits.shape[1] - 1)
        return -float(((1 - doubt) * true + doubt * others).mean())

    return float(np.exp(lowest(loss, -np.log(MAX_TEMPERATURE), np.log(MAX_TEMPERATURE), within=1e-5)))


def log_loss(logits: Logits, labels: Labels) -> float:
    """Mean negative log probability of the true class, in nats."""
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())
