"""A PredictRequest whose large tensors are not copied.

Protobuf takes milliseconds to hand the hundreds of thousands of values of one image over to numpy, one by
one. But on the wire they stand as numpy would have them: they are cut out before protobuf sees the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from kuzov.wire.format import LENGTH_DELIMITED, fields, packed_field, packed_varints
from kuzov.wire.messages import PredictRequest, TensorProto
from kuzov.wire.tensors import LAYOUTS, from_content, from_field, shape_of

WORTH_CUTTING_BYTES = 2048

_INPUTS = PredictRequest.DESCRIPTOR.fields_by_name["inputs"].number
_KEY, _VALUE = 1, 2  # of every map's entries
_ENTRY = [(_KEY, LENGTH_DELIMITED), (_VALUE, LENGTH_DELIMITED)]
_VALUE_FIELDS: Mapping[int, str] = {
    TensorProto.DESCRIPTOR.fields_by_name[name].number: name
    for name in ("tensor_content", *(layout.field for layout in LAYOUTS.values()))
}
_HEAD_FIELDS = frozenset(
    TensorProto.DESCRIPTOR.fields_by_name[name].number for name in ("dtype", "tensor_shape", "version_number")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payload:
    """The only values of a tensor: which field they are, and where they stand in the request."""

    field: str
    start: int
    end: int


def lift_tensors(message: bytes) -> tuple[PredictRequest, dict[str, npt.NDArray[Any]]]:
    """Parse a serialized PredictRequest, and lift its large tensors out of it, by input name.

    In the request they lack their values. They are read-only views of the message wherever the wire holds the
    values as numpy does, and need not be aligned. All other tensors, also those that make no sense, are left.

    Raises:
        google.protobuf.message.DecodeError: It is no PredictRequest.
    """
    if len(message) >= WORTH_CUTTING_BYTES:
        try:
            remainder, payloads = _cut(message)
            request = PredictRequest.FromString(remainder)
            return request, {
                name: _array(message, request.inputs[name], payload) for name, payload in payloads.items()
            }
        except (ValueError, DecodeError):
            pass  # broken, or unusual: protobuf's business
    return PredictRequest.FromString(message), {}


def _cut(message: bytes) -> tuple[bytes, dict[str, _Payload]]:
    """The message without its payloads, and they by input name."""
    remainder: list[bytes] = []
    payloads: dict[str, _Payload] = {}
    names: set[str] = set()
    for number, wire_type, begin, value, end in fields(message, 0, len(message)):
        if number != _INPUTS or wire_type != LENGTH_DELIMITED:
            remainder.append(message[begin:end])
            continue
        name, tensor_start, tensor_end = _entry(message, value, end)
        if name in names:
            raise ValueError("an input stands there twice")
        names.add(name)
        head, payload = _tensor(message, tensor_start, tensor_end)
        if payload is None:
            remainder.append(message[begin:end])
            continue
        payloads[name] = payload
        entry = packed_field(_KEY, name.encode()) + packed_field(_VALUE, head)
        remainder.append(packed_field(_INPUTS, entry))
    return b"".join(remainder), payloads


def _entry(message: bytes, start: int, end: int) -> tuple[str, int, int]:
    """An input's name, and where its tensor stands."""
    found = [
        (number, wire_type, value, after)
        for number, wire_type, _, value, after in fields(message, start, end)
    ]
    if [(number, wire_type) for number, wire_type, _, _ in found] != _ENTRY:
        raise ValueError("an input is not written as its name and its tensor")
    (_, _, name_start, name_end), (_, _, tensor_start, tensor_end) = found
    return message[name_start:name_end].decode(), tensor_start, tensor_end


def _tensor(message: bytes, start: int, end: int) -> tuple[bytes, _Payload | None]:
    """A tensor without its values, and they, if they are large and stand in one field."""
    head: list[bytes] = []
    payload: _Payload | None = None
    if end - start < WORTH_CUTTING_BYTES:
        return b"", None
    for number, wire_type, begin, value, after in fields(message, start, end):
        if number in _HEAD_FIELDS:
            head.append(message[begin:after])
        elif number in _VALUE_FIELDS and wire_type == LENGTH_DELIMITED and payload is None:
            payload = _Payload(field=_VALUE_FIELDS[number], start=value, end=after)
        else:
            return b"", None
    return b"".join(head), payload


def _array(message: bytes, proto: TensorProto, payload: _Payload) -> npt.NDArray[Any]:
    layout = LAYOUTS.get(proto.dtype)
    shape, size = shape_of(proto.tensor_shape)
    values = memoryview(message)[payload.start : payload.end]
    if layout is not None and payload.field == "tensor_content" and size:
        return from_content(proto.dtype, values, size).reshape(shape)
    if layout is None or payload.field != layout.field:
        raise ValueError("the values are not those of the type")
    held = np.frombuffer(values, layout.held) if layout.held.kind == "f" else packed_varints(values)
    return from_field(proto.dtype, held).reshape(shape)  # values that are not as many are a ValueError
