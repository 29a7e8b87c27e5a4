"""What the server and the recogniser ask of a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kuzov.records import Signature

Tensors = Mapping[str, npt.NDArray[Any]]


class Engine(Protocol):
    """One loaded version of a model. Safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """The runtime and its precision, for logs: "OpenVINO bf16"."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Signatures by name."""

    def run(self, signature: str, inputs: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Compute all the outputs of a signature.

        Args:
            signature: A key of `signatures`.
            inputs: A tensor for every input of the signature. DT_STRING tensors are object arrays of `bytes`.

        Returns:
            Outputs by name; DT_STRING ones as object arrays of `bytes`.

        Raises:
            RequestError: INVALID when a tensor's type or shape does not fit the model, or an encoded photo
                can't be decoded (the text says which row and why).
        """


STRING_DTYPE = "DT_STRING"
NUMPY_DTYPES: Mapping[str, npt.DTypeLike] = {
    "DT_FLOAT": np.float32,
    "DT_DOUBLE": np.float64,
    "DT_INT8": np.int8,
    "DT_INT16": np.int16,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
    "DT_UINT8": np.uint8,
    "DT_UINT16": np.uint16,
    "DT_UINT32": np.uint32,
    "DT_UINT64": np.uint64,
    "DT_BOOL": np.bool_,
    STRING_DTYPE: np.object_,
}
