"""How good a version is, as the page shows it beside another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kuzov.bundle.card import find_card
from kuzov.errors import KuzovError

MOST_MISTAKES = 50


def judgement(version_dir: Path, version: int, runs: Path) -> dict[str, Any]:
    """A version's judgement as JSON, with the mistakes that its run's folder in `runs` tells of.

    Of a model that kuzov did not make only the number is known.
    """
    found: dict[str, Any] = {"version": version, "classes": [], "photos": None}
    found |= dict.fromkeys(("validation", "cross_validation", "ece"))
    try:
        card = find_card(version_dir)
    except KuzovError:  # the server tells what is wrong with it
        card = None
    if card is not None:
        found["classes"] = [{"id": each.id, "en": each.en, "ru": each.ru} for each in card.classes]
        found |= {key: card.metrics.get(key) for key in ("validation", "cross_validation", "ece")}
        found["photos"] = sum(sum(card.data[side].values()) for side in ("train", "validation"))
    return found | {"mistakes": _mistakes(runs / str(version) / "metrics.json")}


def _mistakes(metrics: Path) -> list[dict[str, Any]]:
    try:
        photos = json.loads(metrics.read_text(encoding="utf-8"))["photos"]
    except (OSError, ValueError, KeyError):
        return []
    keys = ("photo", "label", "predicted", "probability")
    wrong = [{key: each[key] for key in keys} for each in photos if each["label"] != each["predicted"]]
    return wrong[:MOST_MISTAKES]
