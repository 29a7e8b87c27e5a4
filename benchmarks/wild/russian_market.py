"""Cars of the Russian market, asked of the recogniser that comes with kuzov."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.wild.figure import Array, Figure, area, share
from benchmarks.wild.recognisers import answers
from kuzov.records import Prediction


def measure(wild: Path) -> Iterator[Figure]:
    """The five models; near: other generations and bodies of their lines; other: any other car."""
    files = sorted((wild / "russian-market").glob("*/*.jpg"))
    found = list(zip([file.parent.name for file in files], answers(files), strict=True))
    strange = {
        kind: [answer for folder, answer in found if folder.startswith(f"{kind}_")]
        for kind in ("other", "near")
    }
    known = [(folder, answer) for folder, answer in found if not folder.startswith(tuple(strange))]
    yield share("the five: right", [answer.label == folder for folder, answer in known])
    yield share("the five: accepted", [not answer.is_unknown for _, answer in known])
    for kind, told in strange.items():
        yield share(f"{kind}: told unknown", [answer.is_unknown for answer in told])
    five = _unknown([answer for _, answer in known])
    for kind, told in strange.items():
        yield area(f"AUROC of `unknown`, the five against {kind}", five, _unknown(told))


def _unknown(predictions: Sequence[Prediction]) -> Array:
    """Of one draw: (1, N)."""
    return np.array([[each.unknown for each in predictions]])
