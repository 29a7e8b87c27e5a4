"""JSON values to tensors, and what is wrong with the values that are none.

A value is flattened level by level: that is quick for the long regular lists that images are, and does not
recurse. Only a value that fails is walked once more, one number after the other, to say where it fails.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import NUMPY_DTYPES, STRING_DTYPE
from kuzov.errors import ErrorCode, RequestError, invalid
from kuzov.serve.rest.json_text import double, quote, type_name

Tensor = npt.NDArray[Any]

MAX_RANK = 32  # what NumPy 1 can hold

FLOATS = frozenset({"DT_FLOAT", "DT_DOUBLE"})
INTEGERS = frozenset({"DT_INT8", "DT_INT16", "DT_INT32", "DT_INT64", "DT_UINT8", "DT_UINT32", "DT_UINT64"})

_NUMBER, _WHOLE = frozenset({int, float}), frozenset({int})
_JSON_TYPES: Mapping[str, frozenset[type]] = {
    **dict.fromkeys(FLOATS, _NUMBER),
    **dict.fromkeys(INTEGERS, _WHOLE),
    "DT_BOOL": frozenset({bool}),
    STRING_DTYPE: frozenset({str, dict}),
}
# TensorFlow Serving reads the small integers as int32 and casts them down unchecked: 300 is 44 as a uint8.
_READ_AS: Mapping[str, type[np.integer[Any] | np.bool_]] = {
    **dict.fromkeys(("DT_INT8", "DT_INT16", "DT_INT32", "DT_UINT8"), np.int32),
    "DT_INT64": np.int64,
    "DT_UINT32": np.uint32,
    "DT_UINT64": np.uint64,
    "DT_BOOL": np.bool_,
}


def regular_tensor(value: Any, dtype: str) -> Tensor | None:
    """The tensor that a JSON value is, of the shape that the JSON has; None where it is none.

    `check_value` says why. Strings may be `{"b64": …}` objects.

    Raises:
        RequestError: INVALID where a string can't be decoded.
    """
    shape: list[int] = []
    level = [value]
    while level and type(level[0]) is list:
        if set(map(type, level)) != {list} or len(set(map(len, level))) != 1:
            return None
        shape.append(len(level[0]))
        level = list(chain.from_iterable(level))
    flat = _flat_tensor(level, dtype) if len(shape) <= MAX_RANK else None
    return None if flat is None else flat.reshape(shape)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape that a value should have, judged by the first element at each level."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def check_value(value: Any, shape: tuple[int, ...], dtype: str, *, level: int = 0) -> int:
    """Count a value's elements, one after the other.

    Raises:
        RequestError: The first element that does not fit the shape or the type, in TensorFlow Serving's
            words: INVALID, or UNIMPLEMENTED for a type that JSON can't carry.
    """
    rank = len(shape)
    if rank > MAX_RANK:
        raise invalid(f"Lists are nested {rank} deep, but a tensor has at most {MAX_RANK} dimensions.")
    if not isinstance(value, list):
        if level != rank:
            raise invalid(
                f"JSON Value: {quote(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {rank}"
            )
        _check_scalar(value, dtype)
        return 1
    if level >= rank:
        raise invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    count = 0
    for each in value:
        count += check_value(each, shape, dtype, level=level + 1)
    return count


def fits(value: int, dtype: str) -> bool:
    """Whether a whole number can be read as an integer type."""
    limits = np.iinfo(np.dtype(_READ_AS[dtype]))
    return int(limits.min) <= value <= int(limits.max)


def to_dtype(numbers: npt.NDArray[Any], dtype: str) -> Tensor:
    """A tensor of numbers that fit: one that is too big for a float is infinite."""
    with np.errstate(over="ignore"):
        return numbers.astype(NUMPY_DTYPES[dtype])


def is_base64_object(value: Any) -> bool:
    """Whether a value is `{"b64": "…"}`, the only key and its value a string: bytes, not a named input."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def string_bytes(value: Any) -> bytes:
    """The bytes of a JSON string or a `{"b64": …}` object; INVALID where there are none."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error
    if not is_base64_object(value):
        raise invalid(f"JSON Value: {quote(value)} not formatted correctly for base64 data")
    try:
        return binascii.a2b_base64(value["b64"], strict_mode=True)
    except ValueError:  # it may be in lines, or have no padding
        text = "".join(value["b64"].split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise invalid("Unable to base64 decode") from error


def _flat_tensor(values: list[Any], dtype: str) -> Tensor | None:
    types = _JSON_TYPES.get(dtype)
    if types is None or not types.issuperset(map(type, values)):
        return None
    if dtype == STRING_DTYPE:
        strings = np.empty(len(values), np.object_)
        strings[:] = [string_bytes(value) for value in values]
        return strings
    if types is _WHOLE and not (fits(min(values, default=0), dtype) and fits(max(values, default=0), dtype)):
        return None
    try:
        read = np.array(values, _READ_AS.get(dtype, np.float64))
    except OverflowError:  # an integer too big for a double
        return None
    return to_dtype(read, dtype)


def _check_scalar(value: Any, dtype: str) -> None:
    types = _JSON_TYPES.get(dtype)
    name = dtype.removeprefix("DT_").lower()
    if types is None and not isinstance(value, dict):
        text = f"Conversion of JSON Value: {quote(value)} to type: {name}"
        raise RequestError(ErrorCode.UNIMPLEMENTED, text)
    if types is None or type(value) not in types or (types is _WHOLE and not fits(value, dtype)):
        raise invalid(f"JSON Value: {quote(value)} Type: {type_name(value)} is not of expected type: {name}")
    if dtype == STRING_DTYPE:
        string_bytes(value)
    elif types is _NUMBER:
        double(value)
