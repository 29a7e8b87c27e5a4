from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from kuzov.errors import RequestError
from kuzov.records import Signature, TensorSpec
from kuzov.serve.examples import (
    CLASSIFY,
    check_classifies,
    classifications,
    regressions,
)
from tests.errors import raises

LABELS = np.array([[b"sedan", b"suv"], [b"suv", b"sedan"]], np.object_)
SCORES = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)


def signature(inputs: str, outputs: str, method: str = CLASSIFY) -> Signature:
    def specs(names: str) -> dict[str, TensorSpec]:
        return {name: TensorSpec(dtype="DT_FLOAT", shape=(-1, 1), name=f"{name}:0") for name in names.split()}

    return Signature(inputs=specs(inputs), outputs=specs(outputs), method_name=method)


@pytest.mark.parametrize(
    ("inputs", "outputs", "error"),
    [
        ("a b", "scores", "Expected one input Tensor."),
        ("inputs", "a b c", "Expected one or two output Tensors, found 3"),
    ],
)
def test_signatures_that_do_not_classify(inputs: str, outputs: str, error: str) -> None:
    # The other reasons, and those of regression, are cases of the table in tests/conformance.
    with raises(RequestError, error):
        check_classifies("s", signature(inputs, outputs))


@pytest.mark.parametrize(
    ("outputs", "results"),
    [
        (
            {"classes": LABELS, "scores": SCORES},
            [[(b"sedan", 0.75), (b"suv", 0.25)], [(b"suv", 0.5), (b"sedan", 0.5)]],
        ),
        ({"scores": SCORES}, [[(b"", 0.75), (b"", 0.25)], [(b"", 0.5), (b"", 0.5)]]),
        ({"classes": LABELS}, [[(b"sedan", 0.0), (b"suv", 0.0)], [(b"suv", 0.0), (b"sedan", 0.0)]]),
    ],
)
def test_classes_of_each_example(
    outputs: Mapping[str, npt.NDArray[np.object_]], results: list[list[tuple[bytes, float]]]
) -> None:
    assert classifications(outputs, 2) == results


@pytest.mark.parametrize(
    ("outputs", "error"),
    [
        ({"scores": SCORES[0]}, "Expected Tensor shape: [batch_size num_classes] but got [2]"),
        ({"scores": SCORES[:1]}, "Input batch size did not match output batch size: 2 vs. 1"),
        ({"scores": LABELS}, "Expected scores Tensor of DT_FLOAT. Got: string"),
        ({"classes": SCORES}, "Expected classes Tensor of DT_STRING. Got: float32"),
        (
            {"classes": LABELS, "scores": SCORES[:, :1]},
            "Tensors class and score should match in num_classes. Expected: 2 Got: 1",
        ),
    ],
)
def test_outputs_that_are_no_classes(outputs: Mapping[str, npt.NDArray[np.object_]], error: str) -> None:
    with raises(RequestError, error):
        classifications(outputs, 2)


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_the_number_of_each_example(shape: tuple[int, ...]) -> None:
    assert regressions({"outputs": np.array([1.5, 2], np.float32).reshape(shape)}, 2) == [1.5, 2.0]


@pytest.mark.parametrize(
    ("outputs", "error"),
    [
        (
            np.zeros((2, 2), np.float32),
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2, 2]",
        ),
        (np.zeros(1, np.float32), "Input batch size did not match output batch size: 2 vs. 1"),
        (np.zeros(2, np.int32), "Expected output Tensor of DT_FLOAT. Got: int32"),
    ],
)
def test_outputs_that_are_no_numbers(outputs: npt.NDArray[np.object_], error: str) -> None:
    with raises(RequestError, error):
        regressions({"outputs": outputs}, 2)
