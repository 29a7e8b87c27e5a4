"""Whatever is sent to the server, it answers or refuses: it never fails, hangs or tells of its inside.

KUZOV_FUZZ_EXAMPLES=100000 runs as many examples, drawn anew; by default there are few, always the same.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from uvicorn.server import ServerState

from kuzov.bundle.card import read_card
from kuzov.bundle.layout import CARD, SAVED_MODEL, WARMUP_REQUESTS
from kuzov.bundle.ready import ready_model
from kuzov.bundle.saved_model import read_signatures
from kuzov.engine.choose import load_engine
from kuzov.engine.engine import Engine
from kuzov.errors import ErrorCode, KuzovError, RequestError
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.batching.parameters import read_batching_parameters
from kuzov.serve.batching.scheduler import Scheduler
from kuzov.serve.limits import Limits
from kuzov.serve.monitoring.journal import Journal
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.monitoring.prometheus import read_monitoring_config
from kuzov.serve.repository.config_file import read_model_configs
from kuzov.serve.repository.servable import Servable
from kuzov.serve.repository.warmup import warmup_calls
from kuzov.serve.rest.app import RestApp
from kuzov.serve.rest.asgi import ASGIApp
from kuzov.serve.rest.http import HttpProtocol
from kuzov.serve.rpc.gate import Answer, Rpc
from kuzov.serve.rpc.model_service import ModelService
from kuzov.serve.rpc.prediction_service import PredictionService
from kuzov.serve.rpc.ssl_config import read_ssl_config
from kuzov.serve.service import Service
from kuzov.serve.settings import RestSettings, ServeSettings
from kuzov.wire import messages
from kuzov.wire.tf_record import checksum
from tests.heif_photos import grid, heic
from tests.serve.conftest import FakeEngine, signature
from tests.serve.core import a_core
from tests.serve.repositories import repository_of

FEW = 2000
EXAMPLES = int(os.environ.get("KUZOV_FUZZ_EXAMPLES", FEW))
HANGS_S = 20.0
BOUNDARY = b"6bd1"
WORDS = [b"", b"\0", b"\xff\xd8\xff", b'"', b"{", b"[" * 1000, b"]", b"NaN", b"1e999", b"-", b"\r\n", b"%"]


def share(part: float) -> settings:
    """Settings of a test that gets a part of all examples."""
    return settings(
        max_examples=max(1, round(part * EXAMPLES)),
        deadline=timedelta(seconds=HANGS_S),
        derandomize=EXAMPLES == FEW,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# What is sent.


def edited(seeds: Sequence[bytes], words: Sequence[bytes] = WORDS) -> st.SearchStrategy[bytes]:
    """Something valid after a few accidents."""

    def edit(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
        for place, cut, insert in edits:
            at = place % (len(seed) + 1)
            seed = seed[:at] + insert + seed[at + cut :]
        return seed

    inserts = st.binary(max_size=4) | st.sampled_from(words)
    one = st.tuples(st.integers(0, 2**16), st.sampled_from([0, 0, 1, 1, 2, 4, 50, 2**20]), inserts)
    return st.builds(edit, st.sampled_from(seeds), st.lists(one, max_size=5))


def encoded(kind: str, mode: str = "RGB", side: int = 24, **options: Any) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


EXIF = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
FRAMES: dict[str, Any] = {"save_all": True, "append_images": [Image.new("RGB", (24, 24))], "duration": 50}
PHOTOS = [
    encoded("JPEG"),
    encoded("JPEG", side=300),
    encoded("JPEG", exif=EXIF),
    encoded("JPEG", "CMYK"),
    encoded("JPEG", "L", progressive=True),
    encoded("PNG"),
    encoded("PNG", "P", transparency=0),
    encoded("PNG", "I;16"),
    encoded("PNG", **FRAMES),
    encoded("WEBP"),
    encoded("WEBP", "RGBA", lossless=True),
    encoded("WEBP", **FRAMES),
    encoded("GIF", "P"),
    encoded("GIF", **FRAMES),
    encoded("BMP"),
    encoded("BMP", "P"),
    encoded("ICO"),
    encoded("AVIF"),
    encoded("AVIF", exif=EXIF),
    encoded("AVIF", **FRAMES),
    heic(),
    grid(2, 2),
]
PHOTO_WORDS = [
    EXIF,
    b"\xff\xda",
    b"\xff\xc0",
    b"\xff\xff\xff\xff",
    b"IDAT",
    b"VP8X",
    b"ispe",
    b"iloc",
    b"hvc1",
]
photo_bodies = edited(PHOTOS, [*WORDS, *PHOTO_WORDS])


def part(head: bytes, content: bytes) -> bytes:
    return b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + content + b"\r\n"


FORMS = [
    part(b'name="photo"; filename="a.jpg"', PHOTOS[0]) + b"--" + BOUNDARY + b"--\r\n",
    part(b'name="a"', b"1") + part(b'name="b"; filename=""', PHOTOS[5]) + b"--" + BOUNDARY + b"--",
]
form_bodies = edited(FORMS, [*WORDS, b"--" + BOUNDARY, b"\r\n\r\n", b"filename="])

KNOWN = {name: each for name, each in FakeEngine.signatures.items() if name not in {"broken", "no_input"}}
names = st.sampled_from(["classify", "regress", "image_bytes", *KNOWN])
scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.builds(lambda text: {"b64": text}, st.sampled_from(["", "AA==", "////", "*", "QUJD", "A"]))
)
keys = st.sampled_from(["x", "a", "b", "photo", "b64", "instances", "inputs", "image_bytes"]) | st.text(
    max_size=3
)
values = st.recursive(
    scalars,
    lambda some: (
        st.lists(some, max_size=4)
        | st.dictionaries(keys, some, max_size=3)
        | st.builds(lambda one, times: [one] * times, some, st.integers(1, 3))
    ),
    max_leaves=12,
)
questions = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": names | values,
        "instances": st.lists(values, max_size=3) | values,
        "inputs": values,
        "examples": st.lists(st.dictionaries(keys, values, max_size=3), max_size=3) | values,
        "context": values,
    },
)
QUESTIONS = [
    b'{"instances": [1.0, 2, 5e-3]}',
    b'{"signature_name": "two", "instances": [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": {"b64": "AA=="}}]}',
    b'{"signature_name": "int64", "inputs": [[9223372036854775807], [-1]]}',
    b'{"signature_name": "string", "inputs": {"x": ["\\ud83d\\ude00", "\\u0000", {"b64": "_w"}]}}',
    b'{"examples": [{"x": 1.5, "y": ["a", {"b64": "AA=="}]}], "context": {"z": [1, 2]}}',
    b'{"signature_name": "serving_default", "instances": [[[[0, 0, 0]]]]}',
]
json_bodies = (
    st.builds(lambda one: json.dumps(one).encode(), questions) | edited(QUESTIONS) | st.binary(max_size=40)
)
gzip_bodies = st.builds(gzip.compress, json_bodies) | edited([gzip.compress(each) for each in QUESTIONS])

TARGETS = [
    b"/v1/models/m:predict",
    b"/v1/models/m/versions/1:classify",
    b"/v1/models/m/labels/stable:regress",
    b"/v1/models/cars/metadata",
    b"/v1/models/%6D?a=1",
    b"/V1/Models//versions/99999999999999999999",
    b"/docs",
    b"/openapi.json",
    b"/status?x",
    b"/metrics",
    b"*",
    b"http://host/readyz",
]
target_bytes = edited(
    TARGETS, [*WORDS, b"/", b":", b"%2F", b"%00", b"%ff", b"/labels/", b":predict", b"\xd1\x8f"]
)
methods = st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "BREW"])
HEADERS = (
    b"content-type content-encoding content-length accept-encoding authorization x-api-key x-request-id "
    b"expect origin host x-\xff"
)
header_names = st.sampled_from(HEADERS.split())
header_values = edited(
    [
        b"application/json",
        b"image/jpeg",
        b"multipart/form-data; boundary=" + BOUNDARY,
        b'multipart/form-data; boundary="a b"; charset=utf-8',
        b"gzip",
        b"br;q=1.0, gzip;q=0.8, *;q=0",
        b"Bearer 0123456789abcdef",
        b"100-continue",
        b"https://elsewhere",
        b"12345678901234567890123",
        b"\xb2\xb3",
    ],
    [b"", b";", b",", b"q=", b"=", b" ", b"\t", b"\xff", b"image/", b"boundary="],
).map(lambda value: value.translate(None, b"\r\n\0"))
header_lists = st.lists(st.tuples(header_names, header_values), max_size=6)

dtypes = st.integers(0, 24) | st.sampled_from([1, 7, 102, 2**31 - 1])
sizes = st.integers(-2, 5) | st.sampled_from([2**20, 2**31, 2**62, 2**63 - 1])


def _tensor(dtype: Any, dims: list[int] | None, parts: dict[str, Any]) -> messages.TensorProto:
    tensor = messages.TensorProto(dtype=dtype, **parts)
    if dims is None:
        tensor.tensor_shape.unknown_rank = True
    else:
        tensor.tensor_shape.dim.extend(messages.TensorShapeProto.Dim(size=size) for size in dims)
    return tensor


def _list(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=4)


tensors = st.builds(
    _tensor,
    dtypes,
    st.none() | st.lists(sizes, max_size=4),
    st.fixed_dictionaries(
        {},
        optional={
            "tensor_content": st.binary(max_size=20),
            "float_val": _list(st.floats(width=32)),
            "double_val": _list(st.floats()),
            "int_val": _list(st.integers(-(2**31), 2**31 - 1)),
            "int64_val": _list(st.integers(-(2**63), 2**63 - 1)),
            "uint64_val": _list(st.integers(0, 2**64 - 1)),
            "half_val": _list(st.integers(-(2**31), 2**31 - 1)),
            "bool_val": _list(st.booleans()),
            "string_val": _list(st.sampled_from([b"", b"\xff", b"a", PHOTOS[0]])),
            "version_number": st.integers(-1, 1),
        },
    ),
)


def _spec(model: str, name: str, version: int | str | None) -> messages.ModelSpec:
    spec = messages.ModelSpec(name=model, signature_name=name)
    if isinstance(version, int):
        spec.version.value = version
    elif version is not None:
        spec.version_label = version
    return spec


versions = st.none() | st.sampled_from([1, 2, 0, -1, 2**63 - 1, "stable", "", "nightly"])
specs = st.builds(_spec, st.sampled_from(["m", "cars", "", "n"]), names | st.text(max_size=3), versions)
predicts = st.builds(
    lambda spec, inputs, names: messages.PredictRequest(model_spec=spec, inputs=inputs, output_filter=names),
    specs,
    st.dictionaries(st.sampled_from(["x", "a", "b", "photo", "image_bytes", ""]), tensors, max_size=2),
    st.lists(st.sampled_from(["y", "z", ""]), max_size=2),
).map(lambda message: message.SerializeToString())


def an_input() -> messages.Input:
    value = messages.Feature(float_list=messages.FloatList(value=[1.5]))
    one = messages.Example(features=messages.Features(feature={"x": value}))
    return messages.Input(
        example_list_with_context=messages.ExampleListWithContext(examples=[one, one], context=one)
    )


def _messages() -> Mapping[str, list[Any]]:
    spec = _spec("m", "classify", None)
    task = messages.InferenceTask(model_spec=spec, method_name="tensorflow/serving/classify")
    config = messages.ModelConfig(name="m", base_path="/m", model_platform="tensorflow")
    config.model_version_policy.specific.versions.append(3)
    config.version_labels["stable"] = 3
    listed = messages.ModelServerConfig(model_config_list=messages.ModelConfigList(config=[config]))
    x = _tensor(1, [2], {"float_val": [1.0, 2.0]})
    photos = _tensor(7, [2], {"string_val": [PHOTOS[0], PHOTOS[9]]})
    return {
        "Predict": [
            messages.PredictRequest(model_spec=_spec("m", "", None), inputs={"x": x}),
            messages.PredictRequest(
                model_spec=_spec("cars", "image_bytes", 1), inputs={"image_bytes": photos}
            ),
        ],
        "Classify": [messages.ClassificationRequest(model_spec=spec, input=an_input())],
        "Regress": [messages.RegressionRequest(model_spec=_spec("m", "regress", 1), input=an_input())],
        "MultiInference": [messages.MultiInferenceRequest(tasks=[task], input=an_input())],
        "GetModelMetadata": [
            messages.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        ],
        "GetModelStatus": [messages.GetModelStatusRequest(model_spec=spec)],
        "HandleReloadConfigRequest": [messages.ReloadConfigRequest(config=listed)],
    }


RPCS = {name: [each.SerializeToString() for each in found] for name, found in _messages().items()}
rpcs = st.sampled_from(sorted(RPCS)).flatmap(lambda name: st.tuples(st.just(name), edited(RPCS[name])))


# What it is sent to.


class ExampleEngine(FakeEngine):
    """It also takes Examples, and is never broken."""

    signatures: Mapping[str, Any] = {
        **KNOWN,
        "classify": signature({"inputs": "STRING"}, {"scores": "FLOAT"}),
        "regress": signature({"inputs": "STRING"}, {"outputs": "FLOAT"}),
    }

    def infer(self, network: str, tensors: Any) -> dict[str, Any]:
        if network in {"classify", "regress"}:
            lengths = np.array([len(each) for each in tensors["inputs"]], np.float32)
            return {"scores": lengths[:, np.newaxis]} if network == "classify" else {"outputs": lengths}
        return super().infer(network, tensors)


@dataclass(repr=False)
class Site:
    """A server without sockets, and what it logged as an error."""

    runner: asyncio.Runner
    app: ASGIApp
    answers: Mapping[str, Answer]
    errors: list[str] = field(default_factory=list)

    def run(self, scenario: Any) -> Any:
        async def bounded() -> Any:
            asyncio.get_running_loop().set_exception_handler(lambda _, found: self.errors.append(str(found)))
            self.errors.clear()
            async with asyncio.timeout(HANGS_S):
                return await scenario

        found = self.runner.run(bounded())
        assert not self.errors
        return found

    def ask(self, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> int:
        """Send a request, judge its answer, and give its status."""
        status, content_type, answer = self.run(_ask(self.app, method, target, headers, body))
        assert status != 500
        if status >= 400:
            told = json.loads(answer)
            assert list(told) == ["error"]
            assert told["error"]
            assert isinstance(told["error"], str)
        elif content_type == "application/json" and answer:
            json.loads(answer)
        return int(status)


async def _ask(
    app: ASGIApp, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> tuple[int, str, bytes]:
    chunks = [body[: len(body) // 2], body[len(body) // 2 :]]
    sent: list[Any] = []

    async def receive() -> Any:
        if not chunks:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "raw_path": target, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    start, content = sent
    found = dict(start["headers"])
    assert int(found[b"content-length"]) == len(content["body"])
    unpack = gzip.decompress if found.get(b"content-encoding") == b"gzip" else bytes
    return start["status"], found[b"content-type"].decode(), unpack(content["body"])


@contextmanager
def a_site() -> Iterator[Site]:
    limits = Limits(max_rows=64, max_inflated_bytes=1_000_000, max_body_bytes=1_000_000, max_requests=8)
    rest = RestSettings(cors=True, metrics_path="/metrics")
    engines: dict[str, Engine] = {"m": ExampleEngine(), "cars": load_engine(ready_model() / "1")}
    metrics = Metrics()
    with ThreadPoolExecutor(1) as pool, asyncio.Runner() as runner:
        scheduler = Scheduler(metrics)
        servables = [Servable(name=name, version=1, engine=each, card=None) for name, each in engines.items()]
        service = Service(repository_of(*servables, stable=1), scheduler, decode_pool=pool)
        core = a_core(service, pool, ServeSettings(models=(), limits=limits, rest=rest), metrics=metrics)
        answers = {**PredictionService(core).methods, **ModelService(core).methods}
        yield Site(runner=runner, app=RestApp(core), answers=answers)
        scheduler.close()


class _Errors(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with a_site() as found:
        handler = _Errors(found.errors)
        logging.getLogger().addHandler(handler)
        yield found
        logging.getLogger().removeHandler(handler)


# How it takes it.

JSON_TYPE = (b"content-type", b"application/json")


@share(0.2)
@given(
    verb=st.sampled_from([b"predict", b"classify", b"regress"]),
    model=st.sampled_from([b"m", b"cars"]),
    body=json_bodies,
)
@example(verb=b"predict", model=b"m", body=b'{"signature_name": "uneven", "inputs": 1}')
def test_json(site: Site, verb: bytes, model: bytes, body: bytes) -> None:
    site.ask("POST", b"/v1/models/" + model + b":" + verb, [JSON_TYPE], body)


@share(0.05)
@given(body=gzip_bodies)
def test_gzip(site: Site, body: bytes) -> None:
    site.ask("POST", b"/v1/models/m:predict", [JSON_TYPE, (b"content-encoding", b"gzip")], body)


@share(0.1)
@given(body=photo_bodies, kind=st.sampled_from([b"image/jpeg", b"image/x-anything", b"IMAGE/;;"]))
def test_photos(site: Site, body: bytes, kind: bytes) -> None:
    site.ask("POST", b"/v1/models/cars:predict", [(b"content-type", kind)], body)


@share(0.1)
@given(body=form_bodies)
def test_forms(site: Site, body: bytes) -> None:
    kind = b"multipart/form-data; boundary=" + BOUNDARY
    site.ask("POST", b"/v1/models/cars:predict", [(b"content-type", kind)], body)


@share(0.15)
@given(method=methods, target=target_bytes, headers=header_lists, body=edited([*QUESTIONS[:1], *FORMS[:1]]))
def test_targets_and_headers(
    site: Site, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    site.ask(method, target, headers, body)


def answer_rpc(site: Site, name: str, request: bytes) -> None:
    record = Journal(lambda _: None).begin("GRPC", name, name)
    response = next(each[name] for each in messages.METHODS.values() if name in each).response
    answer: bytes | RequestError
    try:
        answer = site.run(site.answers[name](Rpc(request=request, record=record, remaining_s=None)))
    except RequestError as error:
        answer = error
    if isinstance(answer, RequestError):
        assert answer.code not in {ErrorCode.INTERNAL, ErrorCode.UNKNOWN}
        assert str(answer).encode()
    else:
        response.FromString(answer)


@share(0.1)
@given(rpc=rpcs)
def test_rpcs(site: Site, rpc: tuple[str, bytes]) -> None:
    answer_rpc(site, *rpc)


@share(0.15)
@given(request=predicts)
def test_tensors(site: Site, request: bytes) -> None:
    answer_rpc(site, "Predict", request)


class Wire:
    """The client's end of a connection."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name.endswith("name") else None

    def __getattr__(self, _name: str) -> Callable[[], None]:
        return lambda: None


REQUESTS = [
    b"GET /v1/models/m HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 22\r\n\r\n" + b'{"instances": [1.0, 2]}'[:22],
    b"POST /v1/models/m:predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n",
    b"GET /docs HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n",
    b"CONNECT h:1 HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]
PIECES = [b"\n", b": ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]
http_bytes = edited(REQUESTS, [*WORDS, *PIECES, b"a" * 20_000, b"A: b\r\n" * 101])


@share(0.1)
@given(data=http_bytes, cuts=st.lists(st.integers(1, 200), max_size=3))
def test_http(site: Site, data: bytes, cuts: list[int]) -> None:
    sent = site.run(_talk(site.app, data, cuts))
    assert b"HTTP/1.1 500" not in sent
    assert not sent or sent.startswith(b"HTTP/1.1 ")
    assert b"Internal Server Error" not in sent


async def _talk(app: ASGIApp, data: bytes, cuts: list[int]) -> bytes:
    config = uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, access_log=False)
    state = ServerState()
    protocol, wire = HttpProtocol(config=config, server_state=state, app_state={}), Wire()
    protocol.connection_made(wire)  # type: ignore[arg-type]
    while data and not wire.closed:
        size = cuts.pop() if cuts else len(data)
        protocol.data_received(data[:size])
        data = data[size:]
        await asyncio.sleep(0)
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=0.01)
    protocol.connection_lost(None)
    while state.tasks:
        await asyncio.wait(state.tasks)
    return wire.sent


MODELS = b"""model_config_list { config { name: 'm' base_path: '/m' model_platform: "tensorflow"
model_version_policy { specific { versions: 42 versions: 43 } } version_labels { key: 'a' value: 43 } } }"""
BATCHING = b"max_batch_size { value: 8 } batch_timeout_micros { value: 0 } allowed_batch_sizes: [2, 8]"
PEM = rb"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"
TLS = b'server_key: "%s" server_cert: "%s" client_verify: false' % (
    PEM,
    PEM.replace(b"PRIVATE KEY", b"CERTIFICATE"),
)
FILES: Mapping[str, tuple[Callable[[Path], object], bytes]] = {
    "models": (read_model_configs, MODELS),
    "batching": (read_batching_parameters, BATCHING),
    "monitoring": (read_monitoring_config, b'prometheus_config { enable: true path: "/metrics" }'),
    "tls": (read_ssl_config, TLS),
    "keys": (ApiKeys.read, b"# ours\n0123456789abcdef\n"),
}
files = st.sampled_from(sorted(FILES)).flatmap(
    lambda name: st.tuples(
        st.just(name), edited([FILES[name][1]], [*WORDS, b"{", b"}", b":", b"<", b"#", b"\\x"])
    )
)


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """What is wrong with a file; its path, which an error must tell, where nothing is."""
    try:
        read(path)
    except KuzovError as error:
        return str(error)
    return str(path)


# protobuf's own reader of text warns of what it refuses.
@pytest.mark.filterwarnings("ignore:.*invalid escape sequence:DeprecationWarning")
@share(0.025)
@given(file=files)
def test_files_of_settings(tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes]) -> None:
    name, content = file
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    assert str(path) in refusal(FILES[name][0], path)


def records(*found: bytes) -> bytes:
    def checked(data: bytes) -> bytes:
        return data + checksum(data)

    return b"".join(checked(struct.pack("<Q", len(each))) + checked(each) for each in found)


def warmups() -> list[bytes]:
    return [
        messages.PredictionLog(predict_log=messages.PredictLog(request=each)).SerializeToString()
        for each in _messages()["Predict"]
    ]


BUNDLE: Mapping[Path, tuple[Callable[[Path], object], st.SearchStrategy[bytes]]] = {
    Path(SAVED_MODEL): (
        read_signatures,
        edited([(ready_model() / "1" / SAVED_MODEL).read_bytes()[-20_000:]]),
    ),
    WARMUP_REQUESTS: (
        lambda folder: list(warmup_calls(folder)),
        st.builds(records, edited(warmups())) | edited([records(*warmups())]),
    ),
    CARD: (read_card, edited([(ready_model() / "1" / CARD).read_bytes()])),
}
bundle_files = st.sampled_from(list(BUNDLE)).flatmap(lambda file: st.tuples(st.just(file), BUNDLE[file][1]))


@share(0.025)
@given(file=bundle_files)
def test_files_of_a_bundle(tmp_path_factory: pytest.TempPathFactory, file: tuple[Path, bytes]) -> None:
    name, content = file
    folder = tmp_path_factory.getbasetemp() / "bundle"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    assert str(folder) in refusal(BUNDLE[name][0], folder)
