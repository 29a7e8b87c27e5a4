"""The quick way to read a predict request whose tensors are nothing but numbers.

A photo in JSON is some 200,000 numbers. simdjson turns them into one flat array without a Python object for
each. How the lists are nested is lost that way; so the brackets and commas of the text are compared with
those that a regular tensor has. Only a request that is plain in every way is read here: any other is left to
Python's parser, and to the code that finds words for what is wrong with it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import simdjson

from kuzov.records import TensorSpec
from kuzov.serve.rest.json_tensors import FLOATS, INTEGERS, MAX_RANK, Tensor, fits, to_dtype

MAX_KEPT_BYTES = 4 * 1024 * 1024  # a parser keeps several times the size of the largest text that it has read
MIN_ROW_BYTES = 1000  # Python's parser is quicker for objects that are shorter

_KEYS = (["instances"], ["inputs"], ["instances", "signature_name"], ["inputs", "signature_name"])
_STRUCTURE = b"[]{},"
_NO_STRUCTURE = bytes(set(range(256)).difference(_STRUCTURE))
# simdjson holds the interpreter while it parses, so more parsers are seldom at work at once.
_idle: deque[simdjson.Parser] = deque(maxlen=4)


class NumberRequest:
    """A parsed request whose values, in "instances" if `in_rows` or else "inputs", are in the parser yet."""

    __slots__ = ("_body", "_keys", "_parser", "_values", "in_rows", "signature_name")

    def __init__(self, body: bytes, parser: simdjson.Parser, document: simdjson.Object) -> None:
        self._body = body
        self._parser = parser
        self._keys = list(document)
        self.in_rows = "instances" in self._keys
        name = document.get("signature_name", "")
        if not isinstance(name, str) or _has_structure(name):
            raise _UnusualError
        self.signature_name = name
        self._values: Any = document["instances" if self.in_rows else "inputs"]

    def tensors(self, specs: Mapping[str, TensorSpec]) -> dict[str, Tensor] | None:
        """A tensor for every input, to be asked for once; None if these are no lists of fitting numbers."""
        values, self._values = self._values, None
        try:
            found = self._read(values, specs)
        except (_UnusualError, TypeError, ValueError):  # the latter two are simdjson's for an unfitting value
            found = None
        del values
        _keep(self._parser, self._body)
        if found is None:
            return None
        tensors, structure = found
        expected = b",".join(b"" if key == "signature_name" else structure for key in self._keys)
        return tensors if self._body.translate(None, _NO_STRUCTURE) == b"{" + expected + b"}" else None

    def _read(self, values: Any, specs: Mapping[str, TensorSpec]) -> tuple[dict[str, Tensor], bytes]:
        longest = len(self._body)
        if isinstance(values, simdjson.Object) and not self.in_rows:
            return _read_object(values, specs, longest)
        if not isinstance(values, simdjson.Array) or not len(values):
            raise _UnusualError
        if self.in_rows and isinstance(values[0], simdjson.Object):
            return _read_rows(values, specs, longest)
        if len(specs) != 1:
            raise _UnusualError
        [(name, spec)] = specs.items()
        tensor, structure = _read_lists(values, spec.dtype, longest)
        return {name: tensor}, structure


def read_numbers(body: bytes) -> NumberRequest | None:
    """Parse a request; None where it is not plain enough for this.

    A request that is read here is one that `json_text.parse_object` reads, and means the same.
    """
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    try:
        document = parser.parse(body)
        if isinstance(document, simdjson.Object) and len(document) <= 2 and sorted(document) in _KEYS:
            return NumberRequest(body, parser, document)
        del document
    except (_UnusualError, ValueError):  # the latter is simdjson's for what is not strict JSON
        pass
    except (RuntimeError, MemoryError):  # a value still refers to the parser, or there is no room
        return None
    _keep(parser, body)
    return None


def _keep(parser: simdjson.Parser, body: bytes) -> None:
    """Keep a parser, to which no value refers any more, for the next request."""
    if len(body) <= MAX_KEPT_BYTES:
        _idle.append(parser)


class _UnusualError(Exception):
    """This request is for the slower parser."""


def _read_rows(
    rows: simdjson.Array, specs: Mapping[str, TensorSpec], longest: int
) -> tuple[dict[str, Tensor], bytes]:
    """The tensors of rows that name every input, and their brackets and commas."""
    if len(rows) * MIN_ROW_BYTES > longest:
        raise _UnusualError
    tensors: dict[str, list[Tensor]] = {name: [] for name in specs}
    structures: list[bytes] = []
    for row in rows:
        found, structure = _read_object(row, specs, longest)
        longest -= len(structure)
        structures.append(structure)
        for name, tensor in found.items():
            tensors[name].append(tensor)
    stacked = {name: np.stack(each) for name, each in tensors.items()}
    return stacked, b"[" + b",".join(structures) + b"]"


def _read_object(
    values: Any, specs: Mapping[str, TensorSpec], longest: int
) -> tuple[dict[str, Tensor], bytes]:
    """The tensors of an object that names every input, and its brackets and commas."""
    if not isinstance(values, simdjson.Object) or len(values) != len(specs):
        raise _UnusualError
    if sorted(values) != sorted(specs) or any(map(_has_structure, specs)):
        raise _UnusualError
    tensors: dict[str, Tensor] = {}
    structures: list[bytes] = []
    for name in values:
        tensors[name], structure = _read_lists(values[name], specs[name].dtype, longest)
        structures.append(structure)
    return tensors, b"{" + b",".join(structures) + b"}"


def _read_lists(values: Any, dtype: str, longest: int) -> tuple[Tensor, bytes]:
    """The tensor that lists of numbers should be, by their first elements, and its brackets and commas."""
    shape: list[int] = []
    inner = values
    while isinstance(inner, simdjson.Array):
        if not len(inner) or len(shape) == MAX_RANK:
            raise _UnusualError
        shape.append(len(inner))
        inner = inner[0]
    if not shape:
        raise _UnusualError
    flat = _flat(values, dtype)
    if flat.size != math.prod(shape):
        raise _UnusualError
    return to_dtype(flat, dtype).reshape(shape), _structure(shape, longest)


def _flat(values: simdjson.Array, dtype: str) -> npt.NDArray[Any]:
    if dtype in FLOATS:
        return np.frombuffer(values.as_buffer(of_type="d"), np.float64)
    if dtype not in INTEGERS:
        raise _UnusualError
    flat = np.frombuffer(values.as_buffer(of_type="i"), np.int64)
    if not (fits(int(flat.min()), dtype) and fits(int(flat.max()), dtype)):
        raise _UnusualError
    return flat


def _structure(shape: list[int], longest: int) -> bytes:
    """The brackets and commas of a tensor; built only if a text of so many bytes can hold them."""
    structure = b""
    for size in reversed(shape):
        if size * (len(structure) + 1) > longest:
            raise _UnusualError
        structure = b"[" + (structure + b",") * (size - 1) + structure + b"]"
    return structure


def _has_structure(text: str) -> bool:
    """Whether a string holds brackets or commas; then they may, or may not, stand in its JSON as they are."""
    return any(character in text for character in _STRUCTURE.decode("ascii"))
