"""Tensors as the JSON text that TensorFlow Serving writes."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import invalid

quoted = json.JSONEncoder(ensure_ascii=False).encode
"""A string as JSON, with its quotes."""


def rows_json(name: str, tensor: npt.NDArray[Any]) -> list[str]:
    """Each row of a tensor, whose rank is at least 1, as JSON.

    Args:
        name: The output's name; bytes are written as base64 where it ends in "_bytes".
        tensor: The output.

    Raises:
        RequestError: INVALID: JSON can't carry a tensor of this type.
    """
    return _nested(_texts(name, tensor), tensor.shape, 1)


def tensor_json(name: str, tensor: npt.NDArray[Any]) -> str:
    """A whole tensor as JSON; otherwise as `rows_json`."""
    [text] = _nested(_texts(name, tensor), tensor.shape, 0)
    return text


def floats_json(numbers: npt.NDArray[np.floating[Any]]) -> list[str]:
    """Numbers as JSON, of six digits where those tell the number exactly, else of as many as any may need.

    Args:
        numbers: float32 or float64 of any shape; read in row-major order.
    """
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


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


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
    """A string tensor's element as a JSON string."""
    # TensorFlow Serving sends broken UTF-8 as it is, which strict JSON parsers refuse.
    return quoted(value.decode("utf-8", "replace"))


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
