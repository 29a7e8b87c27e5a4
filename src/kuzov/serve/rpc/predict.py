"""PredictionService.Predict: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy.typing as npt

from kuzov.errors import ErrorCode, RequestError, invalid
from kuzov.records import DEFAULT_SIGNATURE, Signature
from kuzov.serve.calls import Call, PredictAnswer, UnknownSignatureError
from kuzov.serve.core import Core
from kuzov.serve.monitoring.journal import Record
from kuzov.serve.rpc.gate import Rpc
from kuzov.serve.rpc.request import check_has_spec, not_a_message, off_loop, read_spec
from kuzov.serve.rpc.response import write_spec
from kuzov.wire import messages
from kuzov.wire.predict_request import lift_tensors
from kuzov.wire.tensors import LAYOUTS, from_numpy, shape_of, to_numpy

Tensors = Mapping[str, npt.NDArray[Any]]


class Predict:
    """Answers the method's requests."""

    def __init__(self, core: Core) -> None:
        self._service = core.service
        self._limits = core.settings.limits
        self._pool = core.decode_pool
        self._tensor_content = core.settings.rpc.tensor_content

    async def __call__(self, rpc: Rpc) -> bytes:
        """Compute a signature's outputs.

        Raises:
            RequestError: The request can't be read, or the service refuses it.
        """
        question = await off_loop(self._pool, len(rpc.request), self._read, rpc.request, rpc.record)
        answer = await self._service.predict(*question)
        size = sum(output.nbytes for output in answer.outputs.values())
        return await off_loop(self._pool, size, self._write, answer)

    def _read(self, request: bytes, record: Record) -> tuple[Call, Tensors, Collection[str]]:
        """The call that a request means, its inputs, and the outputs that it asks for."""
        try:
            message, lifted = lift_tensors(request)
        except messages.DecodeError as error:
            raise not_a_message(messages.PredictRequest.DESCRIPTOR.full_name) from error
        check_has_spec(message)
        spec = read_spec(message.model_spec)
        signature_name = message.model_spec.signature_name
        record.model, record.signature = spec.name, signature_name or DEFAULT_SIGNATURE
        try:
            call = self._service.find(spec, signature_name)
        except UnknownSignatureError as error:
            text = f'Serving signature key "{error.signature}" not found.'
            raise RequestError(ErrorCode.FAILED_PRECONDITION, text) from error
        record.version = call.servable.version
        _check_names(call.signature, message.inputs)
        inputs = {
            name: lifted[name] if name in lifted else self._array(name, tensor)
            for name, tensor in message.inputs.items()
        }
        record.rows = max((len(array) for array in inputs.values() if array.ndim), default=0)
        self._limits.check_strings(inputs)
        return call, inputs, message.output_filter

    def _array(self, name: str, tensor: messages.TensorProto) -> npt.NDArray[Any]:
        try:
            self._check_size(name, tensor)
            return to_numpy(tensor)
        except ValueError as error:
            raise invalid(f"tensor parsing error: {name}") from error

    def _check_size(self, name: str, tensor: messages.TensorProto) -> None:
        """Refuse a small message that stands for a huge tensor: one value and a shape to repeat it in."""
        _, elements = shape_of(tensor.tensor_shape)
        layout = LAYOUTS.get(tensor.dtype)
        size = elements * (layout.stored.itemsize if layout else 8)
        limit = max(self._limits.max_inflated_bytes, self._limits.max_body_bytes)
        if size > limit:
            raise invalid(
                f"Input {name!r} has {size} bytes by its shape, but this server takes at most {limit} at "
                "a time. Send them in several requests."
            )

    def _write(self, answer: PredictAnswer) -> bytes:
        response = messages.PredictResponse(
            outputs={
                name: from_numpy(output, as_content=self._tensor_content)
                for name, output in answer.outputs.items()
            }
        )
        write_spec(response.model_spec, answer)
        return response.SerializeToString()


def _check_names(signature: Signature, sent: Collection[str]) -> None:
    """Raise INVALID for inputs of other names; a wrong number of them is left to the service."""
    known, names = signature.inputs, ",".join(sorted(sent))
    if len(sent) > len(known) or (len(sent) < len(known) and not signature.defaults):
        return
    for name in sorted(known.keys() - signature.defaults.keys()):
        if name not in sent:
            raise invalid(
                f"Signature input alias: {name}(feed name: {known[name].name}) not found in request and no "
                f"default value provided. Inputs expected to be in the request {{{names}}}, or default input "
                f"alias set: {','.join(sorted(signature.defaults))}"
            )
    if not known.keys() >= set(sent):
        used = ",".join(sorted(known.keys() & set(sent)))
        raise invalid(f"Inputs contains invalid name. Used request inputs: {used}, request input: {names}")
