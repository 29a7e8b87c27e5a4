from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.cache import default_cache
from kuzov.compiled import place
from kuzov.errors import ConfigError
from kuzov.words import Words
from tests.errors import raises


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUZOV_CACHE", "/a/b")
    assert default_cache() == Path("/a/b")
    monkeypatch.delenv("KUZOV_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert default_cache() == Path("/c/kuzov")
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # which counts as none
    assert default_cache() == Path.home() / ".cache" / "kuzov"


def test_without_a_home_the_user_is_asked_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUZOV_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with raises(
        ConfigError,
        Words(
            "There is no home folder to keep a cache in; name a folder in KUZOV_CACHE.",
            "Нет домашней папки, где держать кэш; назовите папку в KUZOV_CACHE.",
        ),
    ):
        default_cache()
    assert place("a network") is None  # which can be done without


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")
