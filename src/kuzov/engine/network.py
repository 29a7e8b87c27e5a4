"""A network that OpenVINO has compiled for this machine's processor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.engine.engine import Tensors
from kuzov.errors import ErrorCode, RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How a network is computed.

    Attributes:
        precision: "f32", "bf16", or "int8", which the network has to be quantised for.
        threads: Processor cores to use; 0 for all.
        streams: Calls that are computed at the same time, each on its share of the threads; 1 or more.
    """

    precision: str
    threads: int = 0
    streams: int = 1


class Network:
    """A compiled network with named inputs and outputs. Safe to call from several threads at once."""

    def __init__(
        self, model: openvino.Model, settings: NetworkSettings, outputs: Sequence[str] | None = None
    ) -> None:
        """Compile for this machine's processor.

        Args:
            model: The network; the names of its inputs and outputs stay.
            settings: How it is computed.
            outputs: Names of the outputs to give, of those that `names_of` tells; all where not given.

        Raises:
            RuntimeError: OpenVINO can't; `own_words` makes a sentence of it.
        """
        quantised = settings.precision == "int8"
        options = {
            # What a quantised network leaves in float is computed in float32.
            "INFERENCE_PRECISION_HINT": "f32" if quantised else settings.precision,
            "INFERENCE_NUM_THREADS": settings.threads,
            "NUM_STREAMS": settings.streams,
        }
        self._compiled = openvino.Core().compile_model(model, "CPU", options)
        computed = str(self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())
        self.precision = "int8" if quantised else computed
        if outputs is None:
            outputs = [output.get_any_name() for output in self._compiled.outputs]
        names = names_of(self._compiled.outputs)
        # A name that two outputs share is one tensor's, so either will do.
        self._outputs = {name: next(i for i, known in enumerate(names) if name in known) for name in outputs}
        tensors = (*self._compiled.inputs, *self._compiled.outputs)
        self.batched = all(_has_batch_dimension(each.get_partial_shape()) for each in tensors)
        # An infer request holds one call's tensors, so each thread has its own.
        self._local = threading.local()

    def __call__(self, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Compute all outputs, by name; they are copies, the next call leaves them alone.

        Raises:
            RequestError: INVALID where a shape does not fit the model.
        """
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        try:
            # A tensor that is a part of a message may stand at any byte; OpenVINO's kernels want it aligned.
            aligned = {name: np.require(tensor, requirements=["C", "A"]) for name, tensor in inputs.items()}
            results = self._local.request.infer(aligned, share_inputs=True)
        except RuntimeError as error:
            text = f"The model refuses these inputs: {own_words(error)}"
            raise RequestError(ErrorCode.INVALID, text) from error
        return {name: results[index] for name, index in self._outputs.items()}

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs that a call gives."""
        return list(self._outputs)


def names_of(tensors: Sequence[openvino.Output]) -> list[set[str]]:
    """All the names of each input or output of a network; several may go by one tensor."""
    return [tensor.get_names() for tensor in tensors]


def bfloat16_available() -> bool:
    """Whether this processor computes in bfloat16."""
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


def own_words(error: RuntimeError) -> str:
    """OpenVINO's own sentence, without the lines that name its source files."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return " ".join(told or lines)


def _has_batch_dimension(shape: openvino.PartialShape) -> bool:
    return bool(shape.rank.is_static and shape.rank.get_length() > 0 and shape[0].is_dynamic)
