"""The calls of TensorFlow Serving's REST API that compute: predict, classify and regress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

import numpy.typing as npt

from kuzov.serve.calls import Call, ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.monitoring.journal import Record
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.body import inflate
from kuzov.serve.rest.json_answer import classify_json, predict_json, regress_json
from kuzov.serve.rest.json_examples import read_examples
from kuzov.serve.rest.json_request import Form, read_predict
from kuzov.serve.rest.path import Route
from kuzov.serve.rest.photo_body import find_photo_call, is_form, is_photo_type, read_photos
from kuzov.serve.rest.request import Request
from kuzov.serve.service import Service

Result = TypeVar("Result")
Tensors = Mapping[str, npt.NDArray[Any]]

# What is smaller is read or written sooner than another thread would begin with it.
INLINE_BYTES = 16 * 1024


class Calls:
    """Answers a call from the body of its request."""

    def __init__(self, service: Service, limits: Limits, pool: Executor) -> None:
        self._service = service
        self._limits = limits
        self._pool = pool

    async def answer(self, route: Route, request: Request, record: Record, body: bytes) -> Answer:
        """Answer a call.

        Args:
            route: The verb and the model.
            request: The head of the request.
            record: Gets the version, the signature and the number of rows.
            body: Its body.

        Raises:
            RequestError: The body is wrong, the model or its signature is unknown, or the model refuses the
                inputs; in TensorFlow Serving's words.
        """
        if (request.header(b"content-encoding") or "").strip().lower() == "gzip":
            body = await self._in_pool(inflate, body, self._limits.max_inflated_bytes)
        if route.verb == "predict":
            return Answer(body=await self._predict(route.spec, request, body, record))
        return Answer(body=await self._infer(route, body, record))

    async def _predict(self, spec: ModelSpec, request: Request, body: bytes, record: Record) -> bytes:
        content_type = request.header(b"content-type") or ""
        if is_photo_type(content_type):
            call = find_photo_call(self._service, spec)
            # A photo as it is needs no reading; a form does.
            size = len(body) if is_form(content_type) else 0
            photos = await self._run(size, read_photos, body, content_type, self._limits.max_rows)
            tensors: Tensors = dict.fromkeys(call.signature.inputs, photos)
            form = Form.ROW
        else:
            find = partial(self._service.find, spec)
            call, tensors, form = await self._run(len(body), read_predict, body, find)
        record.version, record.signature = call.servable.version, call.signature_name
        record.rows = _rows(call, tensors, form)
        self._limits.check_strings(tensors)
        answer = await self._service.predict(call, tensors)
        size = sum(output.nbytes for output in answer.outputs.values())
        return await self._run(size, predict_json, answer.outputs, form)

    async def _infer(self, route: Route, body: bytes, record: Record) -> bytes:
        name, examples = await self._run(len(body), read_examples, body)
        record.signature, record.rows = name, len(examples)
        self._limits.check_rows(record.rows)
        if route.verb == "classify":
            classified = await self._service.classify(route.spec, name, examples)
            record.version, record.signature = classified.version, classified.signature_name
            return classify_json(classified.results)
        regressed = await self._service.regress(route.spec, name, examples)
        record.version, record.signature = regressed.version, regressed.signature_name
        return regress_json(regressed.results)

    async def _run(self, size: int, function: Callable[..., Result], *args: object) -> Result:
        """Call a function that reads or writes `size` bytes: at once, or off the event loop."""
        if size < INLINE_BYTES:
            return function(*args)
        return await self._in_pool(function, *args)

    async def _in_pool(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *args))


def _rows(call: Call, tensors: Tensors, form: Form) -> int:
    """How many rows a request has; one where its tensors have no batch dimension."""
    if form is Form.COLUMN and not call.servable.engine.batched(call.signature_name):
        return 1
    return max((len(tensor) if tensor.ndim else 1 for tensor in tensors.values()), default=1)
