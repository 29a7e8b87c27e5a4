"""The calls of TensorFlow Serving's REST API that compute: predict, classify and regress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy.typing as npt

from kuzov.serve.calls import Call, Prepared
from kuzov.serve.core import Core
from kuzov.serve.monitoring.journal import Record
from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.body import inflate, is_packed
from kuzov.serve.rest.json_answer import classify_json, predict_json, regress_json
from kuzov.serve.rest.json_examples import read_examples
from kuzov.serve.rest.json_request import Form, read_predict
from kuzov.serve.rest.photo_body import find_photo_call, is_photos, read_photos, refuse_other_files
from kuzov.serve.rest.request import Request, Route, malformed

Result = TypeVar("Result")
Tensors = Mapping[str, npt.NDArray[Any]]

# What is smaller is read or written sooner than another thread would begin with it.
INLINE_BYTES = 16 * 1024


class Calls:
    """Answers a call from the body of its request."""

    def __init__(self, core: Core) -> None:
        self._service = core.service
        self._limits = core.settings.limits
        self._pool = core.decode_pool

    async def answer(self, route: Route, request: Request, record: Record, body: bytes) -> Answer:
        """Answer a call; the record gets the version, the signature and the number of rows.

        Raises:
            RequestError: The call or the model refuses it, in TensorFlow Serving's words.
        """
        if route.verb == "predict":
            return Answer(body=await self._predict(route, request, record, body))
        return Answer(body=await self._infer(route, request, record, body))

    async def _predict(self, route: Route, request: Request, record: Record, body: bytes) -> bytes:
        read = partial(self._read_predict, route, request, record, body)
        if _is_quick(request, body):
            call, tensors, form = read()
            answer = await self._service.predict(call, tensors)
        else:
            prepared, form = await self._in_pool(self._prepare, read)
            answer = await self._service.compute(prepared)
        if sum(output.nbytes for output in answer.outputs.values()) < INLINE_BYTES:
            return predict_json(answer.outputs, form)
        return await self._in_pool(predict_json, answer.outputs, form)

    def _prepare(self, read: Callable[[], tuple[Call, Tensors, Form]]) -> tuple[Prepared, Form]:
        call, tensors, form = read()
        return self._service.prepare(call, tensors), form

    def _read_predict(
        self, route: Route, request: Request, record: Record, body: bytes
    ) -> tuple[Call, Tensors, Form]:
        body = self._unpack(request, body)
        content_type = request.header(b"content-type") or ""
        if is_photos(body, content_type):
            call, form = find_photo_call(self._service, route.spec, route.signature), Form.ROW
            photos = read_photos(body, content_type, self._limits.max_rows)
            tensors: Tensors = dict.fromkeys(call.signature.inputs, photos)
        else:
            refuse_other_files(body)
            if route.signature:
                raise malformed(request)  # as TensorFlow Serving says: JSON names the signature itself
            call, tensors, form = read_predict(body, partial(self._service.find, route.spec))
        record.version, record.signature = call.servable.version, call.signature_name
        record.rows = _rows(call, tensors, form)
        self._limits.check_strings(tensors)
        return call, tensors, form

    async def _infer(self, route: Route, request: Request, record: Record, body: bytes) -> bytes:
        if _is_quick(request, body):
            name, examples = read_examples(body)
        else:
            name, examples = await self._in_pool(lambda: read_examples(self._unpack(request, body)))
        record.signature, record.rows = name, len(examples)
        self._limits.check_rows(record.rows)
        if route.verb == "classify":
            classified = await self._service.classify(route.spec, name, examples)
            record.version, record.signature = classified.version, classified.signature_name
            return classify_json(classified.results)
        regressed = await self._service.regress(route.spec, name, examples)
        record.version, record.signature = regressed.version, regressed.signature_name
        return regress_json(regressed.results)

    def _unpack(self, request: Request, body: bytes) -> bytes:
        return inflate(body, self._limits.max_inflated_bytes) if is_packed(request) else body

    async def _in_pool(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *args))


def _is_quick(request: Request, body: bytes) -> bool:
    return len(body) < INLINE_BYTES and not is_packed(request)


def _rows(call: Call, tensors: Tensors, form: Form) -> int:
    """How many rows a request has; one where its tensors have no batch dimension."""
    if form is Form.COLUMN and not call.servable.engine.batched(call.signature_name):
        return 1
    return max((len(tensor) if tensor.ndim else 1 for tensor in tensors.values()), default=1)
