from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.teach.changes import CHANGES_FILE, find_changes, read_changes, write_changes
from kuzov.teach.photo_store import NONE, StoredPhoto

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture
def photos(synthetic_photos: Path) -> list[StoredPhoto]:
    found = [
        StoredPhoto(label=label, path=synthetic_photos / side / label / "1.jpg")
        for side in ("train", "validation")
        for label in ("sedan", "suv")
    ]
    return [*found, StoredPhoto(label=NONE, path=synthetic_photos / "test" / "hatchback.jpg")]


def test_new_cars_are_shown_and_those_that_are_none(trained: TrainResult, photos: list[StoredPhoto]) -> None:
    told: list[tuple[int, int]] = []
    judged = [photo.path for photo in photos if photo.path.parts[-3] == "validation"]
    gone = StoredPhoto(label="suv", path=Path("gone.jpg"))
    found = find_changes(
        [*photos, gone], judged, trained.bundle, ready_model() / "1", lambda *done: told.append(done)
    )
    assert found["asked"] == 6
    assert (told[0], told[-1]) == ((0, 6), (5, 6))
    assert [(each["about"], each["class"], each["learned"]) for each in found["photos"]] == [
        ("none", NONE, False),
        ("new", "sedan", True),
        ("new", "sedan", False),
        ("new", "suv", True),
        ("new", "suv", False),
    ]
    known = {"bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110"}
    assert {each["before"]["label"] for each in found["photos"]} <= known
    assert {each["after"]["label"] for each in found["photos"]} <= {"sedan", "suv", "hatchback"}


def test_what_is_answered_as_before_is_not_shown(trained: TrainResult, photos: list[StoredPhoto]) -> None:
    found = find_changes(photos[:4], (), trained.bundle, trained.bundle, lambda *_: None)
    assert found == {"asked": 4, "photos": []}


def test_without_a_version_that_answers_all_cars_are_new(
    trained: TrainResult, photos: list[StoredPhoto], tmp_path: Path
) -> None:
    for served in (None, tmp_path):
        found = find_changes(photos[:1], (), trained.bundle, served, lambda *_: None)
        assert [(each["about"], each["before"]) for each in found["photos"]] == [("new", None)]


def test_they_are_kept_beside_the_runs_metrics(tmp_path: Path) -> None:
    assert read_changes(tmp_path) is None
    write_changes(tmp_path, {"asked": 0, "photos": []})
    assert read_changes(tmp_path) == {"asked": 0, "photos": []}
    (tmp_path / CHANGES_FILE).write_text("{", encoding="utf-8")
    assert read_changes(tmp_path) is None
