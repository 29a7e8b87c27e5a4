"""What the table of tests/conformance does not ask of the service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from kuzov.bundle.card import Card
from kuzov.errors import RequestError
from kuzov.network import Tensors
from kuzov.records import Signature
from kuzov.serve.calls import ModelSpec
from kuzov.serve.repository.servable import Servable
from kuzov.serve.service import Service
from tests.serve.conftest import FakeEngine, a_card, compute_here, signature
from tests.serve.repositories import repository_of

M = ModelSpec(name="m")


def test_predict_names_what_answered(service: Service) -> None:
    answer = asyncio.run(service.predict(service.find(M), {"x": np.array([2], np.float32)}))
    assert (answer.model, answer.version, answer.signature_name) == ("m", 123, "serving_default")


def test_states_of_all_models(service: Service) -> None:
    assert {name: [each.version for each in found] for name, found in service.models().items()} == {
        "m": [123]
    }


@pytest.mark.parametrize("card", [a_card(), None])
def test_metadata_tells_the_card_if_there_is_one(service: Service, card: Card | None) -> None:
    answer = service.metadata(M)
    assert (answer.model, answer.version, answer.card) == ("m", 123, card)
    assert "serving_default" in answer.signatures


class Lengths(FakeEngine):
    """Says of an example how long it is; by its method name the signature predicts."""

    signatures: Mapping[str, Signature] = {
        "serving_default": signature({"inputs": "STRING"}, {"scores": "FLOAT"})
    }

    def infer(self, network: str, tensors: Tensors) -> dict[str, Any]:
        return {"scores": np.array([[len(each)] for each in tensors["inputs"]], np.float32)}


def test_a_signature_may_be_held_to_its_method_name() -> None:
    models = repository_of(Servable(name="m", version=123, engine=Lengths(), card=None))
    assert asyncio.run(Service(models, compute_here).classify(M, "", [b"ab"])).results == [[(b"", 2.0)]]
    with pytest.raises(RequestError) as caught:
        asyncio.run(Service(models, compute_here, method_name_check=True).classify(M, "", [b"ab"]))
    assert str(caught.value) == (
        "Expected signature method_name to be one of tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict"
    )


def test_strings_are_prepared_on_a_decode_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def lengths(_engine: FakeEngine, _signature: str, inputs: Tensors) -> Tensors:
        threads.append(threading.current_thread().name)
        return {"photo": np.array([len(each) for each in inputs["photo"]])}

    threads: list[str] = []
    decoded: list[float] = []
    monkeypatch.setattr(FakeEngine, "prepare", lengths)
    models = repository_of(Servable(name="m", version=123, engine=FakeEngine(), card=None))
    with ThreadPoolExecutor(1, thread_name_prefix="decode") as pool:
        service = Service(models, compute_here, decode_pool=pool, observe_decode=decoded.append)
        photos = {"photo": np.array([b"four"], np.object_)}
        answer = asyncio.run(service.predict(service.find(M, "photo"), photos))
    assert answer.outputs["photo_bytes"].tolist() == [4]
    assert (threads, len(decoded)) == (["decode_0"], 1)
