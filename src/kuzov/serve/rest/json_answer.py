"""Answers, and the tensors in them, as the JSON text that TensorFlow Serving writes."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import invalid
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.rest.json_request import Form

Outputs = Mapping[str, npt.NDArray[Any]]

_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def predict_json(outputs: Outputs, form: Form) -> bytes:
    """The answer to a predict request: `{"predictions": …}` or `{"outputs": …}`.

    Raises:
        RequestError: INVALID: JSON can't carry the type of an output, or rows are of different numbers.
    """
    if form is Form.ROW:
        _check_rows(outputs)
        columns = {name: rows_json(name, output) for name, output in outputs.items()}
        rows = (_members(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))
        answer = f"[{', '.join(rows)}]"
    else:
        answer = _members({name: tensor_json(name, output) for name, output in outputs.items()})
    return f'{{"{form.value}": {answer}}}'.encode()


def classify_json(results: Sequence[Sequence[tuple[bytes, float]]]) -> bytes:
    """The answer to a classify request: for each example its classes, as pairs of label and score."""
    scores = iter(floats_json(np.array([score for classes in results for _, score in classes], np.float32)))
    examples = (
        ", ".join(f"[{text_json(label)}, {next(scores)}]" for label, _ in classes) for classes in results
    )
    return _results(f"[{classes}]" for classes in examples)


def regress_json(results: Sequence[float]) -> bytes:
    """The answer to a regress request: for each example its number."""
    return _results(floats_json(np.array(results, np.float32)))


def error_json(message: str) -> bytes:
    """The body of every error answer."""
    # A message may quote a stray surrogate of the request; escaped, it can always be sent.
    return json.dumps({"error": message}).encode()


def status_json(statuses: Sequence[VersionStatus]) -> bytes:
    """The answer to a status request."""
    return object_json({"model_version_status": [version_status(each) for each in statuses]})


def version_status(status: VersionStatus) -> dict[str, object]:
    """The state of a version, as a JSON object."""
    return {
        "version": str(status.version),
        "state": status.state,
        "status": {"error_code": status.error_code, "error_message": status.error_message},
    }


def object_json(value: Mapping[str, Any]) -> bytes:
    """A JSON object as the body of an answer."""
    return json.dumps(value, ensure_ascii=False).encode()


def _check_rows(outputs: Outputs) -> None:
    rows: int | None = None
    for name, output in outputs.items():
        if output.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if rows is not None and rows != len(output):
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {len(output)} expecting: {rows}")
        rows = len(output)


def _members(texts: Mapping[str, str]) -> str:
    """The value of the only output, or an object of several."""
    if len(texts) == 1:
        [text] = texts.values()
        return text
    members = (f"{_quoted(name)}: {text}" for name, text in texts.items())
    return f"{{{', '.join(members)}}}"


def _results(examples: Iterable[str]) -> bytes:
    return f'{{"results": [{", ".join(examples)}]}}'.encode()


def rows_json(name: str, tensor: npt.NDArray[Any]) -> list[str]:
    """Each row of a tensor, whose rank is at least 1; bytes are base64 where its name ends in "_bytes"."""
    return _nested(_texts(name, tensor), tensor.shape, 1)


def tensor_json(name: str, tensor: npt.NDArray[Any]) -> str:
    """A whole tensor; otherwise as `rows_json`."""
    [text] = _nested(_texts(name, tensor), tensor.shape, 0)
    return text


def floats_json(numbers: npt.NDArray[np.floating[Any]]) -> list[str]:
    """Numbers as JSON, of six digits where those tell the number exactly, else of as many as any may need."""
    flat = numbers.ravel()
    texts = _formatted("%g", flat)
    read = np.array([float(text) for text in texts], np.float64)
    digits = "%.9g" if flat.dtype == np.float32 else "%.17g"
    inexact = np.flatnonzero(read.astype(flat.dtype) != flat)
    for index, text in zip(inexact.tolist(), _formatted(digits, flat[inexact]), strict=True):
        texts[index] = text
    return [
        text if "." in text or "e" in text else _NOT_FINITE.get(text) or f"{text}.0"  # without it, an integer
        for text in texts
    ]


def _formatted(conversion: str, flat: npt.NDArray[np.floating[Any]]) -> list[str]:
    # One call for all of them: that is three times quicker than one for each.
    return (f"{conversion} " * flat.size % tuple(flat.tolist())).split()


def _texts(name: str, tensor: npt.NDArray[Any]) -> list[str]:
    """Each element of a tensor as JSON, in row-major order."""
    if tensor.dtype in (np.float32, np.float64):
        return floats_json(tensor)
    values = tensor.ravel().tolist()
    match tensor.dtype.kind:
        case "O" if name.endswith("_bytes"):
            return [f'{{"b64": "{base64_text(value)}"}}' for value in values]
        case "O":
            return [text_json(value) for value in values]
        case "b":
            return ["true" if value else "false" for value in values]
        case "i" | "u":
            return list(map(str, values))
    type_name = "half" if tensor.dtype == np.float16 else tensor.dtype.name
    raise invalid(f"Failed to write JSON value for tensor type: {type_name}")


def text_json(value: bytes) -> str:
    """A string tensor's element."""
    # TensorFlow Serving sends broken UTF-8 as it is, which strict JSON parsers refuse.
    return _quoted(value.decode("utf-8", "replace"))


def base64_text(value: bytes) -> str:
    """Bytes in base64."""
    return base64.b64encode(value).decode("ascii")


def _nested(texts: Sequence[str], shape: tuple[int, ...], axis: int) -> list[str]:
    """The texts in lists, as deep as the shape is from an axis on."""
    for level in range(len(shape) - 1, axis - 1, -1):
        size = shape[level]
        starts = [index * size for index in range(math.prod(shape[:level]))]
        texts = [f"[{', '.join(texts[start : start + size])}]" for start in starts]
    return list(texts)
