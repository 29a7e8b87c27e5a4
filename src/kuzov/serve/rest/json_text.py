"""JSON text as TensorFlow Serving reads it, and how its error messages quote it.

Its parser is rapidjson: the first of duplicate keys wins, text after the document is ignored, and the tokens
NaN, Inf and Infinity are numbers. Python's own parser does the work here, bent to the same rules. It follows
some hundreds of nested brackets: only keys that a request does not need may hold more.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from kuzov.errors import invalid
from kuzov.serve.rest.json_nesting import TOO_DEEP, read_members, skip_space

MAX_QUOTED_BYTES = 256
MAX_VALUES = 1_000_000  # Python's parser lets no other request on while it reads

_STRING_OR_TOKEN = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|-NaN\b|\bInf\b|-?[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+', re.DOTALL
)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
# Where a number or a word breaks off, the parser stands behind what it has read of it.
_CUT_NUMBER = re.compile(r"[0-9]([.eE])[+-]?")
_CUT_VALUE = re.compile(r"-|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?")
_MAX_EXPLAINED = 4 * 1024 * 1024  # characters that are searched for the bracket that a fault stands in
_TOO_BIG = "Number too big to be stored in double."
_TYPE_NAMES: Mapping[type, str] = {type(None): "Null", dict: "Object", list: "Array", str: "String"}
_RAPIDJSON_TEXTS: Mapping[str, str] = {
    "Expecting value": "Invalid value.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
    "Invalid control character at": "Invalid encoding in string.",
}


def parse_object(
    body: bytes, used: Collection[str], parse_float: Callable[[str], float] = float
) -> dict[str, Any]:
    """Parse a request's body.

    Bytes that are not UTF-8 stay in their strings, as surrogates: encode with "surrogateescape".

    Args:
        body: The JSON text.
        used: The keys that the request needs. Others may be left out, where their values are nested deeply.
        parse_float: `float`, to which 1e400 is an infinity, or the slower `finite_float`.

    Raises:
        RequestError: INVALID: it is no such object, or of more than MAX_VALUES values.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    if body.count(b",") >= MAX_VALUES:
        raise invalid(
            f"The JSON has more than {MAX_VALUES:,} values, which this server reads only as whole tensors of "
            "numbers: regular lists, without NaN. Send fewer rows in one request."
        )
    document = _decode(body.decode("utf-8-sig", "surrogateescape"), parse_float)
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {quote(document)} Is not object")
    for key in used:
        if document.get(key) is TOO_DEEP:
            raise invalid(f"JSON Parse error: The value of {key!r} is nested too deeply for this server.")
    return {key: value for key, value in document.items() if value is not TOO_DEEP}


def read_signature_name(document: Mapping[str, Any]) -> str:
    """The name of the signature that a request means; "" where it gives none."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {quote(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def double(number: float) -> float:
    """A JSON number as a double; INVALID for an integer that is too big for one."""
    try:
        return float(number)
    except OverflowError as error:
        raise invalid(f"JSON Parse error: {_TOO_BIG}") from error


def finite_float(token: str) -> float:
    """Read a number; ValueError for one too big for a double, such as 1e400, Python's infinity."""
    value = float(token)
    if math.isinf(value):
        raise ValueError("too big")
    return value


def quote(value: Any) -> str:
    """A JSON value as error messages show it: pretty-printed, at most 256 bytes of it."""
    pieces: list[str] = []
    length = 0
    # With an indent the encoder works piece by piece, so a huge value costs no more than what is shown.
    for piece in json.JSONEncoder(indent=4, ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        length += len(piece)
        if length >= MAX_QUOTED_BYTES:
            break
    text = "".join(pieces)[:MAX_QUOTED_BYTES]
    return text.encode("utf-8", "replace")[:MAX_QUOTED_BYTES].decode("utf-8", "ignore")


def type_name(value: Any) -> str:
    """The kind of a JSON value, in TensorFlow Serving's words."""
    return str(value) if isinstance(value, bool) else _TYPE_NAMES.get(type(value), "Number")


def _decode(text: str, parse_float: Callable[[str], float]) -> Any:
    start = skip_space(text, 0)
    if start == len(text):
        raise invalid(f"JSON Parse error: The document is empty. at offset: {start}")
    decoder = json.JSONDecoder(object_pairs_hook=_first_wins, parse_float=parse_float)
    try:
        try:
            return _read_value(text, start, decoder)
        except json.JSONDecodeError:
            if "Inf" not in text and "-NaN" not in text:
                raise
            return _read_value(_STRING_OR_TOKEN.sub(_spell_out, text), start, decoder)
    except json.JSONDecodeError as error:
        raise invalid(_describe(error)) from error
    except ValueError as error:  # of `finite_float`, or of an integer of more than 4300 digits
        raise invalid(_describe_big_number(text)) from error
    except RecursionError as error:
        raise invalid("JSON Parse error: The document is nested too deeply for this server.") from error


def _read_value(text: str, start: int, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.raw_decode(text, start)[0]
    except RecursionError:
        return read_members(text, start, decoder)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        values.setdefault(key, value)
    return values


_SPELT_OUT: Mapping[str, str] = {"Inf": "Infinity", "-NaN": "NaN"}


def _spell_out(found: re.Match[str]) -> str:
    return _SPELT_OUT.get(found[0], found[0])


def _describe(error: json.JSONDecodeError) -> str:
    text, position = _RAPIDJSON_TEXTS.get(error.msg), error.pos
    doc = error.doc
    if error.msg == "Expecting ',' delimiter":
        if found := _CUT_NUMBER.match(doc, position - 1):
            text = f"Miss {'fraction part' if found[1] == '.' else 'exponent'} in number."
            position = found.end()
        else:
            text = _missing_comma(doc[: min(position, _MAX_EXPLAINED)])
    elif error.msg == "Expecting value" and (found := _CUT_VALUE.match(doc, position)):
        position = found.end()
    elif error.msg == "Unterminated string starting at":
        position = len(doc)
    elif error.msg == "Invalid \\uXXXX escape":
        position -= 1
    return _parse_error(text or error.msg, doc, position)


def _describe_big_number(text: str) -> str:
    numbers = (each for each in _STRING_OR_TOKEN.finditer(text) if each[0][-1].isdigit())
    position = next((each.start() for each in numbers if math.isinf(float(each[0]))), 0)
    return _parse_error(_TOO_BIG, text, position)


def _parse_error(what: str, text: str, position: int) -> str:
    offset = len(text[:position].encode("utf-8", "surrogateescape"))
    return f"JSON Parse error: {what} at offset: {offset}"


def _missing_comma(before: str) -> str:
    depth: list[str] = []
    for found in _STRING_OR_BRACKET.finditer(before):
        if found[0] in "[{":
            depth.append(found[0])
        elif found[0] in "]}" and depth:
            depth.pop()
    if depth[-1:] == ["{"]:
        return "Missing a comma or } after an object member."
    return "Missing a comma or ] after an array element."
