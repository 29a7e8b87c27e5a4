"""Tensors between TensorFlow's TensorProto and numpy, by TensorFlow's rules.

The values of a TensorProto stand in `tensor_content`, or in the repeated field of its type. Such a field may
hold fewer values than the shape asks for: the last is repeated then, or zero where there is none. Values past
the shape are ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.wire import messages
from kuzov.wire.format import packed_field, read_varint
from kuzov.wire.messages import TensorProto, TensorShapeProto

Array = npt.NDArray[Any]

MAX_ELEMENTS = 2**31
MAX_REPEATED_BYTES = 2**30
"""How large a tensor may be whose message is smaller than itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the values of a type stand: as `stored` in `tensor_content`, or as `held` in the type's field.

    A complex number is two of the field's values.
    """

    stored: np.dtype[Any]
    field: str
    held: np.dtype[Any]


def _layout(stored: npt.DTypeLike, field: str, held: npt.DTypeLike) -> Layout:
    return Layout(stored=np.dtype(stored), field=field, held=np.dtype(held))


LAYOUTS: Mapping[int, Layout] = {
    messages.DT_FLOAT: _layout(np.float32, "float_val", np.float32),
    messages.DT_DOUBLE: _layout(np.float64, "double_val", np.float64),
    messages.DT_INT8: _layout(np.int8, "int_val", np.int32),
    messages.DT_INT16: _layout(np.int16, "int_val", np.int32),
    messages.DT_INT32: _layout(np.int32, "int_val", np.int32),
    messages.DT_UINT8: _layout(np.uint8, "int_val", np.int32),
    messages.DT_UINT16: _layout(np.uint16, "int_val", np.int32),
    messages.DT_INT64: _layout(np.int64, "int64_val", np.int64),
    messages.DT_UINT32: _layout(np.uint32, "uint32_val", np.uint32),
    messages.DT_UINT64: _layout(np.uint64, "uint64_val", np.uint64),
    messages.DT_BOOL: _layout(np.bool_, "bool_val", np.bool_),
    messages.DT_HALF: _layout(np.float16, "half_val", np.int32),
    messages.DT_BFLOAT16: _layout(np.uint16, "half_val", np.int32),
    messages.DT_COMPLEX64: _layout(np.complex64, "scomplex_val", np.float32),
    messages.DT_COMPLEX128: _layout(np.complex128, "dcomplex_val", np.float64),
}
"""Layouts by DataType. DT_STRING, whose values have no fixed size, has none."""

_DATA_TYPES = {layout.stored: dtype for dtype, layout in LAYOUTS.items() if dtype != messages.DT_BFLOAT16}


def to_numpy(proto: TensorProto) -> Array:
    """The array that a TensorProto means.

    Returns:
        A read-only view where the message has `tensor_content`. DT_STRING gives an object array of `bytes`,
        DT_BFLOAT16, which numpy lacks, float32.

    Raises:
        ValueError: The message is broken, or claims to be larger than is allowed; the text says how.
    """
    shape, size = shape_of(proto.tensor_shape)
    if proto.dtype == messages.DT_STRING:
        return _strings(proto, size).reshape(shape)
    layout = LAYOUTS.get(proto.dtype)
    if layout is None:
        raise ValueError(f"tensors of type {data_type_name(proto.dtype)} are not supported")
    content = proto.tensor_content
    if content and size:
        return from_content(proto.dtype, content, size).reshape(shape)
    values = from_field(proto.dtype, np.fromiter(getattr(proto, layout.field), layout.held))
    return _repeat_last(values, size).reshape(shape)


def from_numpy(array: Array, *, as_content: bool = False) -> TensorProto:
    """The TensorProto of an array.

    Args:
        array: Of any type that TensorFlow has too; objects are `bytes`.
        as_content: Whether the values go into `tensor_content`. Those of DT_STRING never do.

    Raises:
        ValueError: TensorFlow has no such type.
    """
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in array.shape])
    if array.dtype.kind in "OS":
        return TensorProto(dtype=messages.DT_STRING, tensor_shape=shape, string_val=array.ravel().tolist())
    dtype: int
    if array.dtype in _DATA_TYPES:
        dtype = _DATA_TYPES[array.dtype]
    elif array.dtype.name == "bfloat16":
        dtype, array = messages.DT_BFLOAT16, array.view(np.uint16)
    else:
        raise ValueError(f"TensorFlow has no type for arrays of {array.dtype}")
    proto = TensorProto(dtype=messages.DataType.Name(dtype), tensor_shape=shape)
    if as_content:
        proto.tensor_content = array.tobytes()
        return proto
    field = LAYOUTS[dtype].field
    if field in _PACKED_AS_STORED:
        # The bytes of the array are those of the field: protobuf reads them far faster than a list.
        proto.MergeFromString(packed_field(_PACKED_AS_STORED[field], array.tobytes()))
    else:
        bits = array.view(np.uint16) if field == "half_val" else array
        getattr(proto, field).extend(bits.ravel().tolist())
    return proto


_PACKED_AS_STORED = {
    name: TensorProto.DESCRIPTOR.fields_by_name[name].number
    for name in ("float_val", "double_val", "scomplex_val", "dcomplex_val", "bool_val")
}


def shape_of(proto: TensorShapeProto) -> tuple[tuple[int, ...], int]:
    """The sizes that a TensorShapeProto says, and the number of elements.

    Raises:
        ValueError: It is no shape of an array, or one of more than 2**31 elements.
    """
    if proto.unknown_rank:
        raise ValueError("the tensor has a shape of unknown rank")
    shape = tuple(dim.size for dim in proto.dim)
    if any(size < 0 for size in shape):
        raise ValueError(f"the shape {list(shape)} has a negative size")
    elements = math.prod(shape)
    if elements > MAX_ELEMENTS:
        raise ValueError(f"the shape {list(shape)} has more than {MAX_ELEMENTS} elements")
    return shape, elements


def from_content(dtype: int, content: bytes | memoryview, size: int) -> Array:
    """Values of a `tensor_content`, flat: `size` of them, at least 1.

    Raises:
        ValueError: They are not so many, or not of the type.
    """
    stored = LAYOUTS[dtype].stored
    if len(content) != size * stored.itemsize:
        raise ValueError(
            f"tensor_content has {len(content)} bytes, but the shape needs {size * stored.itemsize}"
        )
    if stored == np.bool_ and np.frombuffer(content, np.uint8).max() > 1:
        raise ValueError("tensor_content has bytes that are neither false nor true")
    return _widened(dtype, np.frombuffer(content, stored))


def from_field(dtype: int, held: Array) -> Array:
    """Values of a type's field, flat; integers may be of any type that wraps to the layout's `held`."""
    stored = LAYOUTS[dtype].stored
    if stored.kind == "c":
        return held[: len(held) // 2 * 2].view(stored)
    if stored == np.float16:
        return held.astype(np.uint16).view(np.float16)
    return _widened(dtype, held.astype(stored, copy=False))


def data_type_name(dtype: int) -> str:
    """TensorFlow's name of a DataType, DT_INVALID for a number that it does not have."""
    known = messages.DataType.DESCRIPTOR.values_by_number
    return known[dtype].name if dtype in known else "DT_INVALID"


def _widened(dtype: int, stored: Array) -> Array:
    if dtype != messages.DT_BFLOAT16:
        return stored
    return (stored.astype(np.uint32) << 16).view(np.float32)


def _repeat_last(values: Array, size: int) -> Array:
    if len(values) >= size:
        return values[:size]
    if size * values.itemsize > MAX_REPEATED_BYTES:
        raise ValueError(f"the tensor has {len(values)} values, but its shape has {size} elements")
    filled = np.zeros(size, values.dtype)
    filled[: len(values)] = values
    if len(values):
        filled[len(values) :] = values[-1]
    return filled


def _strings(proto: TensorProto, size: int) -> Array:
    content = proto.tensor_content
    strings = _split_strings(content, size) if content and size else list(proto.string_val)
    return _repeat_last(np.array(strings or [b""], np.object_), size)


def _split_strings(content: bytes, size: int) -> list[bytes]:
    """Strings in `tensor_content`: all their lengths, then all their bytes."""
    position, lengths = 0, []
    for _ in range(size):
        length, position = read_varint(content, position)
        lengths.append(length)
    strings = []
    for length in lengths:
        strings.append(content[position : position + length])
        position += length
    if position != len(content):
        raise ValueError(f"tensor_content has {len(content)} bytes, but its strings need {position}")
    return strings
