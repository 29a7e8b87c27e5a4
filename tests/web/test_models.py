from __future__ import annotations

from pathlib import Path

from kuzov.atlas.names import car_models
from kuzov.bundle.card import read_card
from kuzov.bundle.ready import ready_model
from kuzov.serve.limits import Limits
from kuzov.serve.service import Service
from kuzov.web.models import describe_models
from tests.serve.rest.port import compute_here, models
from tests.web.port import service_of

LIMITS = Limits(max_body_bytes=10, max_image_pixels=20)
CARD = read_card(ready_model() / "1")


def test_what_is_told_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "report.html").touch()
    told = describe_models(service_of(CARD, tmp_path), LIMITS)
    assert told == {
        "models": [
            {
                "name": "cars",
                "version": "7",
                "versions": [
                    {"version": "8", "state": "END", "engine": None, "error": "It is broken."},
                    {"version": "7", "state": "AVAILABLE", "engine": "OpenVINO f32", "error": ""},
                ],
                "engine": "OpenVINO f32",
                "photos": True,
                "cars": False,
                "classes": [{"id": each.id, "en": each.en, "ru": each.ru} for each in CARD.classes],
                "metrics": CARD.metrics,
                "unknown_threshold": CARD.unknown_threshold,
                "report": True,
            }
        ],
        "atlas": {each.id: {"en": each.display.en, "ru": each.display.ru} for each in car_models().values()},
        "told_from": {"sure": 0.8, "look_alike": 0.5},
        "limits": {"max_body_bytes": 10, "max_image_pixels": 20},
    }


def test_a_model_from_elsewhere_takes_no_photos_of_the_page() -> None:
    [model] = describe_models(service_of(None, None), LIMITS)["models"]
    assert (model["version"], model["photos"], model["classes"]) == ("7", False, [])
    assert not model["report"]


def test_a_model_without_a_loaded_version() -> None:
    service = Service(models({"m": None}), compute_here)
    [model] = describe_models(service, LIMITS)["models"]
    assert (model["version"], model["engine"], model["photos"]) == (None, None, False)
    assert model["versions"] == [{"version": "1", "state": "END", "engine": None, "error": "broken"}]
