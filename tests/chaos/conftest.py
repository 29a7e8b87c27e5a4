from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.chaos.running import SLOW, Server, publish, running

Start: TypeAlias = Callable[..., Server]


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    """The model folder of m: the ready model as version 1."""
    folder = tmp_path / "m"
    folder.mkdir()
    publish(folder, 1)
    return folder


@pytest.fixture
def start(base_path: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a server with these options; it is killed at the end if it still runs."""
    with ExitStack() as stack:
        yield lambda *options, **others: stack.enter_context(
            running(base_path, tmp_path / "log", *options, **others)
        )


@pytest.fixture
def start_slow(start: Start) -> Start:
    """Starts a server whose model takes as many seconds as it is asked to."""
    # The ready model's warm-up requests are not for this model.
    return lambda *options: start("--enable-model-warmup=false", *options, program=SLOW)
