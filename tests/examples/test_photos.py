"""examples/photos.py: the demo's photos, as the README asks for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from examples import photos


def bring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["photos", str(folder)])
    photos.main()


def test_the_photos_lie_in_the_folder_and_are_never_replaced(
    synthetic_photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(photos, "find_photos", lambda: synthetic_photos)
    folder = tmp_path / "photos"
    bring(folder, monkeypatch)
    assert sorted(each.name for each in (folder / "train").iterdir()) == sorted(
        each.name for each in (synthetic_photos / "train").iterdir()
    )
    assert f"{folder}: photos of " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="is there already; nothing was changed"):
        bring(folder, monkeypatch)
    assert [each.name for each in tmp_path.iterdir()] == ["photos"]
