"""Versions come, go and are broken, while clients ask."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzov.bundle.layout import CARD, OPENVINO_INT8_MODEL, SAVED_MODEL, WARMUP_REQUESTS
from tests.chaos.conftest import Start
from tests.chaos.running import LONG, Server, load, publish, rest_client, tensor_client, until

pytestmark = pytest.mark.slow

SWAPS = 50 if LONG else 5
CLIENTS = (rest_client, rest_client, tensor_client, tensor_client)


def replaced(file: Path, content: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Writes another file in the place of one that other versions share."""

    def replace(folder: Path) -> None:
        old = (folder / file).read_bytes()
        (folder / file).unlink()
        (folder / file).write_bytes(content(old))

    return replace


def rest_versions(server: Server, number: int, turns: int) -> list[int]:
    """The versions that have answered a REST client, as the log tells."""
    found = {each["request_id"]: each["version"] for each in server.entries if each["message"] == "request"}
    return [found[f"{number}-{turn}"] for turn in range(turns)]


def test_swaps_fail_no_request(start: Start, base_path: Path) -> None:
    server = start("--log-format=json")
    with load(server, *CLIENTS) as asked:
        for version in range(2, SWAPS + 2):
            publish(base_path, version)
            until(lambda: server.states().get(version) == "AVAILABLE")  # noqa: B023
            shutil.rmtree(base_path / str(version - 1))
        asked.go_on()
    assert asked.failed == []
    for number, results in enumerate(asked.results):
        answered = [each.version for each in results if each.version is not None]
        answered = answered or rest_versions(server, number, len(results))
        assert answered == sorted(answered)
        assert len(set(answered)) > SWAPS / 2
        assert answered[-1] == SWAPS + 1
    assert server.stop() == 0


BIN = OPENVINO_INT8_MODEL.with_suffix(".bin")
BROKEN = {
    "truncated network": (OPENVINO_INT8_MODEL, lambda old: old[: len(old) // 2]),
    "truncated weights": (BIN, lambda old: old[: len(old) // 2]),
    "no weights": (BIN, lambda _: b""),
    "empty SavedModel": (Path(SAVED_MODEL), lambda _: b""),
    "garbage for a network": (OPENVINO_INT8_MODEL, lambda _: bytes(range(256)) * 40),
    "garbage for a SavedModel": (Path(SAVED_MODEL), lambda _: b"\xff" * 9999),
    "garbage for a card": (CARD, lambda _: b"\xff{["),
    "garbage to warm up with": (WARMUP_REQUESTS, lambda old: old[:100] + b"!" + old[101:]),
}


def test_a_broken_version_is_told_and_the_good_one_answers(start: Start, base_path: Path) -> None:
    server = start("--max-num-load-retries=1", "--load-retry-interval-micros=1000")
    told = {}
    with load(server, *CLIENTS) as asked:
        for version, (name, (file, content)) in enumerate(BROKEN.items(), start=2):
            publish(base_path, version, replaced(file, content))
            until(lambda: server.states().get(version) == "END")  # noqa: B023
            _, answer = server.get(f"/v1/models/m/versions/{version}")
            told[name] = answer["model_version_status"][0]["status"]
            shutil.rmtree(base_path / str(version))
            assert server.states()[1] == "AVAILABLE"
    assert asked.failed == []
    assert {each.version for each in asked.all} == {None, 1}
    for name, status in told.items():
        assert status["error_code"] in {"FAILED_PRECONDITION", "DATA_LOSS", "INVALID_ARGUMENT"}, name
        assert str(base_path) in status["error_message"], name
    assert server.stop() == 0


def test_files_of_the_loaded_version_may_be_damaged(start: Start, base_path: Path) -> None:
    files = (BIN, OPENVINO_INT8_MODEL, Path(SAVED_MODEL))
    for file in files:
        replaced(file, bytes)(base_path / "1")
    server = start()
    with load(server, rest_client, tensor_client) as asked:
        for file in files:
            with (base_path / "1" / file).open("r+b") as damaged:
                damaged.truncate(0)
            asked.go_on(10)
    assert asked.failed == []
    assert server.stop() == 0
