import numpy as np
from scipy import special

from kuzov.model.softmax import log_softmax, log_sum_exp, sigmoid, softmax

ROWS = np.array([[0.0, 1, 2], [-1e6, 1e6, 0], [3, 3, 3], [-800, -801, -802]])


def test_exponents_of_any_size_are_those_of_scipy() -> None:
    np.testing.assert_allclose(log_sum_exp(ROWS), special.logsumexp(ROWS, axis=1))
    np.testing.assert_allclose(log_softmax(ROWS), special.log_softmax(ROWS, axis=1))
    np.testing.assert_allclose(softmax(ROWS), special.softmax(ROWS, axis=1), atol=1e-12)
    np.testing.assert_allclose(sigmoid(ROWS), special.expit(ROWS), atol=1e-12)
