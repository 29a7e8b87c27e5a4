"""A REST port with the page, and one of kuzov's own models behind it."""

from __future__ import annotations

from pathlib import Path

from kuzov.bundle.card import Card
from kuzov.errors import ErrorCode
from kuzov.serve.repository.lifecycle import Failure
from kuzov.serve.repository.servable import Servable
from kuzov.serve.service import Service
from tests.serve.repositories import repository_of
from tests.serve.rest.port import PhotoEngine, compute_here


def service_of(card: Card | None, folder: Path | None) -> Service:
    """A service with the model "cars", whose version 7 is loaded, and 8 broken."""
    servable = Servable(name="cars", version=7, engine=PhotoEngine(), card=card, folder=folder)
    broken = Failure(code=ErrorCode.DATA_LOSS, message="It is broken.")
    return Service(repository_of(servable, failures={("cars", 8): broken}), compute_here)
