from __future__ import annotations

import json
from typing import Any, cast
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzov.errors import RequestError
from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import Call
from kuzov.serve.rest import json_numbers, json_request
from kuzov.serve.rest.json_request import Form, read_predict
from tests.errors import raises

TYPES = ("FLOAT", "DOUBLE", "INT8", "INT32", "INT64", "UINT8", "UINT32", "UINT64", "BOOL", "STRING", "HALF")


def call(name: str) -> Call:
    """A call of the signature "x=FLOAT&y=INT32"; of "x=FLOAT" where the request names none."""
    inputs = [each.partition("=") for each in (name or "x=FLOAT").split("&")]
    specs = {key: TensorSpec(dtype=f"DT_{dtype}", shape=None, name=key) for key, _, dtype in inputs}
    signature = Signature(inputs=specs, outputs={}, method_name="")
    return Call(servable=cast("Any", None), signature_name=name, signature=signature)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b'{"instances": [1]}', Form.ROW),
        (b'{"inputs": [1]}', Form.COLUMN),
        (b'{"other": 0, "instances": [1]}', Form.ROW),
        (b'{"other": 0, "inputs": [1]}', Form.COLUMN),
    ],
)
def test_the_form_is_remembered(body: bytes, form: Form) -> None:
    found, tensors, found_form = read_predict(body, call)
    assert found_form is form
    assert found.signature_name == ""
    assert tensors["x"].tolist() == [1.0]


def test_the_signature_is_looked_up_before_the_tensors_are_read() -> None:
    def find(name: str) -> Call:
        raise LookupError(name)

    for instances in ("wrong", [1]):
        body = {"signature_name": "sig", "instances": instances}
        with pytest.raises(LookupError, match="sig"):
            read_predict(json.dumps(body).encode(), find)
        with pytest.raises(RequestError):
            read_predict(json.dumps({**body, "signature_name": 1}).encode(), find)


@pytest.mark.parametrize("depth", [33, 900])
def test_a_tensor_has_a_highest_rank(depth: int) -> None:
    with raises(RequestError, f"Lists are nested {depth} deep, but a tensor has at most 32 dimensions."):
        read_predict(f'{{"inputs": {"[" * depth}{"]" * depth}}}'.encode(), call)


def outcome(body: bytes) -> object:
    """What a request is read as, or why it is not."""
    try:
        found, tensors, form = read_predict(body, call)
    except RequestError as error:
        return error.code, str(error)
    return (
        found.signature_name,
        form,
        {
            name: (each.dtype, each.shape, each.tolist() if each.dtype == np.object_ else each.tobytes())
            for name, each in tensors.items()
        },
    )


whole_numbers = st.integers(-300, 300).map(str)
numbers = (
    whole_numbers
    | st.integers(-(2**65), 2**65).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
)
odd_values = st.sampled_from(
    ["true", "null", '"a"', "NaN", "-Inf", '{"b64": "YQ"}', "[]", "{}", '{"x": [1]}']
)


@st.composite
def tensor_texts(draw: st.DrawFn) -> str:
    """Regular lists of numbers, now and then with a value among them that is none."""
    regular = draw(st.sampled_from([whole_numbers, numbers]))
    scalars = regular | odd_values if draw(st.integers(0, 7)) == 0 else regular
    separator = draw(st.sampled_from([",", ", ", " ,\n"]))

    def lists(shape: list[int]) -> str:
        if not shape:
            return draw(scalars)
        return f"[{separator.join(lists(shape[1:]) for _ in range(shape[0]))}]"

    return lists(draw(st.lists(st.integers(1, 3), max_size=4)))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    names = draw(st.sampled_from([["x"], ["x"], ["a", "é"]]))
    usual = draw(st.integers(0, 3)) > 0
    types = [draw(st.sampled_from(("FLOAT", "DOUBLE", "INT32") if usual else TYPES)) for _ in names]

    def named() -> str:
        return f"{{{', '.join(f'{json.dumps(name)}: {draw(tensor_texts())}' for name in names)}}}"

    def rows() -> str:
        return f"[{', '.join(named() for _ in range(draw(st.integers(1, 3))))}]"

    key = draw(st.sampled_from(["instances", "inputs"]))
    value = draw(tensor_texts()) if draw(st.booleans()) else named() if key == "inputs" else rows()
    signature = "&".join(f"{name}={dtype}" for name, dtype in zip(names, types, strict=True))
    members = [f'"signature_name": {json.dumps(signature)}', f'"{key}": {value}']
    text = f"{{{', '.join(draw(st.permutations(members)))}}}"
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at] + draw(st.sampled_from(["", *'[]{},:"\\ 0-.e'])) + text[at + draw(st.integers(0, 1)) :]
        )
    return text.encode()


@settings(deadline=None)
@given(requests())
def test_both_ways_to_read_numbers_agree(body: bytes) -> None:
    with mock.patch.object(json_numbers, "MIN_ROW_BYTES", 0):
        quick = outcome(body)
    with mock.patch.object(json_request, "read_numbers", return_value=None):
        assert quick == outcome(body)
