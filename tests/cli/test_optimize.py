from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kuzov.engine.int8 import Int8Comparison, Optimisation
from tests.cli.conftest import Kuzov

KEPT = Optimisation(
    bundle=Path("cars/1"),
    kept=True,
    reason="",
    float_layers=0,
    same_photos=True,
    comparison=Int8Comparison(
        photos=45,
        accuracy_before=1.0,
        accuracy=44 / 45,
        largest_change=0.0551,
        mean_change=0.0039,
        largest_unknown_change=0.0923,
        mean_unknown_change=0.0126,
        turned_unknown=1,
        milliseconds_before=6.57,
        milliseconds=2.79,
    ),
)
STEPS = (("read", 0, 2), ("read", 2, 2), ("quantise", 0, 2))


def test_the_outcome_is_told(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    calls = answers("optimize", KEPT, STEPS)
    done = kuzov("optimize", "cars", "--photos", "photos")
    assert calls == [(Path("cars"), Path("photos"))]
    assert (done.status, done.err) == (0, "Reading the photos (2)\nQuantising and proving\n")
    assert done.out == (
        "Validation     97.8% of 45 photos right, 100.0% in float32\n"
        "Probabilities  moved by 0.004 on average, 0.055 at most\n"
        "Unknown        moved by 0.013 on average, 0.092 at most; 1 photos changed sides\n"
        "One photo      2.8 ms, 6.6 ms before\n"
        "Bundle         cars/1 now has an int8 form; a running server needs a restart to take it\n"
    )


@pytest.mark.parametrize("as_json", [True, False])
def test_a_refusal_is_a_failure(kuzov: Kuzov, answers: Callable[..., Any], as_json: bool) -> None:
    refused = replace(KEPT, kept=False, reason="accuracy falls")
    answers("optimize", refused, STEPS)
    done = kuzov("optimize", "cars", "--photos", "photos", *(["--json"] if as_json else []))
    assert done.status == 1
    assert done.err.splitlines()[-1] == "Error: No int8 form was added to cars/1: accuracy falls."
    assert (json.loads(done.out) if as_json else done.out) == (refused.to_json() if as_json else "")


def test_other_photos_are_told(kuzov: Kuzov, answers: Callable[..., Any]) -> None:
    answers("optimize", replace(KEPT, same_photos=False), STEPS)
    done = kuzov("optimize", "cars", "--photos", "photos")
    assert done.status == 0
    assert "The photos in photos are not just those that the model was trained on.\n" in done.err


def test_an_error_is_one_sentence(kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuzov.engine.quantise.find_spec", lambda _: None)
    done = kuzov("optimize", "cars", "--photos", "photos")
    assert (done.status, done.out, done.err) == (
        1,
        "",
        "Error: Quantising a model needs packages that are not installed. Install them with: "
        "pip install 'kuzov[optimize]'\n",
    )
