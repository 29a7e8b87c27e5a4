"""What the operating system denies: folders, files, memory."""

from __future__ import annotations

import base64
import json
import os
import resource
import shutil
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.conftest import Start
from tests.chaos.running import (
    LONG,
    Rest,
    Result,
    Server,
    a_photo,
    channel,
    connected,
    load,
    photo_request,
    predict_call,
    publish,
    rest_client,
    tensor_client,
    until,
)

pytestmark = pytest.mark.slow

FEW_FILES = 64
REQUESTS = 10_000 if LONG else 1_000
SETTLED = REQUESTS // 5
MOST_MIB = 350


def told(server: Server, text: str) -> bool:
    return text in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("away", ["moved", "unreadable"])
def test_a_folder_that_is_away_for_a_while(start: Start, base_path: Path, away: str) -> None:
    if away == "unreadable" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    server = start()
    elsewhere = base_path.with_name("elsewhere")
    with load(server, rest_client, tensor_client) as asked:
        if away == "moved":
            base_path.rename(elsewhere)
        else:
            base_path.chmod(0)
        until(lambda: told(server, f"The base path {base_path} of model m can't be read: "))
        asked.go_on(5)
        assert server.states() == {1: "AVAILABLE"}
        if away == "moved":
            elsewhere.rename(base_path)
        else:
            base_path.chmod(0o700)
        publish(base_path, 2)
        until(lambda: server.states().get(2) == "AVAILABLE")
    assert asked.failed == []
    assert server.stop() == 0


def test_a_folder_that_is_deleted_and_made_anew(start: Start, base_path: Path) -> None:
    server = start()
    with load(server, rest_client, tensor_client) as asked:
        gone = base_path.rename(base_path.with_name("gone"))  # at once; emptied first, it would be unloaded
        shutil.rmtree(gone)
        until(lambda: told(server, f"The base path {base_path} of model m can't be read: "))
        asked.go_on(3)
        base_path.mkdir()
        publish(base_path, 1)
        asked.go_on(3)
    assert asked.failed == []
    assert server.stop() == 0


def test_a_folder_that_is_read_only(start: Start, base_path: Path) -> None:
    for file in [base_path, *base_path.rglob("*")]:
        file.chmod(0o555 if file.is_dir() else 0o444)
    try:
        server = start()
        with load(server, rest_client, tensor_client) as asked:
            asked.go_on(3)
        assert asked.failed == []
        assert server.stop() == 0
    finally:
        for folder in [base_path, *base_path.rglob("*")]:
            folder.chmod(0o755)


def test_a_server_out_of_files_serves_again(start: Start) -> None:
    server = start(preexec_fn=few_files)
    with ExitStack() as stack:
        for _ in range(FEW_FILES + 20):
            stack.enter_context(connected(server))
        until(lambda: server.open_files == FEW_FILES)
        time.sleep(1.5)
    with load(server, rest_client, tensor_client) as asked:
        asked.go_on(3)
    assert asked.failed == []
    assert len(server.log.read_bytes()) < 100_000
    assert server.stop() == 0


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))


def b64_client(server: Server, number: int) -> Generator[Result, None, None]:
    """Sends photos of several sizes as JSON."""
    with Rest(server) as client:
        for turn in range(REQUESTS):
            photo = {"b64": base64.b64encode(PHOTOS[turn % len(PHOTOS)]).decode()}
            body = json.dumps({"signature_name": "image_bytes", "instances": [photo] * (1 + turn % 2)})
            status, _ = client.send("POST", "/v1/models/m:predict", body.encode())
            yield Result(time.monotonic(), 0, status)


def bytes_client(server: Server, number: int) -> Generator[Result, None, None]:
    """Sends photos of several sizes over gRPC."""
    with channel(server) as connection:
        call = predict_call(connection)
        for turn in range(REQUESTS):
            call(photo_request(PHOTOS[turn % len(PHOTOS)]))
            yield Result(time.monotonic(), 0, "OK")


PHOTOS = [a_photo(side) for side in (64, 120, 260, 400)]
MIX = (rest_client, b64_client, bytes_client, tensor_client) * 2


def memory(server: Server, requests: int, settled: int) -> tuple[float, float]:
    """The most resident memory until `settled` of the requests are answered, and from then on, in MiB."""
    peaks = [0.0, 0.0]
    with load(server, *MIX) as asked:
        while (answered := len(asked.all)) < requests:
            assert not asked.broken
            late = answered >= settled
            peaks[late] = max(peaks[late], server.resident_mib)
            time.sleep(0.05)
    assert asked.failed == []
    return peaks[0], peaks[1]


def test_memory_stays_flat(start: Start) -> None:
    server = start()
    first, later = memory(server, REQUESTS, SETTLED)
    print(f"{first:.0f} MiB at most in the first {SETTLED} of {REQUESTS} requests, {later:.0f} after")  # noqa: T201
    assert later < MOST_MIB
    assert later < 1.1 * first
    assert server.stop() == 0
