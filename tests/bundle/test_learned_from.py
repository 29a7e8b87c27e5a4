from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.bundle.layout import LEARNED_FROM
from kuzov.bundle.learned_from import LearnedFrom
from kuzov.errors import BundleError

ONE, OTHER = "12" * 32, "34" * 32


@pytest.fixture
def version_dir(tmp_path: Path) -> Path:
    (tmp_path / LEARNED_FROM).parent.mkdir()
    return tmp_path


def test_a_version_tells_which_photos_it_has_learned_from(version_dir: Path) -> None:
    LearnedFrom.of([ONE, ONE]).write(version_dir)
    assert (version_dir / LEARNED_FROM).read_text() == "1212121212121212\n"
    learned = LearnedFrom.read(version_dir)
    assert learned is not None
    assert (ONE in learned, OTHER in learned, "" in learned) == (True, False, False)


def test_an_older_version_tells_nothing(version_dir: Path) -> None:
    assert LearnedFrom.read(version_dir) is None


def test_a_list_that_can_not_be_read_is_told(version_dir: Path) -> None:
    (version_dir / LEARNED_FROM).mkdir()
    with pytest.raises(BundleError, match=r"learned_from\.txt can't be read: Is a directory$"):
        LearnedFrom.read(version_dir)
