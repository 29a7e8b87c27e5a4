"""TensorFlow Serving's behaviour, from one table, by each way there is: the core, REST and gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kuzov.errors import ErrorCode
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec
from kuzov.serve.core import Core
from kuzov.serve.repository.servable import Servable
from kuzov.serve.rest.answer import STATUSES
from kuzov.serve.service import Service
from kuzov.wire import messages
from tests.conformance.table import CASES, WAYS, Case, expected_answer, plain
from tests.conformance.ways import Refused, ask_http, by_core, by_grpc, by_rest, told
from tests.serve.conftest import FakeEngine, compute_here, signature
from tests.serve.core import a_core
from tests.serve.repositories import repository_of

CALLS = [
    pytest.param(case, way, id=f"{case['case']}-{way}")
    for case in CASES
    if "call" in case
    for way in case.get("ways", WAYS)
]
REQUESTS = [case for case in CASES if "http" in case]


class Engine(FakeEngine):
    """Also classifies and regresses: half plus two of the feature x."""

    signatures: Mapping[str, Signature] = {
        **FakeEngine.signatures,
        "classify": signature({"inputs": "STRING"}, {"scores": "FLOAT"}),
        "labels": signature({"inputs": "STRING"}, {"classes": "STRING", "scores": "FLOAT"}),
        "regress": signature({"inputs": "STRING"}, {"outputs": "FLOAT"}),
        "regress_x2": replace(
            signature({}, {"outputs": "FLOAT"}),
            inputs={"inputs": TensorSpec(dtype="DT_FLOAT", shape=(-1, 1), name="x2:0")},
        ),
    }

    def infer(self, network: str, tensors: Tensors) -> dict[str, Any]:
        if network == "no_input":
            return {"y": np.array(7, np.float32)}
        if network not in {"classify", "labels", "regress"}:
            return super().infer(network, tensors)
        parsed = [messages.Example.FromString(each) for each in tensors["inputs"]]
        x = np.array([each.features.feature["x"].float_list.value for each in parsed], np.float32)
        y = x / np.float32(2) + np.float32(2)
        if network == "labels":
            labels = np.array([[b"left", b"right"]] * len(y), np.object_)
            return {"classes": labels, "scores": np.concatenate([y, -y], axis=1)}
        return {"scores" if network == "classify" else "outputs": y}


@pytest.fixture(scope="module")
def core() -> Iterator[Core]:
    servable = Servable(name="m", version=123, engine=Engine(), card=None)
    with ThreadPoolExecutor(1) as pool:
        yield a_core(Service(repository_of(servable, stable=123), compute_here), pool)


@pytest.mark.parametrize(("case", "way"), CALLS)
def test_a_call(core: Core, case: Case, way: str) -> None:
    expected = case.get(way, case)

    def ask() -> Any:
        match way:
            case "core":
                answer = by_core(core.service, case)
            case "rest":
                answer = by_rest(core, case)
            case _:
                answer = by_grpc(core, case)
        return asyncio.run(told(answer))

    if "error" in expected:
        with pytest.raises(Refused) as caught:
            ask()
        code = expected["code"]
        assert caught.value.code == (str(STATUSES[ErrorCode(code)]) if way == "rest" else code)
        assert str(caught.value) == expected["error"]
    else:
        assert plain(ask()) == plain(expected_answer(case))


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case["case"])
def test_a_request(core: Core, case: Case) -> None:
    asked = case["http"]
    body = (
        asked["text"].encode() if "text" in asked else json.dumps(asked["json"]) if "json" in asked else None
    )
    method, path = asked.get("method", "POST"), asked.get("path", "/v1/models/m:predict")
    response = asyncio.run(ask_http(core, method, path, body))
    if "error" in asked:
        assert json.loads(response.content) == {"error": asked["error"]}
    elif "text_answer" in asked:
        assert response.text == asked["text_answer"]
    else:
        assert json.loads(response.content) == asked["answer"]
    assert response.status_code == asked.get("status", 200)
    assert response.headers["content-type"] == "application/json"
