"""A REST port with the page, and one of kuzov's own models behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kuzov.bundle.card import Card
from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.repository.servable import Servable, VersionStatus
from kuzov.serve.service import Service
from tests.serve.rest.port import PhotoEngine, compute_here

STATUSES = (
    VersionStatus(version=8, state="END", error_code="DATA_LOSS", error_message="It is broken."),
    VersionStatus(version=7, state="AVAILABLE", engine="OpenVINO f32"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneModel:
    """The model "cars", whose version 7 is loaded."""

    card: Card | None
    folder: Path | None

    def get(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        if name != "cars" or version not in {None, 7}:
            raise RequestError(ErrorCode.NOT_FOUND, f"Servable not found for request: Latest({name})")
        return Servable(name=name, version=7, engine=PhotoEngine(), card=self.card, folder=self.folder)

    def status(self, name: str, version: int | None = None) -> tuple[VersionStatus, ...]:
        return STATUSES

    def models(self) -> tuple[str, ...]:
        return ("cars",)


def service_of(card: Card | None, folder: Path | None) -> Service:
    """A service with the model "cars"."""
    return Service(OneModel(card=card, folder=folder), compute_here)
