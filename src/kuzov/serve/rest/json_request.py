"""The body of a predict request to tensors: TensorFlow Serving's row form and column form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

import numpy as np

from kuzov.errors import RequestError, invalid
from kuzov.records import TensorSpec
from kuzov.serve.calls import Call
from kuzov.serve.rest.json_numbers import read_numbers
from kuzov.serve.rest.json_tensors import Tensor, check_value, is_base64_object, regular_tensor, shape_of
from kuzov.serve.rest.json_text import finite_float, parse_object, quote, read_signature_name

Specs = Mapping[str, TensorSpec]

_KEYS = ("signature_name", "instances", "inputs")
_WHERE_PHOTOS_BEGIN = 1024


class Form(Enum):
    """How a request lists its tensors, and so how its answer does."""

    ROW = "predictions"  # one element a row: "instances" in, "predictions" out
    COLUMN = "outputs"  # one whole tensor a name: "inputs" in, "outputs" out


def read_predict(body: bytes, find: Callable[[str], Call]) -> tuple[Call, dict[str, Tensor], Form]:
    """The call that a request means, a tensor for each input, and the form that the answer must have.

    The order of checks is TensorFlow Serving's: the JSON, the type of the signature's name, the model and
    its signature, the tensors. So broken JSON is reported even where the model is unknown.

    Args:
        body: The JSON text.
        find: Finds the call that a signature name means; "" where the request gives none.

    Raises:
        RequestError: Of `find`, or in TensorFlow Serving's words.
    """
    # Before a photo there is little: what has one is not parsed in vain as if it were nothing but numbers.
    numbers = None if body.find(b'"b64"', 0, _WHERE_PHOTOS_BEGIN) >= 0 else read_numbers(body)
    document = {} if numbers else parse_object(body, _KEYS)
    name = numbers.signature_name if numbers else read_signature_name(document)
    call = find(name)
    specs = call.signature.inputs
    if not specs:
        raise invalid(f"Failed to get input map for signature: {name or 'DEFAULT'}")
    if numbers:
        plain = numbers.tensors(specs)
        if plain is not None:
            return call, plain, Form.ROW if numbers.in_rows else Form.COLUMN
        document = parse_object(body, _KEYS)
    tensors, form = _read_tensors(document, specs)
    if any(tensor.dtype.kind == "f" and np.isinf(tensor).any() for tensor in tensors.values()):
        parse_object(body, _KEYS, finite_float)  # slower, it tells a number that is too big from an infinity
    return call, tensors, form


def _read_tensors(document: dict[str, Any], specs: Specs) -> tuple[dict[str, Tensor], Form]:
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {quote(document)} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist"
        )
    if "instances" in document:
        instances = document["instances"]
        if not isinstance(instances, list):
            raise invalid(f"JSON Value: {quote(document)} Expecting 'instances' to be an list/array")
        if not instances:
            raise invalid(f"JSON Value: {quote(document)} No values in 'instances' array")
        return _read_rows(instances, specs), Form.ROW
    if "inputs" in document:
        return _read_columns(document["inputs"], specs), Form.COLUMN
    raise invalid("Missing 'inputs' or 'instances' key")


def _read_rows(instances: list[Any], specs: Specs) -> dict[str, Tensor]:
    if not isinstance(instances[0], dict) and len(specs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as "
            "per tensorinfo_map"
        )
    named = _names_inputs(instances[0])
    if named and all(_names_inputs(row) and row.keys() == specs.keys() for row in instances):
        columns = {name: [row[name] for row in instances] for name in specs}
    elif not named and not any(_names_inputs(row) for row in instances):
        columns = {min(specs): instances}
    else:
        columns = {}
    found: dict[str, Tensor | None] = {}
    with suppress(RequestError):  # the walk over the rows finds the same fault and says in which row it is
        found = {name: regular_tensor(column, specs[name].dtype) for name, column in columns.items()}
    tensors = {name: tensor for name, tensor in found.items() if tensor is not None}
    if not tensors or len(tensors) != len(columns):
        _check_rows(instances, specs, named=named)
        raise invalid(
            "The 'instances' can't be turned into tensors of the types that the signature declares."
        )
    return tensors


def _check_rows(instances: list[Any], specs: Specs, *, named: bool) -> None:
    """Raise the first fault of the rows, in the order in which TensorFlow Serving looks at them."""
    seen: dict[str, tuple[int, tuple[int, ...]]] = {}
    for index, row in enumerate(instances):
        if _names_inputs(row) != named:
            kinds = "object but got list" if named else "value/list but got object"
            raise invalid(f"Expecting {kinds} at item {index} of input list")
        for name, value in row.items() if named else [(min(specs), row)]:
            try:
                _check_row_value(name, value, specs, seen)
            except RequestError as error:
                key = f" key: {name}" if named else ""
                raise invalid(
                    f"Failed to process element: {index}{key} of 'instances' list. "
                    f"Error: {error.code.value}: {error}"
                ) from error
        if named and row.keys() != specs.keys():
            raise invalid(
                f"Failed to process element: {index} of 'instances' list. JSON object: {quote(row)} "
                f"keys must be equal to: {','.join(sorted(specs))}"
            )


def _check_row_value(
    name: str, value: Any, specs: Specs, seen: dict[str, tuple[int, tuple[int, ...]]]
) -> None:
    if name not in specs:
        raise invalid(f"JSON object: does not have named input: {name}")
    shape = shape_of(value)
    size = check_value(value, shape, specs[name].dtype)
    expected_size, expected_shape = seen.setdefault(name, (size, shape))
    if size != expected_size:
        raise invalid(f"Expecting tensor size: {expected_size} but got: {size}")
    if shape != expected_shape:
        raise invalid(f"Expecting shape {_show(expected_shape)} but got: {_show(shape)}")


def _read_columns(inputs: Any, specs: Specs) -> dict[str, Tensor]:
    if not _names_inputs(inputs):
        if len(specs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as "
                "per tensorinfo_map"
            )
        inputs = dict.fromkeys(specs, inputs)
    tensors: dict[str, Tensor] = {}
    for name in sorted(specs):
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        dtype = specs[name].dtype
        tensor = regular_tensor(inputs[name], dtype)
        if tensor is None:
            check_value(inputs[name], shape_of(inputs[name]), dtype)
            raise invalid(f"Input {name!r} can't be turned into a tensor of type {dtype}.")
        tensors[name] = tensor
    return tensors


def _names_inputs(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64_object(value)


def _show(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"
