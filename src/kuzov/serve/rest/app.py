"""TensorFlow Serving's REST API over the service."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.json_answer import error_json, metadata_json, predict_json, status_json
from kuzov.serve.json_request import read_predict
from kuzov.serve.rest_path import Route, is_api_path, read_path
from kuzov.serve.service import ModelSpec, Service

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_INFLATED_BYTES = 100 * 1000 * 1000

STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.INVALID: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNIMPLEMENTED: 501,
    ErrorCode.UNAVAILABLE: 503,
}

_log = logging.getLogger(__name__)


def rest_app(service: Service) -> ASGIApp:
    """The REST API as an ASGI application."""
    app = Starlette()
    # The API has its own rules for paths, so it takes whatever no route takes.
    app.router.default = RestApi(service)
    return app


class RestApi:
    """Answers every path: what is not TensorFlow Serving's API is not found."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the body of every error is `{"error": "…"}`."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RequestError as error:
            response = _error(STATUSES[error.code], str(error))
        except HTTPException as error:
            response = _error(error.status_code, error.detail)
        except ClientDisconnect:
            return
        except Exception:
            _log.exception("Failed to answer %s %s", request.method, _target(scope))
            response = _error(500, "Internal error: the server failed to answer; its log says why.")
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        target = _target(request.scope)
        if not is_api_path(target):
            raise HTTPException(404, f"There is nothing at {target}; the API's paths begin with /v1/models/.")
        route = read_path(request.method, target)
        if route.verb == "predict":
            body = await _read_body(request)
            gzipped = request.headers.get("content-encoding", "").lower() == "gzip"
            # Reading a large body takes as long as inference: both stay off the event loop.
            return _ok(await run_in_threadpool(self._predict, route.spec, body, gzipped))
        return _ok(self._read(route))

    def _predict(self, spec: ModelSpec, body: bytes, gzipped: bool) -> bytes:
        text = _inflate(body) if gzipped else body
        call, inputs, form = read_predict(text, lambda name: self._service.find(spec, name))
        return predict_json(self._service.predict(call, inputs).outputs, form)

    def _read(self, route: Route) -> bytes:
        if route.verb == "status":
            return status_json(self._service.model_status(route.spec))
        if route.verb == "metadata":
            return metadata_json(self._service.metadata(route.spec))
        text = f"This server does not answer :{route.verb}. Send the request to :predict instead."
        raise RequestError(ErrorCode.UNIMPLEMENTED, text)


def _target(scope: Scope) -> str:
    """The path and query as they stand in the request line."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def _read_body(request: Request) -> bytes:
    too_large = _too_large("The request's body", MAX_BODY_BYTES)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise too_large
    return b"".join(chunks)


def _inflate(body: bytes) -> bytes:
    """Unpack a gzip body. A broken one reads as empty, as in TensorFlow Serving."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(body, MAX_INFLATED_BYTES + 1)
    except zlib.error:
        return b""
    if len(text) > MAX_INFLATED_BYTES:
        raise _too_large("The unpacked body", MAX_INFLATED_BYTES)
    return text if inflater.eof else b""


def _too_large(what: str, limit: int) -> HTTPException:
    text = f"{what} is larger than {limit} bytes. Send fewer photos in one request, or smaller ones."
    return HTTPException(413, text)


def _ok(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _error(status: int, message: str) -> Response:
    return Response(error_json(message), status_code=status, media_type="application/json")
