"""What the page is told of the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kuzov.atlas.names import LEAST_TOLD, car_models
from kuzov.bundle.layout import REPORT
from kuzov.engine.photo_input import CARS, PHOTO_INPUT
from kuzov.errors import RequestError
from kuzov.records import SURE
from kuzov.serve.calls import ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.repository.servable import VersionStatus
from kuzov.serve.service import Service


def describe_models(service: Service, limits: Limits) -> dict[str, Any]:
    """All models with what answers for each, as the object that /web/models gives."""
    return {
        "models": [_describe(service, name, versions) for name, versions in service.models().items()],
        "atlas": {each.id: {"en": each.display.en, "ru": each.display.ru} for each in car_models().values()},
        "told_from": {"sure": SURE, "look_alike": LEAST_TOLD},
        "limits": {"max_body_bytes": limits.max_body_bytes, "max_image_pixels": limits.max_image_pixels},
    }


def _describe(service: Service, name: str, versions: Sequence[VersionStatus]) -> dict[str, Any]:
    """One model; what is told of its newest loaded version, and of its card, is null or empty without one."""
    try:
        served = service.metadata(ModelSpec(name=name))
    except RequestError:
        served = None
    card = None if served is None else served.card
    folder = None if served is None or card is None else served.folder
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
        "engine": next((each.engine for each in versions if served and each.version == served.version), None),
        "photos": served is not None and card is not None and PHOTO_INPUT in served.signatures,
        "cars": served is not None and card is not None and CARS in served.signatures,
        "classes": [asdict(each) for each in card.classes] if card else [],
        "metrics": card.metrics if card else None,
        "unknown_threshold": card.unknown_threshold if card else None,
        "report": folder is not None and (folder / REPORT).is_file(),
    }
