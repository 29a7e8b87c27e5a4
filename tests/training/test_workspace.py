from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov.config import TrainConfig
from kuzov.data.dataset import Photo
from kuzov.errors import KuzovError
from kuzov.model.backbones import Backbone
from kuzov.training.workspace import UNDER_WAY, own_workspace
from tests.errors import raises

CONFIG = TrainConfig()
PHOTOS = [Photo(Path("1.jpg"), "suv", "1" * 64), Photo(Path("2.jpg"), "sedan", "2" * 64)]
Own = Callable[..., AbstractContextManager[Path]]


@pytest.fixture
def own(tiny: Backbone, tmp_path: Path) -> Own:
    def own(photos: list[Photo] = PHOTOS, config: TrainConfig = CONFIG) -> AbstractContextManager[Path]:
        return own_workspace(tmp_path / "cache", photos, tiny, config)

    return own


def test_an_equal_run_at_the_same_time_is_refused_and_harms_nothing(own: Own) -> None:
    with own() as folder:
        (folder / "epoch0.weights.h5").write_bytes(b"best")
        with raises(KuzovError, UNDER_WAY.fill(folder=str(folder))), own():
            pass
        assert (folder / "epoch0.weights.h5").read_bytes() == b"best"
    assert not folder.exists()


def test_a_run_that_failed_is_gone_on_with(own: Own) -> None:
    with suppress(KeyboardInterrupt), own() as folder:
        (folder / "epoch0.weights.h5").write_bytes(b"best")
        raise KeyboardInterrupt
    with own() as again:
        assert again == folder
        assert (again / "epoch0.weights.h5").read_bytes() == b"best"


def test_runs_that_differ_have_folders_of_their_own(own: Own) -> None:
    swapped = [replace(PHOTOS[0], label="sedan"), replace(PHOTOS[1], label="suv")]
    with own() as first, own(swapped) as other, own(config=replace(CONFIG, seed=1)) as reseeded:
        assert len({first, other, reseeded}) == 3


def test_a_cache_that_can_not_be_written_is_told(own: Own, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with (
        pytest.raises(KuzovError, match=r"^The cache .* can't be written: Not a directory\. Name another"),
        own(),
    ):
        pass
