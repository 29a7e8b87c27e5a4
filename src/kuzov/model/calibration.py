"""From logits to probabilities that are true."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from kuzov.model.head import Labels, Logits

Probabilities = npt.NDArray[np.float64]

MAX_TEMPERATURE = 20.0


def probabilities(logits: Logits, temperature: float) -> Probabilities:
    """Softmax of the divided logits, (N, C)."""
    return np.asarray(softmax(logits / temperature, axis=1))


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
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        true = log_probabilities[np.arange(len(labels)), labels]
        others = (log_probabilities.sum(axis=1) - true) / (logits.shape[1] - 1)
        return -float(((1 - doubt) * true + doubt * others).mean())

    bounds = (-np.log(MAX_TEMPERATURE), np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def log_loss(logits: Logits, labels: Labels) -> float:
    """Mean negative log probability of the true class, in nats."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
