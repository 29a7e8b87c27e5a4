from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kuzov.images.folder import files_below, photos_among


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos, and a link in a circle beside them."""
    for name in ("1.jpg", "below/2.jpg", "way.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "self").symlink_to("self")
    return tmp_path


def test_a_link_that_leads_nowhere_hides_no_photo(folder: Path) -> None:
    told: list[OSError] = []
    found = {Path(each).name for each in files_below(folder, told.append)}
    assert found == {"1.jpg", "2.jpg", "way.jpg"}
    assert [Path(error.filename).name for error in told] == ["self"]
    with pytest.raises(OSError, match="symbolic links"):
        list(files_below(folder))


def test_an_address_is_a_photos_by_its_ending_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("kuzov.images.folder.is_photo_file", asked.append)
    left_out: Counter[str] = Counter()
    assert list(photos_among(["s3://cars/1.JPG", "s3://cars/notes.txt"], left_out)) == ["s3://cars/1.JPG"]
    assert (asked, left_out) == ([], {".txt": 1})
