"""One record for every request, whatever protocol brought it: it is counted, and it is logged."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, TypeAlias

from kuzov.errors import ErrorCode

EntryPoint: TypeAlias = Literal["REST", "GRPC"]

REQUEST_LOG = "kuzov.requests"
MAX_LOGGED_PATH = 200

_REQUEST_ID = re.compile(r"[!-~]{1,128}")
_log = logging.getLogger(REQUEST_LOG)


@dataclass(slots=True, kw_only=True)
class Record:
    """What is known of one request; whoever answers it fills it in on the way.

    Attributes:
        method: The HTTP method, or the RPC's name.
        api: TensorFlow's name of the API: "predict" over REST, "Predict" over gRPC, "" for the REST API's
            GETs; None for what TensorFlow Serving does not count, such as our own pages.
        model: The model's name as the request gives it, "" where it gives none.
        version: The version that answers, once it is known.
        rows: Rows, photos or examples in the request.
        status: The kind of failure; None where the request was answered.
        http_status: None over gRPC.
        started: When the request began, by `time.perf_counter`.
        seconds: How long it took, once it has ended.
    """

    protocol: EntryPoint
    method: str
    path: str
    request_id: str
    api: str | None = None
    model: str = ""
    version: int | None = None
    signature: str = ""
    rows: int = 0
    status: ErrorCode | None = None
    http_status: int | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    started: float = field(default_factory=perf_counter)
    seconds: float = 0.0

    @property
    def status_name(self) -> str:
        """The status by the name that TensorFlow and gRPC share, "OK" included."""
        return "OK" if self.status is None else self.status.value

    def __str__(self) -> str:
        """One line for people."""
        version = "" if self.version is None else f", version {self.version}"
        model = f" {printable(self.model)}{version}:" if self.model else ""
        http = "" if self.http_status is None else f" ({self.http_status})"
        return (
            f"{self.protocol} {printable(self.method)} {printable(self.path)}:{model} "
            f"{self.status_name}{http}, {self.rows} rows, {self.seconds * 1000:.1f} ms, "
            f"{self.bytes_in} bytes in, {self.bytes_out} bytes out, request {self.request_id}"
        )


class Journal:
    """Opens a record when a request comes in, and closes it when the request is answered.

    Safe to use from several threads; a record belongs to the one that answers its request.
    """

    def __init__(self, count: Callable[[Record], object]) -> None:
        self._count = count

    def begin(self, protocol: EntryPoint, method: str, path: str, request_id: str | None = None) -> Record:
        """Open the record of a request, which keeps its client's id as `fit_request_id` says."""
        return Record(protocol=protocol, method=method, path=path, request_id=fit_request_id(request_id))

    def end(self, record: Record) -> None:
        """Count a request that was answered or refused, and log it."""
        record.seconds = perf_counter() - record.started
        self._count(record)
        _log.info(record)


def fit_request_id(text: str | None) -> str:
    """A client's id of a request if it is 1 to 128 printable ASCII characters, no space; else a new one."""
    return text if text is not None and _REQUEST_ID.fullmatch(text) else secrets.token_hex(16)


def printable(text: str) -> str:
    """A client's text for a line of the log: cut, and with no character that could forge another line."""
    shown = text if len(text) <= MAX_LOGGED_PATH else f"{text[:MAX_LOGGED_PATH]}…"
    return shown if shown.isprintable() else shown.encode("unicode_escape").decode("ascii")
