"""The body of a classify or regress request to serialized tensorflow.Example messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kuzov.errors import invalid
from kuzov.serve.rest.json_tensors import is_base64_object, string_bytes
from kuzov.serve.rest.json_text import (
    double,
    finite_float,
    parse_object,
    quote,
    read_signature_name,
    type_name,
)
from kuzov.wire import messages

_KEYS = ("signature_name", "context", "examples")
_INT64 = np.iinfo(np.int64)
_UINT64 = np.iinfo(np.uint64)


def read_examples(body: bytes) -> tuple[str, list[bytes]]:
    """The signature's name, "" where the request gives none, and the examples.

    A feature is of the kind that its values have in JSON: 2.0 is a float, 2 and true are integers, strings
    and `{"b64": …}` are bytes. Before each example stands the context: features of the example's own win.

    Raises:
        RequestError: INVALID, in TensorFlow Serving's words.
    """
    document = parse_object(body, _KEYS, finite_float)
    name = read_signature_name(document)
    context = _example(document["context"]) if "context" in document else b""
    if "examples" not in document:
        raise _unfit(document, "When method is classify, key 'examples' is expected and was not found")
    examples = document["examples"]
    if not isinstance(examples, list):
        raise _unfit(document, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise _unfit(document, "'examples' value is an empty array")
    return name, [context + _example(example) for example in examples]


def _unfit(document: Mapping[str, Any], what: str) -> Exception:
    return invalid(f"JSON Value: {quote(document)} {what}")


def _example(value: Any) -> bytes:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = messages.Example()
    for name, content in value.items():
        try:
            feature = example.features.feature[name]
        except UnicodeEncodeError as error:
            raise invalid(f"The name of feature {quote(name)} is not UTF-8.") from error
        for element in content if isinstance(content, list) else [content]:
            _add(name, feature, element)
    return example.SerializeToString(deterministic=True)


def _add(name: str, feature: messages.Feature, element: Any) -> None:
    """Add an element to a feature, of whose kind it must be unless it is the first."""
    match element:
        case str():
            _values(name, feature, "bytes").append(string_bytes(element))
        case dict() if is_base64_object(element):
            _values(name, feature, "bytes").append(string_bytes(element))
        case bool() | int() if _INT64.min <= element <= _INT64.max:
            _values(name, feature, "int64").append(int(element))
        case int() if 0 < element <= _UINT64.max:
            _values(name, feature, "int64")
            raise invalid(f"Feature: {name} has uint64 element. Only int64_t is supported.")
        case int() | float():  # a longer integer is a double there
            _values(name, feature, "float").append(double(element))
        case _:
            raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(element)}")


def _values(name: str, feature: messages.Feature, kind: str) -> Any:
    found = feature.WhichOneof("kind")
    if found not in (None, f"{kind}_list"):
        expected = found.removesuffix("_list")
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
    return getattr(feature, f"{kind}_list").value
