from __future__ import annotations

import json

import numpy as np
import pytest

from kuzov.errors import RequestError
from kuzov.records import Signature, TensorSpec
from kuzov.serve.calls import MetadataAnswer
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.rest.json_answer import (
    classify_json,
    error_json,
    metadata_json,
    predict_json,
    regress_json,
    status_json,
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


def test_rows_must_match() -> None:
    with pytest.raises(RequestError) as caught:
        predict_json({"s": np.float32(1) * np.ones(())}, Form.ROW)
    assert str(caught.value) == "Tensor name: s has no shape information "
    with pytest.raises(RequestError) as caught:
        predict_json({"a": np.zeros(2), "b": np.zeros(3)}, Form.ROW)
    assert str(caught.value) == "Tensor name: b has inconsistent batch size: 3 expecting: 2"


def test_classes() -> None:
    results: list[list[tuple[bytes, float]]] = [[(b"cat", 0.1), ("собака".encode(), 1 / 3)], [(b"", 0)], []]
    assert classify_json(results).decode() == (
        '{"results": [[["cat", 0.1], ["собака", 0.333333343]], [["", 0.0]], []]}'
    )


def test_regressions() -> None:
    assert regress_json([1, 0.1, float("nan")]) == b'{"results": [1.0, 0.1, NaN]}'


def test_the_states_of_versions() -> None:
    failed = VersionStatus(version=2, state="END", error_code="NOT_FOUND", error_message="no file")
    serving = VersionStatus(version=1, state="AVAILABLE", engine="OpenVINO bf16")
    assert json.loads(status_json((failed, serving))) == {
        "model_version_status": [
            {
                "version": "2",
                "state": "END",
                "status": {"error_code": "NOT_FOUND", "error_message": "no file"},
            },
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}},
        ]
    }


def test_metadata() -> None:
    spec = TensorSpec(dtype="DT_INT32", shape=None, name="x:0")
    signature = Signature(inputs={"x": spec}, outputs={}, method_name="")
    answer = MetadataAnswer(model="m", version=1, signatures={"s": signature}, card=None)
    assert json.loads(metadata_json(answer)) == {
        "model_spec": {"name": "m", "signature_name": "", "version": "1"},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    "s": {
                        "inputs": {
                            "x": {
                                "dtype": "DT_INT32",
                                "tensor_shape": {"dim": [], "unknown_rank": True},
                                "name": "x:0",
                            }
                        },
                        "outputs": {},
                        "method_name": "",
                        "defaults": {},
                    }
                }
            }
        },
    }


def test_an_error_can_quote_anything() -> None:
    assert error_json('a "\ud83d"') == rb'{"error": "a \"\ud83d\""}'
