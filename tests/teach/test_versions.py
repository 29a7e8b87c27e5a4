from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from kuzov.atomic import place
from kuzov.bundle.layout import versions
from kuzov.bundle.ready import ready_model
from kuzov.teach.refusal import RefusedError
from kuzov.teach.versions import ModelVersions, judgement
from tests.errors import raises


def put(folder: Path, *numbers: int) -> None:
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "saved_model.pb").write_bytes(b"")


@pytest.fixture
def model(tmp_path: Path) -> ModelVersions:
    model = ModelVersions(tmp_path / "cars")
    put(model.base, 10, 20)
    put(model.trained, 30)
    return model


def test_a_candidate_is_published_and_taken_back(
    model: ModelVersions, on_disk: dict[Path, bytes | set[str]]
) -> None:
    assert model.publish(30) == 30
    assert on_disk[model.base] == {".teach", "10", "20", "30"}
    assert (versions(model.base), model.candidates()) == ([10, 20, 30], {})
    assert model.take_back(30) == 20
    assert (versions(model.base), list(model.candidates())) == ([10, 20], [30])
    assert model.publish(30) == 30
    assert versions(model.base) == [10, 20, 30]


def test_a_published_version_is_always_the_newest(model: ModelVersions) -> None:
    put(model.base, 40)
    put(model.withdrawn, 50)
    assert model.publish(30) == 51
    assert versions(model.base) == [10, 20, 40, 51]


def test_a_candidate_that_is_gone(model: ModelVersions) -> None:
    put(model.trained, 31)
    model.forget_superseded()
    with raises(RefusedError, "Version 30 can't be published: it is not there any more. Train again."):
        model.publish(30)


def test_two_who_publish_at_once_publish_once(model: ModelVersions) -> None:
    model.publish(30)
    with raises(RefusedError, "Version 30 is published already."):
        model.publish(30)
    assert versions(model.base) == [10, 20, 30]


def test_two_who_go_back_at_once_go_back_once(model: ModelVersions) -> None:
    model.take_back(20)
    with raises(RefusedError, "Version 20 is not the newest any more; look at what is served now."):
        model.take_back(20)
    assert versions(model.base) == [10]


def test_the_only_version_stays(model: ModelVersions) -> None:
    model.take_back(20)
    with pytest.raises(RefusedError) as refused:
        model.take_back(10)
    expected = f"Version 10 is the only one in {model.base}; there is none to go back to."
    assert (str(refused.value), versions(model.base)) == (expected, [10])


def test_only_the_newest_of_what_was_never_published_is_kept(model: ModelVersions) -> None:
    put(model.trained, 31, 32)
    put(model.withdrawn, 5, 6)
    model.forget_superseded()
    assert (versions(model.trained), versions(model.withdrawn)) == ([32], [5, 6])


def test_a_version_is_not_removed_while_it_is_published(
    model: ModelVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    removing = threading.Thread(target=model.forget_superseded)

    def overtaken(source: Path, target: Path) -> None:
        put(model.trained, 31)
        removing.start()
        removing.join(0.2)
        place(source, target)

    monkeypatch.setattr("kuzov.teach.versions.place", overtaken)
    assert model.publish(30) == 30
    removing.join()
    assert (versions(model.base), versions(model.trained)) == ([10, 20, 30], [31])


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


def test_the_run_knows_what_it_left_out_by_names_within_the_folder(tmp_path: Path) -> None:
    reasons = {
        "reason": "shows the same picture as /p/b/2.jpg",
        "reason_ru": "та же картинка, что /p/b/2.jpg",
    }
    rejected = [{"photo": "/p/a/1.jpg", **reasons}, {"photo": "/p/c.txt", "reason": "is not a photo"}]
    (tmp_path / "7").mkdir()
    metrics = {"data": {"folder": "/p", "rejected": rejected}}
    (tmp_path / "7" / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    assert judgement(tmp_path, 7, tmp_path)["left_out"] == [
        {"photo": "a/1.jpg", "en": "shows the same picture as b/2.jpg", "ru": "та же картинка, что b/2.jpg"},
        {"photo": "c.txt", "en": "is not a photo", "ru": "is not a photo"},
    ]


def test_of_a_model_without_a_sound_card_nothing_is_known(tmp_path: Path) -> None:
    card = tmp_path / "assets.extra" / "card.json"
    card.parent.mkdir()
    for content in (None, "{"):
        if content is not None:
            card.write_text(content, encoding="utf-8")
        found = judgement(tmp_path, 3, tmp_path)
        assert (found["classes"], found["validation"], found["photos"]) == ([], None, None)
