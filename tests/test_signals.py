from __future__ import annotations

import signal

import pytest

from kuzov.signals import ENDING, Terminated, on_ending_signals, undone_on_sigterm


@pytest.mark.parametrize("number", ENDING)
def test_they_are_obeyed_and_then_do_what_they_did(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    obeyed: list[int] = []
    with on_ending_signals(lambda number, _: obeyed.append(number)):
        signal.raise_signal(number)
    assert obeyed == [number]
    assert signal.getsignal(number) == before


def test_only_the_first_sigterm_is_an_exception() -> None:
    def ask_to_end() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as ended, undone_on_sigterm():
        ask_to_end()
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_sigterm_that_is_ignored_still_is() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with undone_on_sigterm():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
