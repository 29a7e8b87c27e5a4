"""What every RPC passes on its way in and out: key, admission, deadline, journal, errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.api_keys import bearer
from kuzov.serve.core import Core
from kuzov.serve.limits import RETRY_AFTER_S
from kuzov.serve.monitoring.journal import Record

MAX_DETAILS = 1024
"""Longer texts are cut: gRPC sends them in HTTP/2's trailers, whose size clients bound."""
CUT = "...TRUNCATED"
STATUS_CODES: Mapping[ErrorCode, grpc.StatusCode] = {code: grpc.StatusCode[code.value] for code in ErrorCode}

REQUEST_ID, RETRY_AFTER = "x-request-id", "grpc-retry-pushback-ms"
COUNTED = frozenset({"Predict", "Classify", "Regress"})
"""The RPCs that TensorFlow Serving's metrics count."""
COMPUTED = COUNTED | {"MultiInference"}
"""Those that a model computes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One request, its message serialized; whoever answers notes in the record what it learns."""

    request: bytes
    record: Record
    remaining_s: float | None  # that its client will wait; None for any time


_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Answer: TypeAlias = Callable[[Rpc], Awaitable[bytes]]
"""Answers a request with the response's message, serialized."""


class Gate:
    """Lets RPCs in and out."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handler(self, path: str, answer: Answer, *, computes: bool) -> grpc.RpcMethodHandler[bytes, bytes]:
        """What gRPC calls for a method.

        Args:
            path: As /tensorflow.serving.PredictionService/Predict.
            answer: An error that is no RequestError is logged; the client learns only that there was one.
            computes: Whether a model computes the answer. Then a request needs a place, and its time is
                limited; others are answered however busy the server is.
        """

        async def handle(request: bytes, context: _Context) -> bytes:
            try:
                return await self._recorded(path, answer, computes, request, context)
            except RequestError as error:
                if isinstance(error, OverloadedError):
                    retry_after = (RETRY_AFTER, str(RETRY_AFTER_S * 1000))
                    context.set_trailing_metadata((*context.trailing_metadata(), retry_after))
                await context.abort(STATUS_CODES[error.code], details(str(error)))
                raise  # abort never returns

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _recorded(
        self, path: str, answer: Answer, computes: bool, request: bytes, context: _Context
    ) -> bytes:
        given = context.invocation_metadata() or ()
        metadata = {key: value for key, value in given if isinstance(value, str)}
        method = path.rpartition("/")[2]
        record = self._core.journal.begin("GRPC", method, path, metadata.get(REQUEST_ID))
        record.api = method if method in COUNTED else None
        record.bytes_in = len(request)
        context.set_trailing_metadata(((REQUEST_ID, record.request_id),))
        rpc = Rpc(request=request, record=record, remaining_s=context.time_remaining())
        try:
            self._check_key(metadata)
            response = await (self._admitted(answer, rpc) if computes else answer(rpc))
            record.bytes_out = len(response)
        except RequestError as error:
            record.status = error.code
            raise
        except asyncio.CancelledError:
            late = context.time_remaining() == 0
            record.status = ErrorCode.DEADLINE_EXCEEDED if late else ErrorCode.CANCELLED
            raise
        except Exception as error:
            _log.exception("Failed to answer %s, request %s", path, record.request_id)
            record.status = ErrorCode.INTERNAL
            text = "Internal error: the server failed to answer; its log says why."
            raise RequestError(ErrorCode.INTERNAL, text) from error
        finally:
            self._core.journal.end(record)
        return response

    def _check_key(self, metadata: Mapping[str, str]) -> None:
        if self._core.keys is not None:
            self._core.keys.check(bearer(metadata.get("authorization")) or metadata.get("x-api-key"))

    async def _admitted(self, answer: Answer, rpc: Rpc) -> bytes:
        own, remaining = self._core.settings.limits.request_timeout_s, rpc.remaining_s
        allowed_s = own if remaining is None else min(own, remaining)
        with self._core.admission.enter():
            try:
                async with asyncio.timeout(allowed_s) as deadline:
                    return await answer(rpc)
            except TimeoutError:
                if not deadline.expired():
                    raise
                raise RequestError(
                    ErrorCode.DEADLINE_EXCEEDED,
                    f"The answer was not ready within {allowed_s:g} seconds. Send fewer rows in one request.",
                ) from None


def details(message: str) -> str:
    """An error's text as a client gets it: at most 1024 bytes of UTF-8, and a note where it was cut."""
    text = message.encode("utf-8", "replace")
    cut = text[:MAX_DETAILS].decode("utf-8", "ignore")
    return cut + CUT if len(text) > MAX_DETAILS else cut
