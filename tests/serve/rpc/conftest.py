from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import create_autospec

import grpc
import numpy as np
import pytest
from google.protobuf.message import Message

from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.limits import Admission, Limits
from kuzov.serve.monitoring.journal import Journal, Record
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.lifecycle import Failure
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import Servable
from kuzov.serve.rpc.grpc_server import GrpcServer, grpc_server
from kuzov.serve.service import Service
from kuzov.serve.settings import RpcSettings, ServeSettings
from kuzov.wire import messages
from kuzov.wire.tensors import from_numpy
from tests.serve.core import a_core
from tests.serve.repositories import repository_of

R = TypeVar("R")


def spec(dtype: str, *shape: int, name: str = "x") -> TensorSpec:
    return TensorSpec(dtype=dtype, shape=shape, name=f"{name}:0")


def signature(
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    method: str = "predict",
    defaults: Mapping[str, Any] | None = None,
) -> Signature:
    return Signature(
        inputs={name: spec(dtype, -1, name=name) for name, dtype in inputs.items()},
        outputs={name: spec(dtype, -1, name=name) for name, dtype in outputs.items()},
        method_name=f"tensorflow/serving/{method}",
        defaults=defaults or {},
    )


X, Y = {"x": "DT_FLOAT"}, {"y": "DT_FLOAT"}
EXAMPLES = {"inputs": "DT_STRING"}
SIGNATURES = {
    "serving_default": signature(X, Y),
    "both": signature(X, {"y": "DT_FLOAT", "z": "DT_FLOAT"}),
    "two": signature({"a": "DT_FLOAT", "b": "DT_STRING"}, Y),
    "with_default": signature(X, Y, defaults={"x": np.zeros(1, np.float32)}),
    "classify": signature(EXAMPLES, {"classes": "DT_STRING", "scores": "DT_FLOAT"}, "classify"),
    "regress": signature(EXAMPLES, {"outputs": "DT_FLOAT"}, "regress"),
    "string": signature({"x": "DT_STRING"}, {"y": "DT_STRING"}),
    "slow": signature(X, Y),
    "broken": signature(X, Y),
}


class FakeEngine:
    name = "fake"
    signatures = SIGNATURES

    def prepare(self, _signature: str, inputs: Tensors) -> Tensors:
        return inputs


def one_model() -> Repository:
    """Versions 123 and 124 of the model m; 123 has the label stable, and 122 has failed."""
    engine: Any = FakeEngine()
    servables = [Servable(name="m", version=each, engine=engine, card=None) for each in (123, 124)]
    failure = Failure(code=ErrorCode.UNKNOWN, message="No such file")
    return repository_of(*servables, failures={("m", 122): failure}, stable=123)


@dataclass
class Site:
    """Everything that a server is built of, and what became of it."""

    limits: Limits = field(default_factory=Limits)
    admission: Admission = field(default_factory=lambda: Admission(8))
    records: list[Record] = field(default_factory=list)
    reloads: list[Sequence[ModelConfig]] = field(default_factory=list)
    reload_error: RequestError | None = None
    computing: asyncio.Event = field(default_factory=asyncio.Event)
    computed: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    keys: ApiKeys | None = None
    decode_pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def compute(self, servable: Servable, signature: str, tensors: Tensors) -> dict[str, Any]:
        """Half plus two, mostly."""
        match signature:
            case "slow":
                self.computing.set()
                try:
                    await self.computed.wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            case "broken":
                raise ZeroDivisionError("a secret")
            case "string":
                return {"y": tensors["x"]}
            case "classify":
                rows = len(tensors["inputs"])
                classes = np.array([[b"qashqai", b"\xff"]] * rows, np.object_)
                return {"classes": classes, "scores": np.array([[0.75, 0.25]] * rows, np.float32)}
            case "regress":
                return {"outputs": np.array([len(each) for each in tensors["inputs"]], np.float32)}
            case "two":
                return {"y": tensors["a"]}
        y = tensors["x"] / np.float32(2) + np.float32(2)
        return {"y": y, "z": y + 1} if signature == "both" else {"y": y}

    def reload(self, configs: Sequence[ModelConfig], *, deadline_s: float | None = None) -> None:
        if self.reload_error is not None:
            raise self.reload_error
        self.reloads.append(configs)

    def server(self, *, workers: int = 1, **options: Any) -> GrpcServer:
        """A server with these of its RpcSettings."""
        rpc = RpcSettings(**options)
        repository = create_autospec(Repository, instance=True)
        repository.reload = self.reload
        core = a_core(
            Service(one_model(), self.compute),
            self.decode_pool,
            ServeSettings(models=(), limits=self.limits, rpc=rpc, workers=workers),
            admission=self.admission,
            journal=Journal(self.records.append),
            keys=self.keys,
            repository=repository,
        )
        return grpc_server(core)

    @asynccontextmanager
    async def serving(self, **options: Any) -> AsyncIterator[grpc.aio.Channel]:
        """A channel to a server in this process."""
        async with listening(self.server(**options)) as channel:
            yield channel

    def run(self, scenario: Callable[[grpc.aio.Channel], Awaitable[R]], **options: Any) -> R:
        """What happens to a client."""

        async def play() -> R:
            async with self.serving(**options) as channel:
                return await scenario(channel)

        return asyncio.run(play())

    def call(self, method: str, request: Message, **options: Any) -> Any:
        """Send one request.

        Raises:
            grpc.aio.AioRpcError: It is refused.
        """
        return self.run(lambda channel: send(channel, method, request), **options)


@asynccontextmanager
async def listening(server: GrpcServer) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server, which ends with it."""
    port = server.listen("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(0)


async def send(channel: grpc.aio.Channel, method: str, request: Message | bytes, **options: Any) -> Any:
    """Send one request; `method` is a name of PredictionService or ModelService."""
    known = next(each[method] for each in messages.METHODS.values() if method in each)
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, Any] = channel.unary_unary(
        known.path, response_deserializer=known.response.FromString
    )
    raw = request if isinstance(request, bytes) else request.SerializeToString()
    return await call(raw, **options)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.decode_pool.shutdown()


KEY = "a-key-of-16-characters"


def api_keys(folder: Path) -> ApiKeys:
    """The one key KEY, from a file."""
    file = folder / "keys"
    file.write_text(KEY, encoding="utf-8")
    file.chmod(0o600)
    return ApiKeys.read(file)


def model_spec(signature_name: str = "", **version: Any) -> messages.ModelSpec:
    """The model m."""
    found = messages.ModelSpec(name="m", signature_name=signature_name)
    if "version" in version:
        found.version.value = version["version"]
    if "label" in version:
        found.version_label = version["label"]
    return found


def floats(*values: float) -> messages.TensorProto:
    """A vector of DT_FLOAT."""
    return from_numpy(np.array(values, np.float32))


HALF = messages.PredictRequest(model_spec=model_spec(), inputs={"x": floats(1.0)})
SLOW = messages.PredictRequest(model_spec=model_spec("slow"), inputs={"x": floats(1.0)})


def example(**features: float) -> messages.Example:
    """An Example of floats."""
    return messages.Example(
        features=messages.Features(
            feature={
                name: messages.Feature(float_list=messages.FloatList(value=[value]))
                for name, value in features.items()
            }
        )
    )


def examples(*found: messages.Example) -> messages.Input:
    """The input of Classify, Regress and MultiInference."""
    return messages.Input(example_list=messages.ExampleList(examples=found))


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """The status and details of a request that is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        call()
    return caught.value.code().name, str(caught.value.details())
