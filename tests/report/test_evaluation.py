from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kuzov import api
from kuzov.bundle.layout import LEARNED_FROM
from kuzov.errors import BundleError, ConfigError, DatasetError
from kuzov.report.answers import Subject
from kuzov.report.evaluation import Evaluation, default_folder

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="module")
def evaluated(
    trained: TrainResult, synthetic_photos: Path, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    return api.evaluate(trained.bundle, synthetic_photos, tmp_path_factory.mktemp("out") / "evaluation")


def test_it_finds_what_the_training_found(evaluated: Evaluation, trained: TrainResult) -> None:
    found, known = evaluated.metrics, trained.metrics
    for key in ("classes", "validation", "confusion", "per_class", "temperature", "versions"):
        assert found[key] == known[key]
    assert found["config"]["seed"] == known["config"]["seed"]
    for one, other in zip(found["photos"], known["photos"], strict=True):
        assert f"validation/{one['photo']}" == other["photo"]
        assert one["predicted"] == other["predicted"]
        assert one["probability"] == pytest.approx(other["probability"], abs=0.02)
        assert one["unknown"] == pytest.approx(other["unknown"], abs=0.05)


def test_what_is_printed_and_written(
    evaluated: Evaluation, trained: TrainResult, synthetic_photos: Path
) -> None:
    folder = evaluated.report.parent
    assert {each.name for each in folder.iterdir()} == {
        "metrics.json", "report.html", "classes.svg", "confusion.svg", "reliability.svg", "unknown.svg"
    }  # fmt: skip
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8")) == evaluated.metrics
    told = evaluated.to_json()
    assert (told["right"], told["total"]) == (trained.metrics["validation"]["right"], 9)
    assert (told["bundle"], told["photos"]) == (str(trained.bundle), str(synthetic_photos / "validation"))
    assert set(told["classes"][0]) == {"id", "precision", "recall", "f1", "photos"}
    assert (told["learned_from"], told["unseen"]["total"]) == (0, 9)
    assert (told["rejected"], told["report"]) == ([], str(evaluated.report))
    assert told["unknown"]["right"] + told["unknown"]["wrong"] == sum(
        each["is_unknown"] for each in evaluated.metrics["photos"]
    )


def test_photos_that_a_model_has_learned_from_are_known_again_one_by_one(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(synthetic_photos / "validation", photos)
    for photo in (synthetic_photos / "train").glob("*/1.jpg"):
        shutil.copy(photo, photos / photo.parent.name / "learned.jpg")
    told = api.evaluate(trained.bundle, photos, tmp_path / "out").to_json()
    assert (told["total"], told["learned_from"]) == (12, 3)
    assert told["unseen"] == trained.metrics["validation"]
    told = api.evaluate(trained.bundle, synthetic_photos / "train", tmp_path / "all").to_json()
    assert (told["learned_from"], told["unseen"]) == (told["total"], None)


def test_an_older_bundle_does_not_tell_what_it_has_learned_from(
    older_bundle: Path, synthetic_photos: Path, tmp_path: Path
) -> None:
    told = api.evaluate(older_bundle, synthetic_photos / "train", tmp_path / "out").to_json()
    assert (told["learned_from"], told["unseen"]["total"]) == (None, told["total"])


def test_an_older_bundle_tells_of_the_photos_of_its_training_together(
    older_bundle: Path, synthetic_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of = Subject.load(older_bundle).card.data["fingerprint"]
    monkeypatch.setattr("kuzov.report.answers.fingerprint", lambda _photos: made_of)
    told = api.evaluate(older_bundle, synthetic_photos / "train", tmp_path / "out").to_json()
    assert (told["learned_from"], told["unseen"]) == (told["total"], None)


def test_a_damaged_list_of_photos_keeps_no_bundle_from_being_judged(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = tmp_path / "1"
    shutil.copytree(trained.bundle, bundle)
    (bundle / LEARNED_FROM).write_bytes(b"")
    told = api.evaluate(bundle, synthetic_photos / "validation", tmp_path / "out").to_json()
    assert told["learned_from"] is None
    assert "is damaged; the photos that it has learned from are not counted" in caplog.text


def test_the_folder_is_named_by_model_and_photos(trained: TrainResult) -> None:
    folder = default_folder(Subject.load(trained.bundle), Path("photos") / "validation")
    assert folder == Path("evaluations", f"{trained.bundle.name}-validation")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.touch, "{out} is a file; give a folder."),
        (
            lambda out: shutil.copytree(out.parent / "run", out),
            "{out} is a training run's folder, with a report of its own; give another.",
        ),
    ],
)
def test_a_folder_that_can_not_be_written(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path, make: Any, message: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained.run_folder, tmp_path / "run")
    make(out)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError) as caught:
        api.evaluate(trained.bundle, synthetic_photos, out)
    assert str(caught.value).endswith(message.format(out=out))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_files_of_a_zip_are_named_as_they_lie_in_it(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(synthetic_photos / "validation", tmp_path / "cars")
    (tmp_path / "cars" / "suv" / "notes.txt").touch()
    (tmp_path / "cars" / "suv" / "broken.jpg").touch()
    given = Path(shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path, "cars"))
    told = [f"{given}/suv/{name}" for name in ("broken.jpg", "notes.txt")]
    judged = api.evaluate(trained.bundle, given, tmp_path / "out")
    assert [each["photo"] for each in judged.metrics["data"]["rejected"]] == told
    compared = api.compare(trained.bundle, trained.bundle, given)
    assert sorted(each.photo for each in compared.rejected) == told


def test_bad_input_leaves_nothing_behind(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(BundleError, match=r"^There is no model folder "):
        api.evaluate(tmp_path / "none", synthetic_photos, out)
    with pytest.raises(DatasetError, match=r" has folders of classes that the model does not know: "):
        api.evaluate(trained.bundle, tmp_path.parent, out)
    foreign = tmp_path / "foreign" / "1"
    foreign.mkdir(parents=True)
    (foreign / "saved_model.pb").touch()
    with pytest.raises(BundleError, match=r"^The bundle .* has no assets.extra/card.json: "):
        api.evaluate(foreign.parent, synthetic_photos, out)
    assert not out.exists()
