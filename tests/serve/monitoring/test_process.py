from __future__ import annotations

import time
from pathlib import Path

import pytest

from kuzov.serve.monitoring import process
from kuzov.serve.monitoring.process import process_families


def values() -> dict[str, float]:
    return {family["name"]: family["samples"][0][1][0] for family in process_families()}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Only Linux tells.")
def test_the_process_tells_of_memory_files_time_and_start(tmp_path: Path) -> None:
    before = values()
    assert before["process_cpu_seconds_total"] > 0
    assert 1e6 < before["process_resident_memory_bytes"] < 1e12
    assert time.time() - 86400 < before["process_start_time_seconds"] <= time.time()
    with (tmp_path / "file").open("w"):
        assert values()["process_open_fds"] == before["process_open_fds"] + 1
    assert values()["process_start_time_seconds"] == before["process_start_time_seconds"]


def test_what_can_not_be_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stat").touch()
    monkeypatch.setattr(process, "_PROC", tmp_path)
    assert list(values()) == ["process_cpu_seconds_total"]


def test_where_there_is_no_proc_only_the_processor_time_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PROC", tmp_path)
    assert list(values()) == ["process_cpu_seconds_total"]
    assert process_families()[0]["kind"] == "counter"
