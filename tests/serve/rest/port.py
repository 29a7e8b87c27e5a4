"""A REST port to ask in tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from kuzov.errors import ErrorCode
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.limits import Admission, Limits
from kuzov.serve.monitoring.journal import Journal, Record
from kuzov.serve.repository.lifecycle import Failure
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import Servable
from kuzov.serve.rest.app import RestApp
from kuzov.serve.rest.asgi import ASGIApp
from kuzov.serve.rest.extension import Extension
from kuzov.serve.service import Service
from kuzov.serve.settings import RestSettings, ServeSettings
from tests.serve.core import a_core
from tests.serve.engines import PlainEngine
from tests.serve.repositories import repository_of

FLOAT, STRING = (TensorSpec(dtype=dtype, shape=(-1,), name="t:0") for dtype in ("DT_FLOAT", "DT_STRING"))


class PhotoEngine(PlainEngine):
    """Half plus two, and a signature that answers each photo with its size."""

    name = "OpenVINO f32"
    signatures: Mapping[str, Signature] = {
        "serving_default": Signature(inputs={"x": FLOAT}, outputs={"y": FLOAT}, method_name="predict"),
        "image_bytes": Signature(
            inputs={"image_bytes": STRING}, outputs={"size": FLOAT}, method_name="predict"
        ),
        "regress": Signature(inputs={"inputs": STRING}, outputs={"outputs": FLOAT}, method_name="predict"),
        "classify": Signature(inputs={"inputs": STRING}, outputs={"scores": FLOAT}, method_name="predict"),
    }

    def infer(self, network: str, tensors: Tensors) -> dict[str, Any]:
        if network == "serving_default":
            return {"y": tensors["x"] / np.float32(2) + np.float32(2)}
        [photos] = tensors.values()
        sizes = np.array([len(photo) for photo in photos], np.float32)
        if network == "image_bytes":
            return {"size": sizes}
        return {"outputs": sizes} if network == "regress" else {"scores": sizes[:, np.newaxis]}


async def compute_here(servable: Servable, signature: str, tensors: Tensors) -> dict[str, Any]:
    engine = servable.engine
    return engine.finish(signature, engine.infer(engine.network(signature), tensors))


def models(engines: Mapping[str, PhotoEngine | None]) -> Repository:
    """Models by name, each with version 1; those whose engine is None have failed to load."""
    servables = [
        Servable(name=name, version=1, engine=engine, card=None) for name, engine in engines.items() if engine
    ]
    broken = Failure(code=ErrorCode.DATA_LOSS, message="broken")
    failures = {(name, 1): broken for name, engine in engines.items() if engine is None}
    return repository_of(*servables, failures=failures)


@dataclass(slots=True, kw_only=True)
class Port:
    """A REST port in this process, and the records of what it was asked."""

    pool: ThreadPoolExecutor
    engines: Mapping[str, PhotoEngine | None] = field(default_factory=lambda: {"m": PhotoEngine()})
    compute: Callable[..., Coroutine[Any, Any, dict[str, Any]]] = compute_here
    admission: Admission = field(default_factory=lambda: Admission(8))
    limits: Limits = field(default_factory=Limits)
    rest: RestSettings = field(default_factory=RestSettings)
    keys: ApiKeys | None = None
    extensions: Sequence[Extension] = ()
    records: list[Record] = field(default_factory=list)

    @property
    def service(self) -> Service:
        return Service(models(self.engines), self.compute, decode_pool=self.pool)

    @property
    def app(self) -> ASGIApp:
        core = a_core(
            self.service,
            self.pool,
            ServeSettings(models=(), limits=self.limits, rest=self.rest),
            admission=self.admission,
            journal=Journal(self.records.append),
            keys=self.keys,
        )
        return RestApp(core, self.extensions)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://kuzov") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def ask_slowly(
        self,
        messages: Iterable[Mapping[str, Any]],
        headers: Sequence[tuple[bytes, bytes]] = (),
        target: bytes = b"/v1/models/m:predict",
    ) -> list[Mapping[str, Any]]:
        """What the port sends to a client of whom no more than these messages come."""
        sent: list[Mapping[str, Any]] = []
        waiting = iter(messages)
        scope = {
            "type": "http",
            "method": "POST",
            "raw_path": target,
            "query_string": b"",
            "headers": headers,
        }

        async def receive() -> Any:
            return next(waiting, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        async def answer() -> None:
            await self.app(scope, receive, send)

        asyncio.run(answer())
        return sent


def error(sent: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Status and text of the error that was sent."""
    start, body = sent
    return start["status"], json.loads(body["body"])["error"]
