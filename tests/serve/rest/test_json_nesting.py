from __future__ import annotations

import pytest

from kuzov.errors import RequestError
from kuzov.serve.rest.json_nesting import MAX_DEEP_CHARACTERS
from kuzov.serve.rest.json_text import parse_object
from tests.errors import raises

LISTS = "[" * 500_000 + "]" * 500_000
OBJECTS = '{"a":' * 100_000 + "{}" + "}" * 100_000
MIXED = '[1, {"a": [ ], "b":\n' * 50_000 + '"]"' + "} ]" * 50_000


@pytest.mark.parametrize("deep", [LISTS, OBJECTS, MIXED])
def test_a_key_that_is_not_needed_may_hold_any_depth(deep: str) -> None:
    text = f'{{"ignored": {deep}, "instances": [1, {{"x": [2]}}], "instances": 0}}'
    assert parse_object(text.encode(), ["instances"]) == {"instances": [1, {"x": [2]}]}


@pytest.mark.parametrize("deep", [LISTS, OBJECTS, MIXED])
def test_a_key_that_is_needed_may_not(deep: str) -> None:
    with raises(
        RequestError, "JSON Parse error: The value of 'instances' is nested too deeply for this server."
    ):
        parse_object(f'{{"instances": {deep}}}'.encode(), ["instances"])


@pytest.mark.parametrize(
    "text", [LISTS, f'{{"ignored": {"[" * MAX_DEEP_CHARACTERS}{"]" * MAX_DEEP_CHARACTERS}}}']
)
def test_a_deep_document_is_refused_without_an_object_or_past_a_length(text: str) -> None:
    with raises(RequestError, "JSON Parse error: The document is nested too deeply for this server."):
        parse_object(text.encode(), [])


@pytest.mark.parametrize(
    ("after", "error"),
    [
        ("", "Invalid value. at offset: 20005"),
        ("1", "Missing a comma or ] after an array element. at offset: 20006"),
        ("1}", "Missing a comma or ] after an array element. at offset: 20006"),
        ("1, ]", "Invalid value. at offset: 20008"),
        ("tru", "Invalid value. at offset: 20008"),
        ("{1}", "Missing a name for object member. at offset: 20006"),
        ('{"b" 1}', "Missing a colon after a name of object member. at offset: 20010"),
        ('{"b": [], "c": 1]', "Missing a comma or } after an object member. at offset: 20021"),
        ('{"b": [], 1', "Missing a name for object member. at offset: 20015"),
        ("]" * 20_000, "Missing a comma or } after an object member. at offset: 40005"),
        ("]" * 20_000 + ', "b": ', "Invalid value. at offset: 40012"),
    ],
)
def test_broken_json_is_found_at_any_depth(after: str, error: str) -> None:
    with raises(RequestError, f"JSON Parse error: {error}"):
        parse_object(f'{{"a":{"[" * 20_000}{after}'.encode(), [])
