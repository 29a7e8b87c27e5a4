from __future__ import annotations

import json
from pathlib import Path

from kuzov.bundle.ready import ready_model
from kuzov.teach.judgement import judgement


def test_a_bundles_judgement_is_that_of_its_card(tmp_path: Path) -> None:
    found = judgement(ready_model() / "1", 1, tmp_path)
    assert [each["id"] for each in found["classes"]][:2] == ["bmw_x5", "land_cruiser"]
    assert found["photos"] == 175
    assert found["validation"]["total"] == 45
    assert {"mean", "std"} <= found["cross_validation"].keys()
    assert (found["version"], found["mistakes"]) == (1, [])


def test_the_run_knows_what_it_gets_wrong(tmp_path: Path) -> None:
    right = {"photo": "a/1.jpg", "label": "a", "predicted": "a", "probability": 0.9, "unknown": 0.1}
    wrong = {**right, "predicted": "b"}
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "metrics.json").write_text(json.dumps({"photos": [right, wrong]}), encoding="utf-8")
    found = judgement(tmp_path, 7, tmp_path)
    assert found["mistakes"] == [{"photo": "a/1.jpg", "label": "a", "predicted": "b", "probability": 0.9}]


def test_of_a_model_from_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    found = judgement(tmp_path, 3, tmp_path)
    assert found["classes"] == []
    assert (found["validation"], found["photos"]) == (None, None)


def test_a_broken_card_is_as_good_as_none(tmp_path: Path) -> None:
    card = tmp_path / "assets.extra" / "card.json"
    card.parent.mkdir()
    card.write_text("{", encoding="utf-8")
    assert judgement(tmp_path, 3, tmp_path)["validation"] is None
