from __future__ import annotations

import pytest

from kuzov.errors import RequestError
from kuzov.serve.rest.json_text import MAX_QUOTED_BYTES, MAX_VALUES, finite_float, parse_object, quote
from tests.errors import raises


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"я": [1 2]}', "Missing a comma or ] after an array element. at offset: 10"),
        ('{"]": 1 2}', "Missing a comma or } after an object member. at offset: 8"),
        ('{"a": "b}', "Missing a closing quotation mark in string. at offset: 9"),
        ('{"a": [tru]}', "Invalid value. at offset: 10"),
        ('{"a": -}', "Invalid value. at offset: 7"),
        ('{"a": 1.}', "Miss fraction part in number. at offset: 8"),
        ('{"a": 1e+}', "Miss exponent in number. at offset: 9"),
        (r'{"a": "\u12"}', "Incorrect hex digit after \\u escape in string. at offset: 7"),
        (r'{"a": "\x"}', "Invalid escape character in string. at offset: 7"),
        ('{"a": "\t"}', "Invalid encoding in string. at offset: 7"),
        (f'{{"a": {"1" * 5000}}}', "Number too big to be stored in double. at offset: 6"),
    ],
)
def test_broken_json(text: str, error: str) -> None:
    with raises(RequestError, f"JSON Parse error: {error}"):
        parse_object(text.encode(), [])


def test_inf_inside_a_string_stays() -> None:
    assert parse_object(b'{"a": "Inf \\" Inf", "b": Inf}', []) == {"a": 'Inf " Inf', "b": float("inf")}


def test_a_quoted_value_is_pretty_and_short() -> None:
    assert quote({"a": [1, "я"], "b": {}}) == (
        '{\n    "a": [\n        1,\n        "я"\n    ],\n    "b": {}\n}'
    )
    assert len(quote("я" * 1_000_000).encode()) == MAX_QUOTED_BYTES - 1
    assert quote("\ud83d") == '"?"'


def test_a_number_beyond_a_double() -> None:
    assert finite_float("1e308") == 1e308
    assert finite_float("1e-400") == 0
    with raises(RequestError, "JSON Parse error: Number too big to be stored in double. at offset: 28"):
        parse_object(b'{"1e999": "1e999", "a": [1, -1e309]}', [], finite_float)
    with raises(RequestError, "JSON Parse error: Number too big to be stored in double. at offset: 1"):
        parse_object(b"[1e400+0", [], finite_float)


def test_a_document_of_very_many_values_is_refused_unread() -> None:
    body = b'{"instances": [' + b"[]," * MAX_VALUES + b"[]]}"
    with raises(
        RequestError,
        "The JSON has more than 1,000,000 values, which this server reads only as whole tensors of numbers: "
        "regular lists, without NaN. Send fewer rows in one request.",
    ):
        parse_object(body, ("instances",))
