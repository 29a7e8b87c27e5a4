from __future__ import annotations

import json

import numpy as np
import pytest

from kuzov.records import Signature, TensorSpec
from kuzov.serve.json_answer import error_json, metadata_json, predict_json
from kuzov.serve.json_request import Form
from kuzov.serve.service import MetadataAnswer


def test_no_rows() -> None:
    assert predict_json({"a": np.zeros((0, 2), np.float32)}, Form.ROW) == b'{"predictions": []}'
    several = {"a": np.zeros((0, 2), np.float32), "b": np.zeros(0, np.object_)}
    assert predict_json(several, Form.ROW) == b'{"predictions": []}'


@pytest.mark.parametrize("value", [0.1, 1 / 3, 3.0, 1e-45, 3.4028235e38, -0.0, 16777216.0])
def test_a_float_comes_back_exactly(value: float) -> None:
    text = predict_json({"a": np.array([value], np.float32)}, Form.ROW)
    [back] = json.loads(text)["predictions"]
    assert np.float32(back).tobytes() == np.float32(value).tobytes()
    assert len(repr(back)) <= 15


def test_a_double_keeps_its_digits() -> None:
    assert predict_json({"a": np.array(1 / 3)}, Form.COLUMN) == b'{"outputs": 0.3333333333333333}'


def test_broken_utf8_is_replaced() -> None:
    label = np.array([b"\xff"], np.object_)
    assert json.loads(predict_json({"label": label}, Form.ROW)) == {"predictions": ["\ufffd"]}


def test_an_error_can_quote_anything() -> None:
    assert error_json('a "\ud83d"') == rb'{"error": "a \"\ud83d\""}'


def test_an_unknown_rank_in_the_metadata() -> None:
    spec = TensorSpec(dtype="DT_INT32", shape=None, name="x:0")
    signature = Signature(inputs={"x": spec}, outputs={}, method_name="")
    answer = MetadataAnswer(model="m", version=1, signatures={"s": signature}, card=None)
    found = json.loads(metadata_json(answer))["metadata"]["signature_def"]["signature_def"]["s"]["inputs"][
        "x"
    ]
    assert found["tensor_shape"] == {"dim": [], "unknown_rank": True}
