"""tensorflow.serving.PredictionService: everything that models compute, and what they tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from kuzov.errors import invalid
from kuzov.records import DEFAULT_SIGNATURE
from kuzov.serve import calls
from kuzov.serve.calls import ModelSpec, Task
from kuzov.serve.core import Core
from kuzov.serve.rpc.gate import Answer, Rpc
from kuzov.serve.rpc.predict import Predict
from kuzov.serve.rpc.request import off_loop, parse, parse_about_model, read_examples, read_spec
from kuzov.serve.rpc.response import (
    classification_result,
    inference_result,
    regression_result,
    signature_def_map,
    write_spec,
)
from kuzov.wire import messages

SIGNATURE_DEF = "signature_def"
_ANY = "type.googleapis.com"

_Response: TypeAlias = (
    messages.ClassificationResponse | messages.RegressionResponse | messages.GetModelMetadataResponse
)


class PredictionService:
    """Answers the service's methods."""

    def __init__(self, core: Core) -> None:
        self._service = core.service
        self._limits = core.settings.limits
        self._pool = core.decode_pool
        self.methods: Mapping[str, Answer] = {
            "Predict": Predict(core),
            "Classify": self.classify,
            "Regress": self.regress,
            "MultiInference": self.multi_inference,
            "GetModelMetadata": self.get_model_metadata,
        }

    async def classify(self, rpc: Rpc) -> bytes:
        """For each example its classes with their scores."""
        answer = await self._service.classify(*await self._read(messages.ClassificationRequest, rpc))
        return _write(rpc, messages.ClassificationResponse(result=classification_result(answer)), answer)

    async def regress(self, rpc: Rpc) -> bytes:
        """For each example its number."""
        answer = await self._service.regress(*await self._read(messages.RegressionRequest, rpc))
        return _write(rpc, messages.RegressionResponse(result=regression_result(answer)), answer)

    async def multi_inference(self, rpc: Rpc) -> bytes:
        """Classifications and regressions of the same examples, by one model."""
        kind = messages.MultiInferenceRequest
        message = await off_loop(self._pool, len(rpc.request), parse, kind, rpc.request)
        tasks = _read_tasks(message)
        rpc.record.model = tasks[0].spec.name
        examples = await self._read_examples(message.input, rpc)
        answers = await self._service.multi_inference(tasks, examples)
        response = messages.MultiInferenceResponse()
        for answer in answers:
            rpc.record.version = answer.version
            result = inference_result(answer)
            write_spec(result.model_spec, answer)
            response.results.append(result)
        return response.SerializeToString()

    async def get_model_metadata(self, rpc: Rpc) -> bytes:
        """A version's signatures."""
        message = parse_about_model(messages.GetModelMetadataRequest, rpc.request)
        if not message.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in message.metadata_field:
            if field != SIGNATURE_DEF:
                raise invalid(f"Metadata field {field} is not supported")
        spec = read_spec(message.model_spec)
        rpc.record.model = spec.name
        answer = self._service.metadata(spec)
        signatures = signature_def_map(answer.signatures)
        response = messages.GetModelMetadataResponse()
        packed = response.metadata[SIGNATURE_DEF]
        packed.type_url = f"{_ANY}/{signatures.DESCRIPTOR.full_name}"
        packed.value = signatures.SerializeToString()
        return _write(rpc, response, answer)

    async def _read(
        self, kind: type[messages.ClassificationRequest] | type[messages.RegressionRequest], rpc: Rpc
    ) -> tuple[ModelSpec, str, list[bytes]]:
        message = await off_loop(self._pool, len(rpc.request), parse_about_model, kind, rpc.request)
        spec = read_spec(message.model_spec)
        signature_name = message.model_spec.signature_name
        rpc.record.model, rpc.record.signature = spec.name, signature_name or DEFAULT_SIGNATURE
        return spec, signature_name, await self._read_examples(message.input, rpc)

    async def _read_examples(self, message: messages.Input, rpc: Rpc) -> list[bytes]:
        examples = await off_loop(self._pool, len(rpc.request), read_examples, message, self._limits)
        rpc.record.rows = len(examples)
        return examples


def _write(rpc: Rpc, response: _Response, answer: calls.Answer) -> bytes:
    rpc.record.version = answer.version
    write_spec(response.model_spec, answer)
    return response.SerializeToString()


def _read_tasks(message: messages.MultiInferenceRequest) -> list[Task]:
    # The first task says which model it is about; without tasks none does.
    read_spec(message.tasks[0].model_spec if message.tasks else messages.ModelSpec())
    if not all(task.model_spec.name for task in message.tasks):
        raise invalid("Found ModelSpec with an empty model name.")
    return [
        Task(
            spec=read_spec(task.model_spec),
            signature_name=task.model_spec.signature_name,
            method_name=task.method_name,
        )
        for task in message.tasks
    ]
