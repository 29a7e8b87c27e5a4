"""The REST port: TensorFlow Serving's API, and beside it kuzov's own pages, as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.api_keys import bearer
from kuzov.serve.core import Core
from kuzov.serve.limits import Admission
from kuzov.serve.monitoring.journal import Record, printable
from kuzov.serve.rest.answer import (
    MIN_PACKED_BYTES,
    STATUSES,
    Answer,
    HttpError,
    accepts_gzip,
    cors_headers,
    error_answer,
    expect_method,
    gzip,
    preflight,
    send_answer,
)
from kuzov.serve.rest.asgi import Receive, Scope, Send
from kuzov.serve.rest.body import ClientGoneError, declared_bytes, read_body, while_client_waits
from kuzov.serve.rest.calls import INLINE_BYTES, Calls
from kuzov.serve.rest.extension import Extension
from kuzov.serve.rest.json_answer import status_json
from kuzov.serve.rest.json_metadata import metadata_json
from kuzov.serve.rest.pages import OPEN_PATHS, pages
from kuzov.serve.rest.request import Request, find_route
from kuzov.serve.rest.room import Room

# Requests whose bodies are on their way, for each that may be answered at the time.
READERS_PER_PLACE = 8
_FAILED = "Internal error: the server failed to answer; its log says why."
CUT_OFF = "The server is stopping, and could not wait for the answer. Send the request again."
_log = logging.getLogger(__name__)


class RestApp:
    """The REST port as an ASGI application; every error's body is `{"error": "…"}`."""

    def __init__(
        self, core: Core, extensions: Sequence[Extension] = (), metrics: Callable[[], bytes] | None = None
    ) -> None:
        """The core answers the calls, extensions the paths that are nobody else's; see `pages` of metrics."""
        settings = core.settings
        self._core = core
        self._calls = Calls(core)
        self._pages = pages(core, metrics)
        self._reading = Admission(READERS_PER_PLACE * settings.limits.max_requests)
        self._room = Room()
        self._headers = cors_headers(needs_key=core.keys is not None) if settings.rest.cors else ()
        self._extensions = extensions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request.of(scope)
        record = self._core.journal.begin(
            "REST", request.method, request.target, request.header(b"x-request-id")
        )
        answer: Answer | None = None
        try:
            with suppress(ClientGoneError):
                answer = await self._pack(request, await self._try_answer(request, record, receive))
        finally:
            if answer is None:
                record.status, record.http_status = ErrorCode.CANCELLED, STATUSES[ErrorCode.CANCELLED]
            else:
                record.http_status, record.bytes_out = answer.status, len(answer.body)
            # How long the client then takes to fetch its answer is not the server's time.
            self._core.journal.end(record)
        if answer is not None:
            headers = (*answer.headers, *self._headers, ("x-request-id", record.request_id))
            await send_answer(send, replace(answer, headers=headers))

    async def _try_answer(self, request: Request, record: Record, receive: Receive) -> Answer:
        try:
            return await self._answer(request, record, receive)
        except RequestError as error:
            record.status = error.code
            answer = error_answer(error)
        except ClientGoneError:
            raise
        except asyncio.CancelledError:
            # The server stops, and its time of grace is over; who still waits is to be told in JSON, too.
            record.status = ErrorCode.UNAVAILABLE
            answer = error_answer(RequestError(ErrorCode.UNAVAILABLE, CUT_OFF))
        except Exception:
            _log.exception("Failed to answer %s %s", request.method, printable(request.target))
            record.status = ErrorCode.INTERNAL
            answer = error_answer(RequestError(ErrorCode.INTERNAL, _FAILED))
        if request.header(b"expect") and not record.bytes_in:
            # The client may now send the body that it announced, or keep it: the next request can't be told.
            answer = replace(answer, headers=(*answer.headers, ("connection", "close")))
        return answer

    async def _answer(self, request: Request, record: Record, receive: Receive) -> Answer:
        if request.is_of_api:
            record.api = ""
            if request.method == "OPTIONS":
                return preflight(request)
        extension = None if request.is_of_api else self._extension(request.path)
        is_open = request.path in OPEN_PATHS or (extension is not None and extension.is_open(request.path))
        if self._core.keys is not None and not is_open:
            self._core.keys.check(request.header(b"x-api-key") or bearer(request.header(b"authorization")))
        page = self._pages.get(request.path)
        if page is not None:
            expect_method(request, "GET", "HEAD")
            return page()
        if extension is not None:
            answer = partial(extension.answer, request)
            return await self._within_limits(request, record, receive, extension.max_body_bytes, answer)
        if not request.is_of_api:
            text = f"There is nothing at {request.target}; the API's paths begin with /v1/models/."
            raise HttpError(ErrorCode.NOT_FOUND, 404, text)
        route = find_route(request)
        record.model = route.spec.name
        if route.verb == "status":
            return Answer(body=status_json(self._core.service.model_status(route.spec)))
        if route.verb == "metadata":
            return Answer(body=metadata_json(self._core.service.metadata(route.spec)))
        record.api = route.verb
        call = partial(self._calls.answer, route, request, record)
        return await self._within_limits(
            request, record, receive, self._core.settings.limits.max_body_bytes, call
        )

    def _extension(self, path: str) -> Extension | None:
        return next((each for each in self._extensions if each.owns(path)), None)

    async def _within_limits(
        self,
        request: Request,
        record: Record,
        receive: Receive,
        max_body_bytes: int,
        answer: Callable[[bytes], Awaitable[Answer]],
    ) -> Answer:
        """Read and answer a body: within the time limit, in a place of its own, while the client waits."""
        read = False
        try:
            async with asyncio.timeout(self._core.settings.limits.request_timeout_s) as deadline:
                with ExitStack() as held:
                    body = await self._read(request, receive, max_body_bytes, held)
                    record.bytes_in = len(body)
                    read = True
                    held.enter_context(self._core.admission.enter())
                    async with while_client_waits(receive):
                        return await answer(body)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise self._too_late(record, read=read) from None

    def _too_late(self, record: Record, *, read: bool) -> RequestError:
        seconds = f"{self._core.settings.limits.request_timeout_s:g} seconds"
        if not read:
            text = f"The request's body did not arrive within {seconds}. Send it again."
            return HttpError(ErrorCode.DEADLINE_EXCEEDED, 408, text, (("connection", "close"),))
        advice = "Send fewer rows in one request." if record.api else "Try again in a while."
        text = f"The answer was not ready within {seconds}. {advice}"
        return RequestError(ErrorCode.DEADLINE_EXCEEDED, text)

    async def _read(self, request: Request, receive: Receive, max_bytes: int, held: ExitStack) -> bytes:
        """The body; there is room for it until `held` is left."""
        # A place is taken only afterwards: clients that send a byte a second would hold all of them.
        self._core.admission.check()
        with self._reading.enter():
            held.enter_context(await self._room.enter(declared_bytes(request, max_bytes)))
            return await read_body(receive, max_bytes)

    async def _pack(self, request: Request, answer: Answer) -> Answer:
        """The answer, packed by gzip where the client asks for it."""
        if len(answer.body) < MIN_PACKED_BYTES:
            return answer
        headers = (*answer.headers, ("vary", "Accept-Encoding"))
        if not accepts_gzip(request.header(b"accept-encoding")):
            return replace(answer, headers=headers)
        if len(answer.body) < INLINE_BYTES:
            packed = gzip(answer.body)
        else:
            packed = await asyncio.get_running_loop().run_in_executor(
                self._core.decode_pool, gzip, answer.body
            )
        return replace(answer, body=packed, headers=(*headers, ("content-encoding", "gzip")))
