"""What the server does with a request, whatever protocol brought it.

This core knows no HTTP, no JSON and no protobuf. A transport finds the call that a request means, turns the
request's values into the tensors that the call's signature declares, and translates the answer back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.bundle.card import Card
from kuzov.engine.engine import NUMPY_DTYPES, Tensors
from kuzov.errors import ErrorCode, RequestError
from kuzov.records import Signature
from kuzov.serve.servable import Servable, ServableStore, VersionStatus

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which model a request means.

    Attributes:
        name: The model's name.
        version: The version asked for; None for the newest.
        label: The version label asked for; None where the request gives none.
    """

    name: str
    version: int | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A signature of a loaded version. It stays the same version from the request to its answer."""

    servable: Servable
    signature_name: str
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictAnswer:
    """The outputs of a call by name, and which version and signature computed them."""

    model: str
    version: int
    signature_name: str
    outputs: Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataAnswer:
    """What a version tells of itself; `card` is None for a SavedModel that kuzov did not make."""

    model: str
    version: int
    signatures: Mapping[str, Signature]
    card: Card | None


class Service:
    """Answers requests from a store of loaded models. Safe to call from several threads at once."""

    def __init__(self, store: ServableStore) -> None:
        self._store = store

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
            text = f'Serving signature name: "{name}" not found in signature def'
            raise RequestError(ErrorCode.INVALID, text)
        return Call(servable=servable, signature_name=name, signature=signature)

    def predict(self, call: Call, inputs: Tensors) -> PredictAnswer:
        """Compute a call's outputs.

        Args:
            call: What `find` gave for the request.
            inputs: A tensor for every input of the signature, of its declared type. DT_STRING tensors are
                object arrays of `bytes`.

        Raises:
            RequestError: INVALID where an input is missing, unknown or of the wrong type, or where the model
                refuses its shape or content.
        """
        _check_inputs(call.signature, inputs)
        outputs = call.servable.engine.run(call.signature_name, inputs)
        return PredictAnswer(
            model=call.servable.name,
            version=call.servable.version,
            signature_name=call.signature_name,
            outputs=outputs,
        )

    def model_status(self, spec: ModelSpec) -> tuple[VersionStatus, ...]:
        """The states of a model's versions. The label is ignored, as TensorFlow Serving does.

        Raises:
            RequestError: NOT_FOUND where the model or the version is unknown.
        """
        return self._store.status(spec.name, spec.version)

    def metadata(self, spec: ModelSpec) -> MetadataAnswer:
        """The signatures of a version, and its card.

        Raises:
            RequestError: NOT_FOUND where the model or version is not loaded; INVALID for an unknown label.
        """
        servable = self._servable(spec)
        return MetadataAnswer(
            model=servable.name,
            version=servable.version,
            signatures=servable.engine.signatures,
            card=servable.card,
        )

    def _servable(self, spec: ModelSpec) -> Servable:
        if spec.label is not None:
            raise RequestError(ErrorCode.INVALID, f"Unrecognized servable version label: {spec.label}")
        return self._store.get(spec.name, spec.version)


def _check_inputs(signature: Signature, inputs: Tensors) -> None:
    if inputs.keys() != signature.inputs.keys():
        extra = ",".join(sorted(inputs.keys() - signature.inputs.keys()))
        missing = ",".join(sorted(signature.inputs.keys() - inputs.keys()))
        text = (
            f"input size does not match signature: {len(inputs)}!={len(signature.inputs)} "
            f"len({{{','.join(sorted(inputs))}}}) != len({{{','.join(sorted(signature.inputs))}}}). "
            f"Sent extra: {{{extra}}}. Missing but required: {{{missing}}}."
        )
        raise RequestError(ErrorCode.INVALID, text)
    for name, spec in signature.inputs.items():
        expected = NUMPY_DTYPES.get(spec.dtype)
        if expected is None or inputs[name].dtype != np.dtype(expected):
            text = f"Input {name!r} is of type {inputs[name].dtype}, but the signature declares {spec.dtype}."
            raise RequestError(ErrorCode.INVALID, text)
