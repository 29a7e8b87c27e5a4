"""Clients that ask without a pause, over REST and gRPC, and remember what they were told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TypeAlias

import grpc

from kuzov.wire import messages

PATIENCE_S = 120  # longer than the server's own deadline, so that its answer to a lost request is seen

Ask: TypeAlias = Callable[[], tuple[str, int | None]]
"""Asks once; gives the status and, where it is told, the version that answered."""


@dataclass(frozen=True, slots=True)
class Load:
    """What clients were told, in the order of the answers."""

    statuses: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


@contextmanager
def under_load(photo: bytes, rest_port: int, rpc_port: int, *, clients: int) -> Iterator[Load]:
    """Let half of the clients ask over REST and half over gRPC; the last answers are there afterwards."""
    load, stop = Load(), threading.Event()

    def go_on(ask: Ask) -> None:
        while not stop.is_set():
            status, version = ask()
            load.statuses.append(status)
            if version is not None:
                load.versions.append(version)

    asks = [
        rest_client(photo, rest_port) if each % 2 else rpc_client(photo, rpc_port) for each in range(clients)
    ]
    threads = [threading.Thread(target=go_on, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def rest_client(photo: bytes, port: int) -> Ask:
    def ask() -> tuple[str, int | None]:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            headers = {"Content-Type": "image/jpeg"}
            connection.request("POST", "/v1/models/img_classifier:predict", photo, headers)
            answer = connection.getresponse()
            answer.read()
            return f"REST {answer.status}", None
        finally:
            connection.close()

    return ask


def rpc_client(photo: bytes, port: int) -> Ask:
    request = messages.PredictRequest()
    request.model_spec.name = "img_classifier"
    request.model_spec.signature_name = "image_bytes"
    tensor = messages.TensorProto(dtype=messages.DT_STRING, string_val=[photo])
    tensor.tensor_shape.dim.add(size=1)
    request.inputs["image_bytes"].CopyFrom(tensor)

    def ask() -> tuple[str, int | None]:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            method = messages.METHODS[messages.PREDICTION_SERVICE]["Predict"]
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method.path)
            try:
                response = messages.PredictResponse.FromString(
                    call(request.SerializeToString(), timeout=PATIENCE_S)
                )
            except grpc.RpcError as error:
                return f"gRPC {error.code().name}", None
            return "gRPC OK", response.model_spec.version.value

    return ask
