from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import numpy as np
import pytest

from kuzov.bundle.card import Card
from kuzov.engine.engine import Tensors
from kuzov.errors import ErrorCode, RequestError
from kuzov.records import ClassName, Signature, TensorSpec
from kuzov.serve.rest import rest_app
from kuzov.serve.servable import ServableStore
from kuzov.serve.service import Service

Ask: TypeAlias = Callable[..., httpx.Response]

TYPES = ("FLOAT", "DOUBLE", "INT8", "INT32", "INT64", "UINT8", "UINT32", "UINT64", "BOOL", "STRING", "HALF")


def signature(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Signature:
    def specs(types: Mapping[str, str]) -> dict[str, TensorSpec]:
        return {
            name: TensorSpec(dtype=f"DT_{dtype}", shape=(-1, 1), name=f"{name}:0")
            for name, dtype in types.items()
        }

    return Signature(inputs=specs(inputs), outputs=specs(outputs), method_name="tensorflow/serving/predict")


class FakeEngine:
    """Half plus two by default; signatures named by a type give their input back."""

    name = "fake"
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

    def run(self, signature: str, inputs: Tensors) -> dict[str, Any]:
        outputs: dict[str, Callable[[], dict[str, Any]]] = {
            "serving_default": lambda: {"y": inputs["x"] / np.float32(2) + np.float32(2)},
            "photo": lambda: {"photo_bytes": inputs["photo"]},
            "two": lambda: dict(inputs),
            "sum": lambda: {"s": np.sum(inputs["x"])},
            "uneven": lambda: {"a": inputs["x"], "b": inputs["x"][:1]},
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
        versions={},
        config={},
    )


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    version = tmp_path / "m" / "123"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return version.parent


@pytest.fixture
def with_card(base_path: Path) -> None:
    extra = base_path / "123" / "assets.extra"
    extra.mkdir()
    (extra / "card.json").write_text(json.dumps(a_card().to_json()))


@pytest.fixture
def service(base_path: Path) -> Service:
    return Service(ServableStore("m", base_path, lambda _: FakeEngine()))


@pytest.fixture
def ask(service: Service) -> Ask:
    """Sends a request to the REST API, in this process."""
    transport = httpx.ASGITransport(rest_app(service))

    async def send(method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://kuzov") as client:
            return await client.request(method, path, **options)

    return lambda method, path, **options: asyncio.run(send(method, path, **options))
