from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from kuzov.errors import ConfigError, ErrorCode, RequestError
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.config_poll import ConfigPoller
from tests.serve.repository.fakes import until

M, N = (ModelConfig(name=name, base_path=Path("/models") / name) for name in "mn")


class File:
    """A configuration file, and a server that reloads from it."""

    def __init__(self) -> None:
        self.models: list[ModelConfig] = [M]
        self.broken: Exception | None = None
        self.refused: RequestError | None = None
        self.reloads: list[Sequence[ModelConfig]] = []

    def read(self) -> list[ModelConfig]:
        if self.broken:
            raise self.broken
        return self.models

    def reload(self, configs: Sequence[ModelConfig]) -> None:
        self.reloads.append(configs)
        if self.refused:
            raise self.refused


@pytest.fixture
def file() -> File:
    return File()


@pytest.fixture
def poller(file: File) -> ConfigPoller:
    return ConfigPoller(file.read, file.reload, applied=[M], interval_s=0.005)


def test_a_change_is_reloaded_once(
    file: File, poller: ConfigPoller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    poller.poll_once()
    assert file.reloads == []
    file.models = [M, N]
    poller.poll_once()
    poller.poll_once()
    assert file.reloads == [(M, N)]
    assert caplog.messages == ["The new model configuration is in force"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("Line 3 is wrong."), "The new model configuration is ignored: Line 3 is wrong."),
        (
            ZeroDivisionError("oh"),
            "The new model configuration is ignored: unexpected ZeroDivisionError('oh')",
        ),
    ],
)
def test_a_bad_file_is_told_of_once_and_ignored(
    file: File, poller: ConfigPoller, caplog: pytest.LogCaptureFixture, error: Exception, text: str
) -> None:
    file.broken = error
    poller.poll_once()
    poller.poll_once()
    assert (file.reloads, caplog.messages) == ([], [text])
    file.broken = None
    poller.poll_once()
    file.broken = error
    poller.poll_once()
    assert caplog.messages == [text, text]


def test_what_may_come_right_by_itself_is_tried_again(
    file: File, poller: ConfigPoller, caplog: pytest.LogCaptureFixture
) -> None:
    file.models = [N]
    file.refused = RequestError(ErrorCode.FAILED_PRECONDITION, "Version 2 is not available.")
    poller.poll_once()
    poller.poll_once()
    assert caplog.messages == ["The new model configuration is ignored: Version 2 is not available."]
    file.refused = None
    poller.poll_once()
    poller.poll_once()
    assert file.reloads == [(N,)] * 3


def test_a_model_that_does_not_load_is_not_tried_again(file: File, poller: ConfigPoller) -> None:
    file.models = [N]
    file.refused = RequestError(ErrorCode.UNKNOWN, "1 model(s) did not become available")
    poller.poll_once()
    poller.poll_once()
    assert file.reloads == [(N,)]
    file.models = [M]
    poller.poll_once()
    assert file.reloads == [(N,), (M,)]


def test_it_polls_until_it_is_stopped(file: File, poller: ConfigPoller) -> None:
    poller.start()
    file.models = [N]
    until(lambda: file.reloads)
    poller.stop()
    poller._thread.join(10)
    assert not poller._thread.is_alive()
