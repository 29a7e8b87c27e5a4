from __future__ import annotations

import pytest
from google.protobuf import text_format

from kuzov.errors import RequestError
from kuzov.serve.rest.json_examples import read_examples
from kuzov.wire import messages
from tests.errors import raises


def features(example: bytes) -> dict[str, str]:
    message = messages.Example.FromString(example)
    return {
        name: text_format.MessageToString(feature, as_one_line=True)
        for name, feature in message.features.feature.items()
    }


def test_a_feature_is_of_the_kind_of_its_values() -> None:
    body = """{"signature_name": "s", "examples": [{
        "float": 2.0, "floats": [0.5, NaN, -Infinity, 1e39, 18446744073709551616],
        "int64": 2, "int64s": [true, false, -9223372036854775808],
        "bytes": "a\\u0000б", "several": [{"b64": "/9g"}, "x"],
        "empty": []
    }]}"""
    name, [example] = read_examples(body.encode())
    assert name == "s"
    assert features(example) == {
        "float": "float_list { value: 2.0 }",
        "floats": "float_list { value: 0.5 value: nan value: -inf value: inf value: 1.8446744e+19 }",
        "int64": "int64_list { value: 2 }",
        "int64s": "int64_list { value: 1 value: 0 value: -9223372036854775808 }",
        "bytes": r'bytes_list { value: "a\000\320\261" }',
        "several": r'bytes_list { value: "\377\330" value: "x" }',
        "empty": "",
    }


def test_an_example_wins_over_the_context() -> None:
    body = b'{"context": {"a": 1, "b": 2}, "examples": [{"a": 3}, {}, {"c": "x"}]}'
    name, examples = read_examples(body)
    assert name == ""
    a, b, c = "int64_list { value: 1 }", "int64_list { value: 2 }", 'bytes_list { value: "x" }'
    assert [features(example) for example in examples] == [
        {"a": "int64_list { value: 3 }", "b": b},
        {"a": a, "b": b},
        {"a": a, "b": b, "c": c},
    ]


def test_bytes_that_are_not_utf8_stay() -> None:
    _, [example] = read_examples(b'{"examples": [{"x": "\xff"}]}')
    assert features(example) == {"x": r'bytes_list { value: "\377" }'}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            '{"examples": [{"a": 1e400}]}',
            "JSON Parse error: Number too big to be stored in double. at offset: 20",
        ),
        (
            f'{{"examples": [{{"a": 1{"0" * 400}}}]}}',
            "JSON Parse error: Number too big to be stored in double.",
        ),
        ('{"examples": [{"\\ud83d": 1}]}', 'The name of feature "?" is not UTF-8.'),
    ],
)
def test_a_request_that_is_refused(body: str, error: str) -> None:
    with raises(RequestError, error):
        read_examples(body.encode())


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ('{"b64": 1}', "Feature: names has element with unexpected JSON type: Object"),
        ('[1, "x"]', "Unexpected element type in feature: names expecting type: int64"),
        ("[2.0, 1]", "Unexpected element type in feature: names expecting type: float"),
        ('["x", true]', "Unexpected element type in feature: names expecting type: bytes"),
        ("18446744073709551615", "Feature: names has uint64 element. Only int64_t is supported."),
    ],
)
def test_a_feature_that_is_refused(names: str, error: str) -> None:
    with raises(RequestError, error):
        read_examples(f'{{"examples": [{{"names": {names}}}]}}'.encode())
