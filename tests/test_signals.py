from __future__ import annotations

import signal

import pytest

from kuzov.signals import ENDING, on_ending_signals


@pytest.mark.parametrize("number", ENDING)
def test_they_are_obeyed_and_then_do_what_they_did(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    obeyed: list[int] = []
    with on_ending_signals(lambda number, _: obeyed.append(number)):
        signal.raise_signal(number)
    assert obeyed == [number]
    assert signal.getsignal(number) == before
