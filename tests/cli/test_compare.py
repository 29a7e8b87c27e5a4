from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.report.comparison import BundleComparison, Difference, Side
from kuzov.run_metrics import Rejected
from tests.cli.conftest import Kuzov

A = Side(
    bundle="cars/1", right=40, total=45, accuracy=40 / 45, interval=(0.765, 0.952), ece=0.05, marked_unknown=2
)
FOUND = BundleComparison(
    a=A,
    b=replace(A, bundle="cars/2", right=44, accuracy=44 / 45, interval=(0.884, 0.996)),
    photos=Path("photos"),
    classes=(),
    both_right=40,
    only_a=0,
    only_b=4,
    neither=1,
    p_value=0.125,
    differences=(
        Difference(photo="x5/1.jpg", label="x5", a="vaz", a_probability=0.6, b="x5", b_probability=0.9),
    ),
    rejected=(Rejected(photo="photos/x5/2.jpg", reason="the file is empty"),),
)
STEPS = (("ask a", 0, 45), ("ask a", 45, 45), ("ask b", 0, 45))


def test_the_outcome_is_told(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    calls = answers("compare", FOUND, STEPS)
    done = kuzov("compare", "photos", "--model", "a", "--model", "b", "--out", "out")
    assert calls == [(Path("a"), Path("b"), Path("photos"), Path("out"))]
    assert (done.status, done.err) == (
        0,
        "Asking A about 45 photos\nAsking B about 45 photos\nLeft out: photos/x5/2.jpg: the file is empty\n",
    )
    assert done.out == (
        "A                  40 of 45 photos right: 88.9%, 95 % interval 76.5% to 95.2% (cars/1)\n"
        "B                  44 of 45 photos right: 97.8%, 95 % interval 88.4% to 99.6% (cars/2)\n"
        "Only one is right  A on 0 photos, B on 4 photos; McNemar's exact test: p = 0.12\n"
        "Verdict            B recognises 44 of 45 photos, A 40; so small a difference can be chance.\n"
        "Page               out/comparison.html\n"
        "Where they differ:\n"
        "  x5/1.jpg: A vaz (60.0%), B x5 (90.0%); it shows x5\n"
    )


def test_many_differences_are_cut(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    answers("compare", replace(FOUND, differences=FOUND.differences * 23), STEPS)
    done = kuzov("compare", "photos", "--model", "a", "--model", "b")
    assert done.out.count("it shows x5") == 20
    assert done.out.endswith("  and 3 more; --json tells all\n")


def test_a_single_model_is_compared_with_the_default_one(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    calls = answers("compare", FOUND)
    kuzov("compare", "photos", "--model", "a")
    assert calls == [(Path("a"), ready_model(), Path("photos"), None)]


@pytest.mark.parametrize("models", [[], ["a", "b", "c"]], ids=len)
def test_two_models_are_compared(kuzov: Kuzov, models: list[str]) -> None:
    done = kuzov("compare", "photos", *(f"--model={each}" for each in models))
    assert done.status == 2
    assert "Two models are compared: --model A --model B, or one with the default model." in done.err
