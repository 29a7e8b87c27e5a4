"""The versions of a taught model: trained and not yet published, published, taken back; how good each is.

BASE/1767225600/                       what servers load
BASE/.teach/trained/1767225700/        trained, not published
BASE/.teach/withdrawn/1767225650/      published once, and taken back
BASE/.teach/runs/1767225700/           the metrics of each training

All of it lies in the model folder, so that publishing is a rename even where that folder is a disk of its
own. Servers look at folders named by a number only.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kuzov.atomic import place
from kuzov.bundle.card import find_card
from kuzov.bundle.layout import version_folder, versions
from kuzov.errors import KuzovError
from kuzov.teach.changes import read_changes
from kuzov.teach.refusal import RefusedError, disk_refusals

WORKSPACE = ".teach"
MOST_MISTAKES = 50


class ModelVersions:
    """What a teacher does with whole versions. Each step is one rename, or a RefusedError.

    Safe to use from several threads.
    """

    def __init__(self, base: Path) -> None:
        """The versions in this model folder."""
        self.base = base
        self.trained = base / WORKSPACE / "trained"
        self.withdrawn = base / WORKSPACE / "withdrawn"
        self.runs = base / WORKSPACE / "runs"
        # One is not removed while it is renamed: it would be emptied under its new name.
        self._lock = threading.RLock()

    def candidates(self) -> dict[int, Path]:
        """What may be published, by version: the newest trained, and the newest taken back."""
        found = {}
        with self._lock:
            for folder in (self.trained, self.withdrawn):
                known = versions(folder)
                if known:
                    found[known[-1]] = version_folder(folder, known[-1])
        return found

    def publish(self, version: int) -> int:
        """Rename a candidate into the model folder, as its newest version, whose number is returned."""
        with self._lock:
            folder = self.candidates().get(version)
            if folder is None and version in versions(self.base):
                raise RefusedError("published", f"Version {version} is published already.")
            if folder is None:
                text = f"Version {version} can't be published: it is not there any more. Train again."
                raise RefusedError("no_candidate", text)
            taken = [*versions(self.base), *(each for each in versions(self.withdrawn) if each != version)]
            number = max([version, *(each + 1 for each in taken)])
            with disk_refusals(self.base):
                place(folder, self.base / str(number))
            return number

    def take_back(self, version: int) -> int:
        """Rename the newest version out of the model folder; the one before it, returned, is served again.

        The newest is named, so that two teachers who click at once go back once.
        """
        with self._lock:
            known = versions(self.base)
            if not known or known[-1] != version:
                text = f"Version {version} is not the newest any more; look at what is served now."
                raise RefusedError("not_newest", text)
            if len(known) == 1:
                text = f"Version {version} is the only one in {self.base}; there is none to go back to."
                raise RefusedError("no_former", text)
            with disk_refusals(self.base):
                self.withdrawn.mkdir(parents=True, exist_ok=True)
                place(version_folder(self.base, version), self.withdrawn / str(version))
            return known[-2]

    def forget_superseded(self) -> None:
        """Remove what was trained and never published, but for the newest: a new training replaces it."""
        with self._lock:
            for version in versions(self.trained)[:-1]:
                shutil.rmtree(version_folder(self.trained, version), ignore_errors=True)


def judgement(version_dir: Path, version: int, runs: Path) -> dict[str, Any]:
    """A version's judgement as JSON, with the mistakes and changes that its run's folder in `runs` tells of.

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
    run_folder = runs / str(version)
    metrics = _metrics(run_folder / "metrics.json")
    told = {"mistakes": _mistakes(metrics), "left_out": _left_out(metrics)}
    return found | told | {"changes": read_changes(run_folder)}


def _metrics(file: Path) -> dict[str, Any]:
    """What a training has told of itself; nothing where it is not there."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _mistakes(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = ("photo", "label", "predicted", "probability")
    wrong = [
        {key: each[key] for key in keys}
        for each in metrics.get("photos", ())
        if each["label"] != each["predicted"]
    ]
    return wrong[:MOST_MISTAKES]


def _left_out(metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    """Photos that were not learned from, and why, in both languages; by their names in the folder."""
    data = metrics.get("data", {})
    within = f"{data.get('folder')}/"
    return [
        {key: text.replace(within, "") for key, text in told.items()}
        for each in data.get("rejected", ())[:MOST_MISTAKES]
        for told in [
            {"photo": each["photo"], "en": each["reason"], "ru": each.get("reason_ru") or each["reason"]}
        ]
    ]
