from __future__ import annotations

import numpy as np

from kuzov.serve.rest.json_answer import (
    classify_json,
    error_json,
    predict_json,
    regress_json,
)
from kuzov.serve.rest.json_request import Form


def test_one_output() -> None:
    outputs = {"y": np.array([[1], [2.5]], np.float32)}
    assert predict_json(outputs, Form.ROW) == b'{"predictions": [[1.0], [2.5]]}'
    assert predict_json(outputs, Form.COLUMN) == b'{"outputs": [[1.0], [2.5]]}'


def test_several_outputs() -> None:
    outputs = {"a": np.array([1, 2]), "b_bytes": np.array([b"", b"hi"], np.object_)}
    assert predict_json(outputs, Form.ROW) == (
        b'{"predictions": [{"a": 1, "b_bytes": {"b64": ""}}, {"a": 2, "b_bytes": {"b64": "aGk="}}]}'
    )
    assert predict_json(outputs, Form.COLUMN) == (
        b'{"outputs": {"a": [1, 2], "b_bytes": [{"b64": ""}, {"b64": "aGk="}]}}'
    )


def test_no_rows() -> None:
    assert predict_json({"a": np.zeros((0, 2), np.float32)}, Form.ROW) == b'{"predictions": []}'
    several = {"a": np.zeros((0, 2), np.float32), "b": np.zeros(0, np.object_)}
    assert predict_json(several, Form.ROW) == b'{"predictions": []}'


def test_classes() -> None:
    results: list[list[tuple[bytes, float]]] = [[(b"cat", 0.1), ("собака".encode(), 1 / 3)], [(b"", 0)], []]
    assert classify_json(results).decode() == (
        '{"results": [[["cat", 0.1], ["собака", 0.333333343]], [["", 0.0]], []]}'
    )


def test_regressions() -> None:
    assert regress_json([1, 0.1, float("nan")]) == b'{"results": [1.0, 0.1, NaN]}'


def test_an_error_can_quote_anything() -> None:
    assert error_json('a "\ud83d"') == rb'{"error": "a \"\ud83d\""}'
