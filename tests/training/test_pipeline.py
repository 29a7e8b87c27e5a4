from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kuzov import api
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import LEARNED_FROM, OPENVINO_INT8_MODEL, UNPUBLISHED, versions
from kuzov.bundle.publish import publish
from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.synthetic import render_cars
from kuzov.engine.openvino import load
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import ConfigError, DatasetError, KuzovError
from kuzov.model import backbones
from kuzov.model.backbones import Backbone
from kuzov.records import Prediction
from kuzov.run_metrics import TrainingMetrics, read_metrics
from kuzov.signals import Terminated
from kuzov.training import pipeline
from kuzov.training.assignment import Assignment
from kuzov.training.candidate import Candidate
from kuzov.training.export import prove_bundle
from kuzov.training.pipeline import TrainResult, run_training
from kuzov.training.prove import Proof
from kuzov.training.succession import Succession
from tests.errors import raises
from tests.quantised import Rounded

Run = Callable[..., TrainResult]
TINY = TrainConfig(
    backbone="tiny", fine_tune=FineTuneConfig(layers=4, epochs=2, batch_size=4, learning_rate=0.001)
)
pytestmark = pytest.mark.usefixtures("tiny_in_table")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def train(
        photos: Path, config: TrainConfig = TINY, *, strict: bool = False, **options: Any
    ) -> TrainResult:
        fraction = config.validation_fraction
        few = options.get("shots") is not None  # draws mix the two sides
        dataset = load_dataset(
            photos, validation_fraction=fraction, seed=config.seed, strict=strict, allow_leaks=few
        )
        options = {"runs": tmp_path / "runs", "report": lambda *_: None, **options}
        return run_training(Assignment(dataset=dataset, out=tmp_path / "models", config=config, **options))

    return train


@pytest.fixture
def cars(tmp_path: Path) -> Path:
    """Two classes, 5 photos each to learn from, 2 to judge by."""
    return render_cars(tmp_path / "cars", classes=2, train=5, validation=2)


@pytest.fixture
def undivided(cars: Path, tmp_path: Path) -> Path:
    """The same, without train/ and validation/."""
    for side in ("train", "validation"):
        for photo in (cars / side).rglob("*.jpg"):
            folder = tmp_path / "undivided" / photo.parent.name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, folder / f"{side}-{photo.name}")
    return tmp_path / "undivided"


def lasting(metrics: dict[str, Any]) -> dict[str, Any]:
    """All but what differs from run to run."""
    return {key: value for key, value in metrics.items() if key not in {"seconds", "bundle"}}


@pytest.mark.slow
def test_a_run_repeats_to_the_digit_whatever_is_cached(
    trained: TrainResult, synthetic_photos: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "empty"))
    again = run(synthetic_photos, TrainConfig())
    assert lasting(again.metrics) == lasting(trained.metrics)
    assert again.bundle != trained.bundle
    for file in ("assets/labels.txt", "assets.extra/openvino/model.bin", "assets.extra/card.json"):
        assert (again.bundle / file).read_bytes() == (trained.bundle / file).read_bytes(), file


@pytest.mark.slow
def test_the_seed_divides_the_photos(undivided: Path, run: Run) -> None:
    first, again = run(undivided), run(undivided)
    other = run(undivided, TrainConfig(backbone="tiny", seed=1))
    assert lasting(first.metrics) == lasting(again.metrics)
    names = [[each["photo"] for each in result.metrics["photos"]] for result in (first, other)]
    assert len(names[0]) == len(names[1]) == 4
    assert names[0] != names[1]


def test_where_a_run_leaves_what_it_made(
    cars: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "empty"))
    stages: list[tuple[str, int, int]] = []
    result = run(cars, progress=lambda *step: stages.append(step))
    assert result.bundle.parent == tmp_path / "models"
    assert result.run_folder == tmp_path / "runs" / result.bundle.name
    assert json.loads((result.run_folder / "metrics.json").read_text()) == json.loads(
        json.dumps(result.metrics)
    )
    assert list(dict.fromkeys(stage for stage, _, _ in stages)) == ["embed", "head", "export"]
    for stage in ("embed", "head", "export"):
        steps = [(done, total) for name, done, total in stages if name == stage]
        assert [done for done, _ in steps] == list(range(steps[-1][1] + 1))
        assert {total for _, total in steps} == {steps[-1][0]}


def test_a_version_that_forgets_a_class_waits_beside_the_others(cars: Path, run: Run, tmp_path: Path) -> None:
    (cars / "classes.toml").unlink()
    first = run(cars, publish_always=False)
    for side in ("train", "validation"):
        (cars / side / "suv").rename(cars / side / "niva")
    other = run(cars, publish_always=False)
    assert (first.published, other.published) == (True, False)
    assert other.bundle.parent == tmp_path / "models" / UNPUBLISHED
    assert other.run_folder.name == other.bundle.name
    assert versions(tmp_path / "models") == [int(first.bundle.name)]
    assert Recogniser.load(other.bundle).predict(next(cars.rglob("niva/1.jpg"))).photo.endswith("1.jpg")
    published = api.publish(other.bundle)
    assert versions(tmp_path / "models") == [int(first.bundle.name), int(published.name)]
    assert run(cars, publish_always=False).succession == Succession(former=published, photos=4)
    assert run(cars, publish_always=True).published


def test_a_version_keeps_by_which_photos_it_has_learned(cars: Path, run: Run) -> None:
    learned = (run(cars).bundle / LEARNED_FROM).read_text().split()
    photos = [*(cars / "train").rglob("*.jpg")]
    assert learned == sorted(hashlib.sha256(photo.read_bytes()).hexdigest()[:16] for photo in photos)


def test_what_json_prints(trained: TrainResult) -> None:
    printed = trained.to_json()
    assert set(printed) == {
        "bundle", "published", "succession", "validation", "cross_validation", "shots", "ece", "seconds",
        "kept", "run",
    }  # fmt: skip
    assert printed["shots"] is None
    assert set(printed["validation"]) == {"right", "total", "accuracy", "interval"}
    assert set(printed["cross_validation"]) == {"mean", "std", "folds"}
    assert set(printed["ece"]) == {"before", "after"}
    assert Path(printed["bundle"]).is_dir()
    assert Path(printed["run"]).is_dir()
    assert printed["seconds"] > 0
    assert json.loads(json.dumps(printed)) == printed


def test_the_bundle_answers_as_the_metrics_say(cars: Path, run: Run) -> None:
    result = run(cars)
    recogniser = Recogniser.load(result.bundle, precision="f32")
    for told in result.metrics["photos"]:
        found = recogniser.predict(cars / told["photo"])
        assert found.label == told["predicted"]
        assert found.probability == pytest.approx(told["probability"], abs=1e-3)
        assert found.unknown == pytest.approx(told["unknown"], abs=1e-3)
        assert told["label"] == Path(told["photo"]).parent.name


def test_a_bundle_is_proved_on_so_many_photos_at_most(
    cars: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs: list[Proof] = []

    def note(*arguments: Any) -> None:
        proofs.append(arguments[-1])
        prove_bundle(*arguments)

    monkeypatch.setattr(pipeline, "prove_bundle", note)
    monkeypatch.setattr(pipeline, "MOST_PROOF_PHOTOS", 3)
    photos = run(cars).metrics["photos"]
    assert len(photos) == 4
    (proof,) = proofs
    assert len(proof.images) == 2
    told = [each["probability"] for each in photos[::2]]  # of both classes
    np.testing.assert_allclose(proof.probabilities.max(axis=1), told)


def test_a_class_with_two_photos_in_all(undivided: Path, run: Run) -> None:
    for photo in sorted((undivided / "suv").iterdir())[2:]:
        photo.unlink()
    result = run(undivided)
    assert result.metrics["data"]["train"]["suv"] == result.metrics["data"]["validation"]["suv"] == 1
    assert len(result.metrics["cross_validation"]["folds"]) == 2
    assert np.isfinite(result.metrics["temperature"])
    with pytest.raises(DatasetError, match=r"^Fine-tuning needs two or more different photos to train on"):
        run(undivided, fine_tuning=True)


@pytest.mark.slow
@pytest.mark.parametrize("shots", [1, 3])
def test_few_shots_are_learned_from_and_all_other_photos_judge(cars: Path, run: Run, shots: int) -> None:
    copy = cars / "validation" / "suv" / "copy.jpg"
    shutil.copy(cars / "train" / "suv" / "1.jpg", copy)
    result = run(cars, shots=shots)
    metrics, told = result.metrics, result.to_json()["shots"]
    assert metrics["data"]["train"] == {"sedan": shots, "suv": shots}
    assert metrics["data"]["validation"] == {"sedan": 7 - shots, "suv": 7 - shots}  # the copy counts once
    assert metrics["cross_validation"] is result.to_json()["cross_validation"] is None
    assert set(told) == {"shots", "draws", "photos", "mean", "std", "least", "most"}
    assert (told["shots"], told["draws"], told["photos"]) == (shots, 20, 14 - 2 * shots)
    assert 0 <= told["least"] <= metrics["validation"]["accuracy"] <= told["most"] <= 1
    assert sum(each["photos"] for each in metrics["reliability"]["after"]) == told["photos"]
    assert read_card(result.bundle).data["train"] == metrics["data"]["train"]


def test_the_first_draw_becomes_the_bundle(
    undivided: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "SHOT_DRAWS", 1)
    result = run(undivided, shots=2)
    assert result.metrics["shots"]["mean"] == result.metrics["validation"]["accuracy"]
    read = read_metrics(result.run_folder)  # as the report does
    assert isinstance(read, TrainingMetrics)
    assert read.shots is not None
    assert (read.shots.shots, read.shots.draws, read.cross_validation) == (2, 1, None)
    assert read.learning_curve.shots == (1, 2, 3, 5)


def test_strict_refuses_what_else_is_left_out(cars: Path, run: Run, tmp_path: Path) -> None:
    broken = cars / "train" / "suv" / "broken.jpg"
    broken.write_bytes(b"no photo")
    with pytest.raises(DatasetError, match=r"^1 file in .* can't be used; mend or remove it: .*broken\.jpg"):
        run(cars, strict=True)
    assert not (tmp_path / "models").exists()
    rejected = run(cars).metrics["data"]["rejected"]
    assert [each["photo"] for each in rejected] == [str(broken)]


def test_a_failure_leaves_neither_version_nor_run(cars: Path, run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^There is no backbone 'tinny'\. Did you mean tiny\?"):
        run(cars, TrainConfig(backbone="tinny"))
    with pytest.raises(DatasetError):
        run(tmp_path / "none")
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["kuzov.report.write.make_album", "kuzov.training.pipeline.write_run"])
def test_a_version_without_its_report_or_its_run_is_not_published(
    cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KuzovError("The disk is full.")

    monkeypatch.setattr(broken, fail)
    models, runs = tmp_path / "models", tmp_path / "runs"
    with raises(KuzovError, "The disk is full."):
        api.train(cars, models, runs=runs, config=TINY)
    assert [*models.glob("*"), *runs.glob("*")] == []


@pytest.mark.slow
def test_a_version_that_was_published_keeps_its_run_whatever_comes_then(
    cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish_and_stop(*words: Any) -> Path:
        publish(*words)
        raise Terminated

    monkeypatch.setattr("kuzov.training.pipeline.publish", publish_and_stop)
    with pytest.raises(Terminated):
        api.train(cars, tmp_path / "models", runs=tmp_path / "runs", config=TINY)
    (version,) = (tmp_path / "models").glob("*")
    assert (tmp_path / "runs" / version.name / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("better", "kept"), [(True, "fine-tuned"), (False, "head")])
def test_the_better_stage_is_kept(
    cars: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, better: bool, kept: str
) -> None:
    monkeypatch.setattr(Candidate, "is_better_than", lambda *_: better)
    result = run(cars, fine_tuning=True, tensorboard=tmp_path / "logs")
    assert result.metrics["kept"] == result.to_json()["kept"] == kept
    assert read_card(result.bundle).metrics["kept"] == kept
    assert len(result.metrics["curves"]["fine_tune"]["val_loss"]) == 2
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))
    recogniser = Recogniser.load(result.bundle, precision="f32")
    answers = recogniser.predict_many(cars / each["photo"] for each in result.metrics["photos"])
    found = [each.probability for each in answers if isinstance(each, Prediction)]
    told = [each["probability"] for each in result.metrics["photos"]]
    assert found == pytest.approx(told, abs=1e-3)


@pytest.mark.slow
def test_epochs_are_kept_until_the_version_is_there(
    cars: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUZOV_CACHE", str(tmp_path / "cache"))

    def fail(*_: Path) -> None:
        raise KuzovError("The disk is full.")

    with pytest.raises(KuzovError):
        run(cars, fine_tuning=True, report=fail)
    assert list((tmp_path / "cache" / "fine-tune").iterdir())
    epochs: list[int] = []
    run(
        cars,
        fine_tuning=True,
        progress=lambda stage, done, _: epochs.append(done) if stage == "fine-tune" else None,
    )
    assert epochs == [TINY.fine_tune.epochs]
    assert list((tmp_path / "cache" / "fine-tune").iterdir()) == []


@pytest.mark.parametrize(("step", "precision"), [(1e-3, "int8"), (2.0, "f32")])
def test_it_learns_in_int8_unless_float32_would_answer_otherwise(
    cars: Path,
    run: Run,
    tiny: Backbone,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: float,
    precision: str,
) -> None:
    backbone = Rounded(name="tiny", image_px=tiny.image_px, build=tiny.build, step=step)
    monkeypatch.setitem(backbones.BACKBONES, "tiny", backbone)
    result = run(cars)
    assert (result.bundle / OPENVINO_INT8_MODEL).is_file() == (precision == "int8")
    assert read_card(result.bundle).precision == precision
    engine = load(result.bundle, precision)
    assert load(result.bundle).name == engine.name
    told = [message.split(".")[0] for message in caplog.messages]
    assert told == [
        *(["In int8 and in float32 the model would answer differently"] if precision == "f32" else []),
        *(["It learns anew, in float32 alone, and will be served so"] if precision == "f32" else []),
    ]
    assert [folder.name for folder in result.bundle.parent.iterdir()] == [result.bundle.name]
    answers = [Recogniser.load(result.bundle).predict(file) for file in sorted(cars.glob("validation/*/*"))]
    right = sum(answer.label == Path(answer.photo).parent.name for answer in answers)
    assert right == result.metrics["validation"]["right"]


def test_names_that_are_not_unicode(cars: Path, run: Run) -> None:
    strange = Path(os.fsdecode(b"\xff\xfe.jpg"))
    for side in ("train", "validation"):
        try:
            (cars / side / "suv" / "1.jpg").rename(cars / side / "suv" / strange)
        except OSError:
            pytest.skip("This file system takes no names that are not Unicode.")
    result = run(cars)
    text = (result.run_folder / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text)["photos"] == result.metrics["photos"]
