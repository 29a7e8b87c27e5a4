from __future__ import annotations

import threading

import pytest

from kuzov.serve.threads import watched_threads


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, SystemExit])
def test_a_thread_that_dies_is_noted_told_of_and_logged(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def die() -> None:
        raise error

    told: list[str] = []
    with watched_threads() as watch:
        watch.when_one_dies(lambda: told.append("died"))
        thread = threading.Thread(target=die, name="die")
        thread.start()
        thread.join()
        watch.when_one_dies(lambda: told.append("has died before"))
    assert watch.dead == ("die",)
    assert told == ["died", "has died before"]
    assert caplog.messages == ["The thread die has died"]
