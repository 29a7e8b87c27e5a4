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
from kuzov.serve.monitoring.journal import Record
from kuzov.serve.rpc.statuses import STATUS_CODES, details

REQUEST_ID, RETRY_AFTER = "x-request-id", "grpc-retry-pushback-ms"
COUNTED = frozenset({"Predict", "Classify", "Regress"})
"""The RPCs that TensorFlow Serving's metrics count."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One request.

    Attributes:
        request: Its message, serialized.
        record: What is known of it; whoever answers notes there what it learns.
        remaining_s: Time that its client will wait yet, in seconds; None for any time.
    """

    request: bytes
    record: Record
    remaining_s: float | None


_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Answer: TypeAlias = Callable[[Rpc], Awaitable[bytes]]
"""Answers a request with the response's message, serialized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Lets RPCs in and out."""

    core: Core

    def handler(self, path: str, answer: Answer, *, computes: bool) -> grpc.RpcMethodHandler[bytes, bytes]:
        """What gRPC calls for a method.

        Args:
            path: The method's path: /tensorflow.serving.PredictionService/Predict.
            answer: Answers its requests. An error that is not a RequestError is logged, and the client is
                only told that there was one.
            computes: Whether a model computes the answer. Then a request needs a place, and its time is
                limited; others are answered however busy the server is.
        """

        async def handle(request: bytes, context: _Context) -> bytes:
            try:
                return await self._recorded(path, answer, computes, request, context)
            except RequestError as error:
                if isinstance(error, OverloadedError):
                    retry_after = (RETRY_AFTER, str(error.retry_after_s * 1000))
                    context.set_trailing_metadata((*context.trailing_metadata(), retry_after))
                await context.abort(STATUS_CODES[error.code], details(str(error)))
                raise  # abort never returns

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _recorded(
        self, path: str, answer: Answer, computes: bool, request: bytes, context: _Context
    ) -> bytes:
        metadata = {
            key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)
        }
        method = path.rpartition("/")[2]
        record = self.core.journal.begin("GRPC", method, path, metadata.get(REQUEST_ID))
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
            self.core.journal.end(record)
        return response

    def _check_key(self, metadata: Mapping[str, str]) -> None:
        if self.core.keys is not None:
            self.core.keys.check(bearer(metadata.get("authorization")) or metadata.get("x-api-key"))

    async def _admitted(self, answer: Answer, rpc: Rpc) -> bytes:
        own, remaining = self.core.settings.limits.request_timeout_s, rpc.remaining_s
        allowed_s = own if remaining is None else min(own, remaining)
        with self.core.admission.enter():
            try:
                async with asyncio.timeout(allowed_s) as deadline:
                    return await answer(rpc)
            except TimeoutError:
                if not deadline.expired():
                    raise
                text = (
                    f"The answer was not ready within {allowed_s:g} seconds. Send fewer rows in one request."
                )
                raise RequestError(ErrorCode.DEADLINE_EXCEEDED, text) from None
