"""What is asked of the service, and what it answers, whatever protocol carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from kuzov.bundle.card import Card
from kuzov.errors import ErrorCode, RequestError
from kuzov.network import Tensors
from kuzov.records import Signature
from kuzov.serve.repository.servable import Servable


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which model a request means: a version by its number or label, or the newest where both are None."""

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
class Prepared:
    """A call whose inputs are checked and decoded: what its network takes, and the outputs to answer with."""

    call: Call
    tensors: Tensors
    output_filter: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Which version of which model answered, and by which signature; "" where it was not about one."""

    model: str
    version: int
    signature_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictAnswer(Answer):
    """The outputs of a call by name."""

    outputs: Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataAnswer(Answer):
    """What a version tells of itself; its card and folder as those of `Servable`."""

    signatures: Mapping[str, Signature]
    card: Card | None
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyAnswer(Answer):
    """For each example its classes, as pairs of label and score; "" and 0 where the model gives none."""

    results: Sequence[Sequence[tuple[bytes, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressAnswer(Answer):
    """For each example its number."""

    results: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One of the inferences of a MultiInference request; its method is one of `kuzov.serve.examples`."""

    spec: ModelSpec
    signature_name: str
    method_name: str


class UnknownSignatureError(RequestError):
    """INVALID: the model has no such signature; gRPC words it in another way than REST, from `signature`."""

    def __init__(self, signature: str) -> None:
        text = f'Serving signature name: "{signature}" not found in signature def'
        super().__init__(ErrorCode.INVALID, text)
        self.signature = signature
