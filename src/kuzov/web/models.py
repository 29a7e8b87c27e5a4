"""What the page is told of the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kuzov.bundle.layout import REPORT
from kuzov.engine.photo_input import PHOTO_INPUT
from kuzov.errors import RequestError
from kuzov.serve.calls import MetadataAnswer, ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.service import Service


def describe_models(service: Service, limits: Limits, *, saliency: bool) -> dict[str, Any]:
    """All models with what answers for each, as the object that /web/models gives.

    Args:
        service: Tells of the models.
        limits: The server's bounds.
        saliency: Whether the server can tell where a model looked.
    """
    return {
        "models": [_describe(service, name, versions) for name, versions in service.models().items()],
        "saliency": saliency,
        "limits": {"max_body_bytes": limits.max_body_bytes, "max_image_pixels": limits.max_image_pixels},
    }


def _describe(service: Service, name: str, versions: Sequence[VersionStatus]) -> dict[str, Any]:
    """One model; what is told of its newest loaded version is null or empty while there is none."""
    try:
        served = service.metadata(ModelSpec(name=name))
    except RequestError:
        served = None
    return {
        "name": name,
        # A string: JavaScript's numbers end at 2^53.
        "version": None if served is None else str(served.version),
        "versions": [
            {
                "version": str(each.version),
                "state": each.state,
                "engine": each.engine,
                "error": each.error_message,
            }
            for each in versions
        ],
        "engine": next(
            (each.engine for each in versions if served is not None and each.version == served.version), None
        ),
        **_of_card(served),
    }


def _of_card(served: MetadataAnswer | None) -> dict[str, Any]:
    card = None if served is None else served.card
    if served is None or card is None:
        return {
            "photos": False,
            "classes": [],
            "metrics": None,
            "unknown_threshold": None,
            "report": False,
        }
    return {
        "photos": PHOTO_INPUT in served.signatures,
        "classes": [asdict(each) for each in card.classes],
        "metrics": card.metrics,
        "unknown_threshold": card.unknown_threshold,
        "report": served.folder is not None and (served.folder / REPORT).is_file(),
    }
