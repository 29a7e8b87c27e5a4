from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import httpx
import numpy as np
import pytest

from kuzov.bundle.card import Card
from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.records import ClassName, Signature, TensorSpec
from kuzov.serve.limits import Limits
from kuzov.serve.repository.servable import Servable
from kuzov.serve.rest.app import RestApp
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings
from tests.serve.core import a_core
from tests.serve.engines import PlainEngine
from tests.serve.repositories import repository_of

Ask: TypeAlias = Callable[..., httpx.Response]

TYPES = ("FLOAT", "DOUBLE", "INT8", "INT32", "INT64", "UINT8", "UINT32", "UINT64", "BOOL", "STRING", "HALF")


def signature(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Signature:
    def specs(types: Mapping[str, str]) -> dict[str, TensorSpec]:
        return {
            name: TensorSpec(dtype=f"DT_{dtype}", shape=(-1, 1), name=f"{name}:0")
            for name, dtype in types.items()
        }

    return Signature(inputs=specs(inputs), outputs=specs(outputs), method_name="tensorflow/serving/predict")


class FakeEngine(PlainEngine):
    """Half plus two by default; signatures named by a type give their input back."""

    signatures: Mapping[str, Signature] = {
        "serving_default": signature({"x": "FLOAT"}, {"y": "FLOAT"}),
        **{each.lower(): signature({"x": each}, {"y": each}) for each in TYPES},
        "photo": signature({"photo": "STRING"}, {"photo_bytes": "STRING"}),
        "two": signature({"a": "FLOAT", "b": "STRING"}, {"a": "FLOAT", "b": "STRING"}),
        "sum": signature({"x": "FLOAT"}, {"s": "FLOAT"}),
        "uneven": signature({"x": "FLOAT"}, {"a": "FLOAT", "b": "FLOAT"}),
        "to_half": signature({"x": "FLOAT"}, {"y": "HALF"}),
        "no_input": signature({}, {"y": "FLOAT"}),
        "broken": signature({"x": "FLOAT"}, {"y": "FLOAT"}),
        "refused": signature({"x": "FLOAT"}, {"y": "FLOAT"}),
    }

    def batched(self, signature: str) -> bool:
        return signature == "serving_default"

    def infer(self, network: str, tensors: Tensors) -> dict[str, Any]:
        signature, inputs = network, tensors
        outputs: dict[str, Callable[[], dict[str, Any]]] = {
            "serving_default": lambda: {"y": inputs["x"] / np.float32(2) + np.float32(2)},
            "photo": lambda: {"photo_bytes": inputs["photo"]},
            "two": lambda: dict(inputs),
            "sum": lambda: {"s": np.sum(inputs["x"])},
            "uneven": lambda: {"a": inputs["x"], "b": np.atleast_1d(inputs["x"])[:1]},
            "to_half": lambda: {"y": inputs["x"].astype(np.float16)},
        }
        if signature == "broken":
            raise ZeroDivisionError("a secret")
        if signature == "refused":
            raise RequestError(ErrorCode.INVALID, "The model refuses these inputs: too bright.")
        return outputs.get(signature, lambda: {"y": inputs["x"]})()


def a_card() -> Card:
    return Card(
        classes=(ClassName(id="qashqai", en="Nissan Qashqai", ru="Ниссан Кашкай"),),
        backbone="tiny",
        image_px=32,
        temperature=1.0,
        unknown_threshold=0.4,
        precision="f32",
        metrics={},
        data={},
        versions={"kuzov": "1"},
        config={},
    )


async def compute_here(servable: Servable, signature: str, tensors: Tensors) -> dict[str, Any]:
    """Computes at once and alone."""
    engine = servable.engine
    return engine.finish(signature, engine.infer(engine.network(signature), tensors))


@pytest.fixture
def card() -> Card | None:
    """The card of the model m; a test that needs one overrides it."""
    return None


@pytest.fixture
def service(card: Card | None) -> Service:
    servable = Servable(name="m", version=123, engine=FakeEngine(), card=card)
    return Service(repository_of(servable, stable=123), compute_here)


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def ask(service: Service, limits: Limits) -> Iterator[Ask]:
    """Sends a request to the REST API, in this process."""
    with ThreadPoolExecutor(1) as pool:
        app = RestApp(a_core(service, pool, ServeSettings(models=(), limits=limits)))
        transport = httpx.ASGITransport(app)

        async def send(method: str, path: str, **options: Any) -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://kuzov") as client:
                return await client.request(method, path, **options)

        yield lambda method, path, **options: asyncio.run(send(method, path, **options))
