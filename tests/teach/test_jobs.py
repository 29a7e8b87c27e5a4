from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kuzov.data.files import digest_of
from kuzov.errors import ConfigError
from kuzov.teach import jobs


def test_photos_are_embedded_for_the_next_training(synthetic_photos: Path, own_cache: Path) -> None:
    photo = next((synthetic_photos / "test").iterdir())
    jobs.embed([photo])
    assert list((own_cache / "features").rglob(f"{digest_of(photo)}.npy"))


def test_a_photo_that_is_gone_is_left_to_the_training(tmp_path: Path) -> None:
    jobs.embed([tmp_path / "none.jpg"])


def test_what_can_not_be_learned_from_is_told(tmp_path: Path) -> None:
    told: list[Mapping[str, Any]] = []
    jobs.train(tmp_path / "photos", tmp_path / "trained", tmp_path / "runs", told.append)
    expected = f"There is no folder {tmp_path / 'photos'}; give one with a subfolder of photos a model."
    assert told == [{"failed": expected, "kind": "photos", "classes": ()}]


def test_a_user_without_a_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise ConfigError("There is no home folder.")

    monkeypatch.setattr(jobs, "default_cache", no_home)
    monkeypatch.setattr("kuzov.training.features.default_cache", no_home)
    told: list[Mapping[str, Any]] = []
    jobs.embed([])
    jobs.train(tmp_path / "photos", tmp_path / "trained", tmp_path / "runs", told.append)
    assert told == [{"failed": "There is no home folder.", "kind": "other", "classes": ()}]


@pytest.mark.parametrize("sides", [("",), ("train", "validation")], ids=["whole", "divided"])
def test_photos_that_all_show_one_picture_are_told_by_a_word(
    synthetic_photos: Path, tmp_path: Path, sides: tuple[str, ...]
) -> None:
    for number, side in enumerate(sides * 2):
        for label, photo in (("burst", "sedan/1.jpg"), ("suv", f"suv/{number + 1}.jpg")):
            folder = tmp_path / "photos" / side / label
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(synthetic_photos / "train" / photo, folder / f"{number}.jpg")
    told: list[Mapping[str, Any]] = []
    jobs.train(tmp_path / "photos", tmp_path / "trained", tmp_path / "runs", told.append)
    assert (told[-1]["kind"], told[-1]["classes"]) == ("few_different", ("burst",))


def test_a_fault_is_told_blandly_and_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    told: list[Mapping[str, Any]] = []
    monkeypatch.setattr(jobs, "load_dataset", broken)
    jobs.train(Path("photos"), Path("trained"), Path("runs"), told.append)
    assert told == [{"failed": "Training failed; the server's log says why.", "kind": "other", "classes": ()}]
    assert "a secret" in capsys.readouterr().err
