from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kuzov.doctor.findings import Finding, Kind

if TYPE_CHECKING:
    from kuzov.doctor.findings import Diagnosis


def test_a_finding_as_json() -> None:
    finding = Finding(kind=Kind.DARK, photos=("suv/1.jpg",), certainty=0.75, facts={"brightness": 0.06})
    assert json.loads(json.dumps(finding.to_json())) == {
        "kind": "dark",
        "photos": ["suv/1.jpg"],
        "certainty": 0.75,
        "facts": {"brightness": 0.06},
    }


def test_a_diagnosis_as_json(diagnosis: Diagnosis) -> None:
    told = json.loads(json.dumps(diagnosis.to_json()))
    assert told["photos"] == diagnosis.photos == sum(sum(side.values()) for side in told["counts"].values())
    assert sum(told["totals"].values()) == len(told["findings"])
    assert list(diagnosis.totals) == [kind for kind in Kind if kind in diagnosis.totals]
    assert told["quarantine"] is None
