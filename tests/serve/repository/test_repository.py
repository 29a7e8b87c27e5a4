from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.engine.engine import Engine
from kuzov.errors import BundleError, ErrorCode, RequestError
from kuzov.serve.servable import ServableStore, VersionStatus
from kuzov.serve.service import Service


@pytest.fixture
def store(service: Service) -> ServableStore:
    return service._store


def test_the_newest_version_is_loaded(base_path: Path, store: ServableStore) -> None:
    newer = base_path / "0124"
    newer.mkdir()
    (newer / "saved_model.pb").touch()
    engine = store.get("m").engine
    loaded: list[Path] = []

    def load(version_dir: Path) -> Engine:
        loaded.append(version_dir)
        return engine

    found = ServableStore("m", base_path, load).get("m")
    assert loaded == [newer]
    assert (found.name, found.version, found.card) == ("m", 124, None)


@pytest.mark.usefixtures("with_card")
def test_the_card_is_read(store: ServableStore) -> None:
    card = store.get("m", 123).card
    assert card is not None
    assert card.classes[0].id == "qashqai"


@pytest.mark.parametrize(
    ("name", "version", "lookup", "status"),
    [
        ("n", None, "Servable not found for request: Latest(n)", "Could not find any versions of model n"),
        ("m", 99, "Servable not found for request: Specific(m, 99)", "Could not find version 99 of model m"),
    ],
)
def test_what_is_not_loaded_is_not_found(
    store: ServableStore, name: str, version: int | None, lookup: str, status: str
) -> None:
    with pytest.raises(RequestError) as caught:
        store.get(name, version)
    assert (caught.value.code, str(caught.value)) == (ErrorCode.NOT_FOUND, lookup)
    with pytest.raises(RequestError) as caught:
        store.status(name, version)
    assert (caught.value.code, str(caught.value)) == (ErrorCode.NOT_FOUND, status)


def test_status_of_the_loaded_version(store: ServableStore) -> None:
    assert store.status("m") == (VersionStatus(version=123, state="AVAILABLE"),)


def test_a_base_path_without_versions(tmp_path: Path, store: ServableStore) -> None:
    with pytest.raises(BundleError, match="No version in the model folder"):
        ServableStore("m", tmp_path, lambda _: store.get("m").engine)
