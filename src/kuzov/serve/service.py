"""What the server does with a request, whatever protocol brought it.

This core knows no HTTP, no JSON and no protobuf. A transport finds the call that a request means, turns the
request's values into the tensors that the call's signature declares, and translates the answer back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import NUMPY_DTYPES
from kuzov.errors import ErrorCode, RequestError, invalid
from kuzov.network import Tensors
from kuzov.records import DEFAULT_SIGNATURE, Signature
from kuzov.serve.calls import (
    Call,
    ClassifyAnswer,
    MetadataAnswer,
    ModelSpec,
    PredictAnswer,
    Prepared,
    RegressAnswer,
    Task,
    UnknownSignatureError,
)
from kuzov.serve.examples import (
    CHECKS,
    CLASSIFY,
    INPUTS,
    PREDICT,
    REGRESS,
    classifications,
    example_tensor,
    regressions,
)
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import Servable, VersionStatus

Compute: TypeAlias = Callable[[Servable, str, Tensors], Awaitable[dict[str, npt.NDArray[Any]]]]
"""Gives all outputs of a signature for what `prepare` made: `kuzov.serve.batching.scheduler.Scheduler`."""

Result = TypeVar("Result")


class Service:
    """Answers requests from loaded models, on an event loop."""

    def __init__(
        self,
        repository: Repository,
        compute: Compute,
        *,
        decode_pool: Executor | None = None,
        observe_decode: Callable[[float], None] = lambda _seconds: None,
        method_name_check: bool = False,
    ) -> None:
        """Answer from the models of a repository.

        Args:
            repository: The loaded models.
            compute: Computes their signatures.
            decode_pool: The event loop's own threads unless given.
            observe_decode: Told how many seconds each request's photos took.
            method_name_check: Whether a signature may do only what its method name says.
        """
        self._repository = repository
        self._compute = compute
        self._decode_pool = decode_pool
        self._observe_decode = observe_decode
        self._method_name_check = method_name_check

    def find(self, spec: ModelSpec, signature_name: str = "") -> Call:
        """The call that a request means; an empty signature name is `serving_default`.

        Raises:
            RequestError: NOT_FOUND where the model or version is not loaded; INVALID where the label or the
                signature is unknown.
        """
        servable = self._servable(spec)
        name = signature_name or DEFAULT_SIGNATURE
        signature = servable.engine.signatures.get(name)
        if signature is None:
            raise UnknownSignatureError(name)
        return Call(servable=servable, signature_name=name, signature=signature)

    async def predict(
        self, call: Call, inputs: Tensors, output_filter: Collection[str] = ()
    ) -> PredictAnswer:
        """Prepare a call, its photos on a decode thread, and compute it; see `prepare` and `compute`."""
        return await self.compute(await self._beside(inputs, self.prepare, call, inputs, output_filter))

    def prepare(self, call: Call, inputs: Tensors, output_filter: Collection[str] = ()) -> Prepared:
        """Check a call's inputs and decode its photos, which takes a while; on any thread.

        Args:
            call: What `find` gave for the request.
            inputs: Of the declared types; DT_STRING tensors are object arrays of `bytes`.
            output_filter: The outputs to answer with; all where it is empty.

        Raises:
            RequestError: INVALID where an input is missing, unknown, of the wrong type or shape, or where a
                photo can't be decoded; INVALID for an output that is unknown or named twice.
        """
        inputs = _with_defaults(call.signature, inputs)
        _check_inputs(call.signature, inputs)
        _check_filter(call.signature, output_filter)
        self._check_method_name(call.signature, PREDICT, CLASSIFY, REGRESS)
        tensors = self._decode(call.servable, call.signature_name, inputs)
        return Prepared(call=call, tensors=tensors, output_filter=tuple(output_filter))

    async def compute(self, prepared: Prepared) -> PredictAnswer:
        """The outputs of a call that `prepare` has prepared.

        Raises:
            RequestError: The model refuses the tensors.
            OverloadedError: Too much work is waiting already.
        """
        call = prepared.call
        outputs = await self._compute(call.servable, call.signature_name, prepared.tensors)
        if prepared.output_filter:
            outputs = {name: outputs[name] for name in prepared.output_filter}
        return PredictAnswer(
            model=call.servable.name,
            version=call.servable.version,
            signature_name=call.signature_name,
            outputs=outputs,
        )

    async def classify(
        self, spec: ModelSpec, signature_name: str, examples: Sequence[bytes]
    ) -> ClassifyAnswer:
        """Classify examples, serialized tensorflow.Example messages, by a signature that takes them.

        Raises:
            RequestError: Unknown model or signature, a signature that does not classify, no examples, or
                examples that the model refuses; in TensorFlow Serving's words.
        """
        return await self._classify(self._servable(spec), signature_name, examples)

    async def regress(self, spec: ModelSpec, signature_name: str, examples: Sequence[bytes]) -> RegressAnswer:
        """Give each example its number; as `classify`."""
        return await self._regress(self._servable(spec), signature_name, examples)

    async def multi_inference(
        self, tasks: Sequence[Task], examples: Sequence[bytes]
    ) -> Sequence[ClassifyAnswer | RegressAnswer]:
        """Several inferences on the same examples, by one version of one model, in the order of the tasks.

        Raises:
            RequestError: As `classify`; also for tasks on different models, or the same one twice.
        """
        if not tasks:
            raise invalid("The request has no tasks; name at least one signature.")
        servable = self._servable(tasks[0].spec)
        check_tasks(tasks, servable.engine.signatures)
        example_tensor(examples)
        answers: list[ClassifyAnswer | RegressAnswer] = []
        for task in tasks:
            infer = self._classify if task.method_name == CLASSIFY else self._regress
            answers.append(await infer(servable, task.signature_name, examples))
        return answers

    async def _classify(
        self, servable: Servable, signature_name: str, examples: Sequence[bytes]
    ) -> ClassifyAnswer:
        name, outputs = await self._infer(servable, signature_name, examples, CLASSIFY)
        results = classifications(outputs, len(examples))
        return ClassifyAnswer(
            model=servable.name, version=servable.version, signature_name=name, results=results
        )

    async def _regress(
        self, servable: Servable, signature_name: str, examples: Sequence[bytes]
    ) -> RegressAnswer:
        name, outputs = await self._infer(servable, signature_name, examples, REGRESS)
        results = regressions(outputs, len(examples))
        return RegressAnswer(
            model=servable.name, version=servable.version, signature_name=name, results=results
        )

    async def _infer(
        self, servable: Servable, signature_name: str, examples: Sequence[bytes], method_name: str
    ) -> tuple[str, Tensors]:
        """The signature that a request means, and its outputs."""
        name = signature_name or DEFAULT_SIGNATURE
        signature = servable.engine.signatures.get(name)
        if signature is None:
            raise invalid(f"No signature was found with the name: {name}")
        CHECKS[method_name](name, signature)
        self._check_method_name(signature, method_name)
        inputs = example_tensor(examples)
        tensors = await self._beside(inputs, self._decode, servable, name, inputs)
        return name, await self._compute(servable, name, tensors)

    def _decode(self, servable: Servable, signature_name: str, inputs: Tensors) -> Tensors:
        start = time.perf_counter()
        tensors = servable.engine.prepare(signature_name, inputs)
        if tensors is not inputs:
            self._observe_decode(time.perf_counter() - start)
        return tensors

    async def _beside(self, inputs: Tensors, work: Callable[..., Result], *args: object) -> Result:
        """Do what strings take long for, as they may be photos, beside the event loop."""
        if not any(tensor.dtype == np.object_ for tensor in inputs.values()):
            return work(*args)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decode_pool, partial(work, *args))

    def model_status(self, spec: ModelSpec) -> tuple[VersionStatus, ...]:
        """The states of a model's versions, or NOT_FOUND. TensorFlow Serving ignores the label too."""
        return self._repository.status(spec.name, spec.version)

    def models(self) -> Mapping[str, tuple[VersionStatus, ...]]:
        """The states of all versions by model, newest first."""
        return {name: self._repository.statuses(name) for name in self._repository.models()}

    def metadata(self, spec: ModelSpec) -> MetadataAnswer:
        """The signatures of a version, and its card; raises as `Repository.get` does."""
        servable = self._servable(spec)
        return MetadataAnswer(
            model=servable.name,
            version=servable.version,
            signatures=servable.engine.signatures,
            card=servable.card,
            folder=servable.folder,
        )

    def _check_method_name(self, signature: Signature, *allowed: str) -> None:
        if self._method_name_check and signature.method_name not in allowed:
            what = " or ".join(allowed)
            raise invalid(f"Expected signature method_name to be one of {what}. Was: {signature.method_name}")

    def _servable(self, spec: ModelSpec) -> Servable:
        return self._repository.get(spec.name, spec.version, spec.label)


def check_tasks(tasks: Sequence[Task], signatures: Mapping[str, Signature]) -> None:
    """Raise INVALID or UNIMPLEMENTED, in TensorFlow Serving's words, for tasks that can't go together."""
    seen: set[str] = set()
    fed: set[str] = set()
    for task in tasks:
        name = task.signature_name or DEFAULT_SIGNATURE
        if task.spec.name != tasks[0].spec.name:
            raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        if name in seen:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        if name not in signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in CHECKS:
            text = f"Unsupported signature method_name: {task.method_name}"
            raise RequestError(ErrorCode.UNIMPLEMENTED, text)
        CHECKS[task.method_name](name, signatures[name])
        fed.add(signatures[name].inputs[INPUTS].name)
        if len(fed) > 1:
            raise invalid("Input tensor must be the same for all Signatures.")


def _with_defaults(signature: Signature, inputs: Tensors) -> Tensors:
    absent = signature.defaults.keys() - inputs.keys()
    return {**{name: signature.defaults[name] for name in absent}, **inputs} if absent else inputs


def _check_filter(signature: Signature, output_filter: Collection[str]) -> None:
    seen: set[str] = set()
    for name in output_filter:
        if name not in signature.outputs:
            known = ",".join(sorted(signature.outputs))
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {{{known}}}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.add(name)


def _check_inputs(signature: Signature, inputs: Tensors) -> None:
    if inputs.keys() != signature.inputs.keys():
        extra = ",".join(sorted(inputs.keys() - signature.inputs.keys()))
        missing = ",".join(sorted(signature.inputs.keys() - inputs.keys()))
        raise invalid(
            f"input size does not match signature: {len(inputs)}!={len(signature.inputs)} "
            f"len({{{','.join(sorted(inputs))}}}) != len({{{','.join(sorted(signature.inputs))}}}). "
            f"Sent extra: {{{extra}}}. Missing but required: {{{missing}}}."
        )
    # TensorFlow numbers a graph's inputs in the order of their tensors' names.
    specs = sorted(signature.inputs.items(), key=lambda each: each[1].name)
    for index, (name, spec) in enumerate(specs):
        expected = NUMPY_DTYPES.get(spec.dtype)
        if expected is None or inputs[name].dtype != np.dtype(expected):
            declared = spec.dtype.removeprefix("DT_").lower()
            raise invalid(f"Expects arg[{index}] to be {declared} but {_type_name(inputs[name])} is provided")


def _type_name(tensor: npt.NDArray[Any]) -> str:
    """TensorFlow's name of a tensor's type, in small letters."""
    dtypes = {np.dtype(numpy): name for name, numpy in NUMPY_DTYPES.items()}
    return dtypes.get(tensor.dtype, tensor.dtype.name).removeprefix("DT_").lower()
