"""What the server and the recogniser ask of a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kuzov.network import Tensors
from kuzov.records import Signature


class Engine(Protocol):
    """One loaded version of a model. Safe to call from several threads at once.

    A call has three steps, so that a server can decode photos on one thread, and compute those of several
    requests in one batch on another: `prepare`, `infer`, `finish`. DT_STRING tensors are object arrays of
    `bytes` throughout. Dropping the last reference unloads the model.
    """

    @property
    def name(self) -> str:
        """The runtime and its precision, for logs: "OpenVINO bf16"."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Signatures by name."""

    def network(self, signature: str) -> str:
        """Which of the model's networks computes a signature; signatures may share one."""

    def batched(self, signature: str) -> bool:
        """Whether every input and output of the signature's network has a batch dimension, its first.

        Then rows of several requests may be computed together and the outputs be cut apart again.
        """

    def prepare(self, signature: str, inputs: Tensors) -> Tensors:
        """Check a tensor for every input of a signature, and decode its photos, to what its network takes.

        Raises:
            RequestError: INVALID when a tensor's type or shape does not fit the model, or an encoded photo
                can't be decoded (the text says which row and why).
        """

    def infer(self, network: str, tensors: Tensors) -> Tensors:
        """Compute all the outputs of a network.

        Raises:
            RequestError: The model refuses the shapes or the content.
        """

    def finish(self, signature: str, outputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """The signature's outputs, from its network's."""


def run(engine: Engine, signature: str, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
    """Compute all the outputs of a signature, alone and at once.

    Raises:
        RequestError: The inputs do not fit, or the model refuses them.
    """
    tensors = engine.prepare(signature, inputs)
    return engine.finish(signature, engine.infer(engine.network(signature), tensors))


STRING_DTYPE = "DT_STRING"
NUMPY_DTYPES: Mapping[str, npt.DTypeLike] = {
    "DT_FLOAT": np.float32,
    "DT_DOUBLE": np.float64,
    "DT_HALF": np.float16,
    "DT_INT8": np.int8,
    "DT_INT16": np.int16,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
    "DT_UINT8": np.uint8,
    "DT_UINT16": np.uint16,
    "DT_UINT32": np.uint32,
    "DT_UINT64": np.uint64,
    "DT_COMPLEX64": np.complex64,
    "DT_COMPLEX128": np.complex128,
    "DT_BOOL": np.bool_,
    STRING_DTYPE: np.object_,
}
