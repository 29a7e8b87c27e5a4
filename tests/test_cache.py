from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.cache import default_cache


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUZOV_CACHE", "/a/b")
    assert default_cache() == Path("/a/b")
    monkeypatch.delenv("KUZOV_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert default_cache() == Path("/c/kuzov")
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # which counts as none
    assert default_cache() == Path.home() / ".cache" / "kuzov"
