"""What a new version would change: its answers beside those of the version that is served, photo by photo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kuzov.atomic import written_whole
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, PhotoError
from kuzov.records import Prediction
from kuzov.teach.photo_store import NONE, StoredPhoto

CHANGES_FILE = "changes.json"
MOST_ASKED = 200
"""Photos that both versions are asked about; of more, some of each class."""


def find_changes(
    photos: Sequence[StoredPhoto],
    judged: Iterable[Path],
    new: Path,
    served: Path | None,
    progress: Callable[[int, int], object],
) -> dict[str, Any]:
    """Ask two versions about the same photos.

    Args:
        photos: Of classes, and of none of them.
        judged: The photos that the new version has not learned from.
        new: The new version's folder.
        served: That of the one that answers; None where there is none, or none of kuzov's.
        progress: Told how many of how many photos are done.

    Returns:
        {"asked": how many, "photos": […]}, of a car that is new, or of none, or whose answer changes:
        {"class", "photo", "about": "new" | "none" | "changed", "learned": whether the new version has learned
        from it, "before": an answer or null, "after": an answer}; an answer is {"label", "probability",
        "is_unknown", "is_doubtful"}.
    """
    after, before = Recogniser.load(new), _load(served)
    known = set() if before is None else {each.id for each in before.card.classes}
    not_learned = set(judged)
    chosen = _chosen(photos, known)
    found = []
    for done, photo in enumerate(chosen):
        progress(done, len(chosen))
        try:
            answers = [
                None if each is None else _answer(each.predict(photo.path)) for each in (before, after)
            ]
        except PhotoError:  # it is gone, or broken
            continue
        about = "none" if photo.label == NONE else "changed" if photo.label in known else "new"
        if about != "changed" or (before is not None and _differ(*answers)):
            found.append(
                {
                    "class": photo.label,
                    "photo": photo.path.name,
                    "about": about,
                    "learned": photo.label != NONE and photo.path not in not_learned,
                    "before": answers[0],
                    "after": answers[1],
                }
            )
    return {"asked": len(chosen), "photos": found}


def write_changes(run_folder: Path, changes: Mapping[str, Any]) -> None:
    """Keep them beside the metrics of the training."""
    with written_whole(run_folder / CHANGES_FILE) as file:
        file.write_text(json.dumps(changes), encoding="utf-8")


def read_changes(run_folder: Path) -> dict[str, Any] | None:
    """As `find_changes` gave them; None where they are not known, or not yet."""
    try:
        found: dict[str, Any] = json.loads((run_folder / CHANGES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _load(version_dir: Path | None) -> Recogniser | None:
    if version_dir is None:
        return None
    try:
        return Recogniser.load(version_dir)
    except BundleError:  # it is not kuzov's, or is being taken back
        return None


def _chosen(photos: Sequence[StoredPhoto], known: set[str]) -> list[StoredPhoto]:
    """Those of new cars and of none first; of too many, the first ones of each class in turn."""
    turns: dict[str, int] = {}
    keyed = []
    for photo in photos:
        turns[photo.label] = turns.get(photo.label, -1) + 1
        keyed.append((turns[photo.label], photo))
    kept = sorted(keyed, key=lambda each: each[0])[:MOST_ASKED]
    return sorted((photo for _, photo in kept), key=lambda photo: (photo.label in known, photo.label))


def _answer(prediction: Prediction) -> dict[str, Any]:
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "is_unknown": prediction.is_unknown,
        "is_doubtful": prediction.is_doubtful,
    }


def _differ(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether a reader is told something else: another name, or none for one."""
    told = [each and (each["is_unknown"] or each["label"]) for each in (before, after)]
    return told[0] != told[1]
