"""Classification and regression: which signatures do it, and what their outputs say of each example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import invalid
from kuzov.records import Signature

PREDICT = "tensorflow/serving/predict"
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
INPUTS = "inputs"
CLASSES, SCORES, OUTPUTS = "classes", "scores", "outputs"

Tensor = npt.NDArray[Any]


def example_tensor(examples: Sequence[bytes]) -> dict[str, Tensor]:
    """At least one serialized tensorflow.Example message as a signature's one input, a DT_STRING vector."""
    if not examples:
        raise invalid("Input is empty.")
    tensor = np.empty(len(examples), np.object_)
    tensor[:] = examples
    return {INPUTS: tensor}


def check_classifies(name: str, signature: Signature) -> None:
    """Raise INVALID, in TensorFlow Serving's words, unless a signature classifies examples."""
    _check_one_input(signature)
    if len(signature.outputs) not in {1, 2}:
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if INPUTS not in signature.inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {_show(name, signature)}")
    if not signature.outputs.keys() & {CLASSES, SCORES}:
        raise invalid(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Signature was: {_show(name, signature)}"
        )


def check_regresses(name: str, signature: Signature) -> None:
    """Raise INVALID, in TensorFlow Serving's words, unless a signature gives each example a number."""
    _check_one_input(signature)
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if INPUTS not in signature.inputs:
        raise invalid(f"No regression inputs found in SignatureDef: {_show(name, signature)}")
    if OUTPUTS not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {_show(name, signature)}")


CHECKS: Mapping[str, Callable[[str, Signature], None]] = {
    CLASSIFY: check_classifies,
    REGRESS: check_regresses,
}


def classifications(outputs: Mapping[str, Tensor], examples: int) -> list[list[tuple[bytes, float]]]:
    """For each of N examples its classes, as pairs of label and score; "" and 0 where the model gives none.

    Raises INVALID where `classes` is not (N, K) DT_STRING, or `scores` not (N, K) float32; one may be absent.
    """
    classes, scores = outputs.get(CLASSES), outputs.get(SCORES)
    if classes is not None:
        _check_matrix(classes, examples)
        if classes.dtype.kind not in "OS":
            raise invalid(f"Expected classes Tensor of DT_STRING. Got: {_dtype(classes)}")
    if scores is not None:
        _check_matrix(scores, examples)
        if scores.dtype != np.float32:
            raise invalid(f"Expected scores Tensor of DT_FLOAT. Got: {_dtype(scores)}")
    if classes is not None and scores is not None and classes.shape != scores.shape:
        raise invalid(
            f"Tensors class and score should match in num_classes. Expected: {classes.shape[1]} "
            f"Got: {scores.shape[1]}"
        )
    columns = (classes if classes is not None else scores).shape[1] if outputs else 0  # type: ignore[union-attr]
    labels = [[b""] * columns] * examples if classes is None else classes.tolist()
    numbers = [[0.0] * columns] * examples if scores is None else scores.tolist()
    return [list(zip(*row, strict=True)) for row in zip(labels, numbers, strict=True)]


def regressions(outputs: Mapping[str, Tensor], examples: int) -> list[float]:
    """For each of N examples its number; raises INVALID unless `outputs` is float32 (N,) or (N, 1)."""
    tensor = outputs[OUTPUTS]
    if tensor.ndim != 1 and not (tensor.ndim == 2 and tensor.shape[1] == 1):
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{list(tensor.shape)}"
        )
    if len(tensor) != examples:
        raise invalid(f"Input batch size did not match output batch size: {examples} vs. {len(tensor)}")
    if tensor.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT. Got: {_dtype(tensor)}")
    numbers: list[float] = tensor.reshape(-1).tolist()
    return numbers


def _check_one_input(signature: Signature) -> None:
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")


def _check_matrix(tensor: Tensor, examples: int) -> None:
    if tensor.ndim != 2:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {list(tensor.shape)}")
    if len(tensor) != examples:
        raise invalid(f"Input batch size did not match output batch size: {examples} vs. {len(tensor)}")


def _dtype(tensor: Tensor) -> str:
    return "string" if tensor.dtype.kind in "OS" else tensor.dtype.name


def _show(name: str, signature: Signature) -> str:
    return (
        f"{name}, inputs {{{', '.join(sorted(signature.inputs))}}}, "
        f"outputs {{{', '.join(sorted(signature.outputs))}}}, method_name {signature.method_name!r}"
    )
