"""A network that OpenVINO has compiled for this machine's processor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from kuzov.compiled import CORE, compile_network
from kuzov.errors import invalid
from kuzov.words import Words

Tensors = Mapping[str, npt.NDArray[Any]]

log = logging.getLogger(__name__)

CAN_NOT_RUN = Words(
    "OpenVINO can't run the model in {folder}: {why}.",
    "OpenVINO не может выполнить модель в {folder}: {why}.",
)

# OpenVINO looks NumPy up at the first access to any tensor's numbers, and two threads that get there together
# wait for each other for ever: one for the interpreter's lock, the other, which has it, for the look-up.
_NUMPY_IS_LOOKED_UP = openvino.Tensor(openvino.Type.f32, [1]).data is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How a network is computed.

    Attributes:
        precision: "f32", "bf16", or "int8", which the network has to be quantised for.
        threads: Processor cores to use; 0 for all.
        streams: Calls that are computed at the same time, each on its share of the threads; 1 or more.
        lone_calls: Whether calls that find no other under way are expected, and get all threads. It takes
            another compiled network, and costs time where other work fills the cores meanwhile.
        rows_apart: Whether the network, which has one input and an open number of rows, is known to compute
            each row as if it were alone. Then it is compiled for one row, and several are computed in turn.
    """

    precision: str
    threads: int = 0
    streams: int = 1
    lone_calls: bool = True
    rows_apart: bool = False


class _Request:
    """An infer request of any number of rows, which reads the inputs where they are."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._request = compiled.create_infer_request()

    def infer(self, inputs: Tensors) -> list[npt.NDArray[Any]]:
        # A tensor that is a part of a message may stand at any byte; OpenVINO's kernels want it aligned.
        aligned = {name: np.require(tensor, requirements=["C", "A"]) for name, tensor in inputs.items()}
        results = self._request.infer(aligned, share_inputs=True)
        return [results[index] for index in range(len(results))]


class _RowRequest:
    """An infer request of one row, of one input. Rows are copied to where OpenVINO has put its own tensors.

    To tell it of another place for every row costs more than the copy: docs/adr/0011.
    """

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._request = compiled.create_infer_request()
        self._input = self._request.get_input_tensor(0).data
        count = len(compiled.outputs)
        self._outputs = [self._request.get_output_tensor(index).data for index in range(count)]

    def infer(self, inputs: Tensors) -> list[npt.NDArray[Any]]:
        ((name, rows),) = inputs.items()
        known = self._input
        # NumPy would repeat what is too small.
        if rows.shape[1:] != known.shape[1:] or rows.dtype != known.dtype or not rows.ndim:
            raise RuntimeError(
                f"{name!r} is {rows.dtype} of shape {[*rows.shape]}, but has to be "
                f"{known.dtype} of shape {[-1, *known.shape[1:]]}."
            )
        found = [np.empty((len(rows), *each.shape[1:]), each.dtype) for each in self._outputs]
        for index, row in enumerate(rows):
            known[0] = row
            self._request.start_async()
            self._request.wait()
            for whole, part in zip(found, self._outputs, strict=True):
                whole[index] = part[0]
        return found


class _Requests(threading.local):
    """Infer requests of a compiled network: each holds one call's tensors, so each thread has its own."""

    def __init__(self, compiled: openvino.CompiledModel, *, by_row: bool) -> None:
        self._compiled, self._by_row = compiled, by_row

    @cached_property
    def mine(self) -> _Request | _RowRequest:
        return _RowRequest(self._compiled) if self._by_row else _Request(self._compiled)


class Network:
    """A compiled network with named inputs and outputs. Safe to call from several threads at once.

    Attributes:
        precision: What it is computed in: "f32", "bf16", "int8".
        inputs: All the names that each input goes by.
        outputs: Likewise of each output.
    """

    def __init__(self, source: openvino.Model | Path, settings: NetworkSettings) -> None:
        """Compile for this machine's processor; see `compile_network` of networks in files.

        Raises:
            RuntimeError: OpenVINO can't; `own_words` makes a sentence of it.
        """
        self._settings = settings
        self._lock = threading.Lock()
        self._under_way = 0
        shared = self._compile(source, settings.streams)
        computed = str(shared.get_property("INFERENCE_PRECISION_HINT").get_type_name())
        self.precision = "int8" if settings.precision == "int8" else computed
        self.inputs: list[set[str]] = [each.get_names() for each in shared.inputs]
        self.outputs: list[set[str]] = [each.get_names() for each in shared.outputs]
        self._shared = self._alone = _Requests(shared, by_row=settings.rows_apart)
        if settings.streams > 1 and settings.lone_calls:
            # Until it is there, the first calls do without: a start need not wait for it. A process's end
            # does: a daemon, as the thread that loads may be, would return from OpenVINO to no interpreter.
            threading.Thread(target=self._add_lone, args=(source,), name="lone-network", daemon=False).start()

    def __call__(self, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Compute all outputs, by each of their names; they are copies, the next call leaves them alone.

        A row that finds no other under way has all cores to itself, unless `lone_calls` is off; what comes
        together has one core each, since threads that share an inference wait for each other.

        Raises:
            RequestError: INVALID where a shape does not fit the model.
        """
        with self._lock:
            requests = self._shared if self._under_way else self._alone
            self._under_way += 1
        try:
            results = requests.mine.infer(inputs)
        except RuntimeError as error:
            raise invalid(f"The model refuses these inputs: {own_words(error)}") from error
        finally:
            with self._lock:
                self._under_way -= 1
        return {name: result for names, result in zip(self.outputs, results, strict=True) for name in names}

    def _compile(self, source: openvino.Model | Path, streams: int) -> openvino.CompiledModel:
        """The source is not kept: it may hold a network's weights once more."""
        precision = self._settings.precision
        options = {
            # What a quantised network leaves in float is computed in float32.
            "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
            "INFERENCE_NUM_THREADS": self._settings.threads,
            "NUM_STREAMS": streams,
        }
        return compile_network(source, options, one_row=self._settings.rows_apart)

    def _add_lone(self, source: openvino.Model | Path) -> None:
        try:
            self._alone = _Requests(self._compile(source, streams=1), by_row=self._settings.rows_apart)
        except RuntimeError as error:  # its file is gone by now, as one unloads what has just been loaded
            log.debug("Calls that are alone get no more than their share of the cores: %s", error)


def bfloat16_available() -> bool:
    """Whether this processor computes in bfloat16."""
    capabilities = CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities


def own_words(error: RuntimeError) -> str:
    """OpenVINO's own sentence, without the lines that name its source files."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return " ".join(told or lines)
