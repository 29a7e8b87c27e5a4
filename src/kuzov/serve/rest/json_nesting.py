"""JSON that is nested deeper than Python's parser can follow.

TensorFlow Serving reads any depth. Here a deep value is only passed over: a key that the request does not
need may hold one, and nothing that can become a tensor is that deep.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MAX_DEEP_CHARACTERS = 2 * 1024 * 1024  # a longer one would keep a processor busy for seconds


class TooDeep:
    """Stands for a value that was passed over."""


TOO_DEEP: Final = TooDeep()

_SPACE = re.compile(r"[ \t\n\r]*")
_OPENING_LISTS = re.compile(r"[ \t\n\r\[]*")


def read_members(text: str, start: int, decoder: json.JSONDecoder) -> dict[str, Any]:
    """The members of an object, read one by one: the first of duplicate keys, TOO_DEEP for what is too deep.

    Raises:
        json.JSONDecodeError: The text is not JSON.
        RecursionError: The text is too long for this, or there is no object at `start`.
    """
    if len(text) > MAX_DEEP_CHARACTERS or not text.startswith("{", start):
        raise RecursionError
    members: dict[str, Any] = {}
    at = start
    while at == start or text.startswith(",", at):
        key, at = _read_key(text, at + 1, decoder)
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            value, at = TOO_DEEP, _skip_value(text, at, decoder)
        members.setdefault(key, value)
        at = skip_space(text, at)
    if not text.startswith("}", at):
        raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    return members


def _read_key(text: str, at: int, decoder: json.JSONDecoder) -> tuple[str, int]:
    """A key, and where its value begins."""
    at = skip_space(text, at)
    if not text.startswith('"', at):
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    key, at = decoder.raw_decode(text, at)
    at = skip_space(text, at)
    if not text.startswith(":", at):
        raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
    return key, skip_space(text, at + 1)


def _skip_value(text: str, at: int, decoder: json.JSONDecoder) -> int:
    """Where a value ends; its brackets are counted, so that no depth is too deep."""
    closing = bytearray()  # the brackets that are open, each by the one that will close it
    while True:
        at = _skip_openings(text, at, closing, decoder)
        at = _skip_closings(text, at, closing)
        if not closing:
            return at
        if not text.startswith(",", at):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at += 1
        if closing.endswith(b"}"):
            at = _read_key(text, at, decoder)[1]


def _skip_openings(text: str, at: int, closing: bytearray, decoder: json.JSONDecoder) -> int:
    """Go to the first value that holds no other, and past it."""
    while True:
        lists = _OPENING_LISTS.match(text, at)
        if lists:
            opened = lists[0].count("[")
            closing += b"]" * opened
            at = lists.end()
            if opened and text.startswith("]", at):
                return at
        if not text.startswith("{", at):
            return decoder.raw_decode(text, at)[1]
        closing += b"}"
        at = skip_space(text, at + 1)
        if text.startswith("}", at):
            return at
        at = _read_key(text, at, decoder)[1]


def _skip_closings(text: str, at: int, closing: bytearray) -> int:
    """Go past every bracket that closes, and the space around it."""
    at = skip_space(text, at)
    while closing and text[at : at + 1] == chr(closing[-1]):
        closing.pop()
        at += 1
        if text[at : at + 1].isspace():
            at = skip_space(text, at)
    return at


def skip_space(text: str, at: int) -> int:
    """Where the space that begins at a place ends."""
    found = _SPACE.match(text, at)
    return found.end() if found else at
