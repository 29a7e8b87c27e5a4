from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov import api
from kuzov.errors import BundleError
from kuzov.report.answers import Subject, ask
from kuzov.report.comparison import compare
from kuzov.words import Words
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.data.labelled import LabelledPhotos
    from kuzov.progress import Progress
    from kuzov.report.answers import Answers
    from kuzov.training.pipeline import TrainResult


def test_a_bundle_against_itself(trained: TrainResult, synthetic_photos: Path) -> None:
    found = api.compare(trained.bundle, trained.bundle.parent, synthetic_photos)
    assert found.a == found.b
    assert (found.a.right, found.a.total) == (trained.metrics["validation"]["right"], 9)
    assert (found.only_a, found.only_b, found.p_value, found.differences) == (0, 0, 1.0, ())
    assert found.may_be_chance
    assert found.photos == synthetic_photos / "validation"


def test_another_model_is_worse(
    trained: TrainResult, synthetic_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes every car for a hatchback, beside one that is always right."""

    def answer(subject: Subject, labelled: LabelledPhotos, progress: Progress, *, stage: str) -> Answers:
        found = ask(subject, labelled, progress, stage=stage)
        answers = []
        for each in found.predictions:
            label = Path(each.photo).parent.name if stage == "ask a" else "hatchback"
            scores = {name: 0.6 if name == label else 0.2 for name in each.probabilities}
            answers.append(replace(each, label=label, probability=0.6, probabilities=scores))
        return replace(found, predictions=tuple(answers))

    monkeypatch.setattr("kuzov.report.comparison.ask", answer)
    found = compare(
        trained.bundle, trained.bundle, synthetic_photos, given=synthetic_photos, progress=lambda *_: None
    )
    assert found.a.right == 9
    assert (found.both_right, found.only_a, found.only_b, found.neither) == (3, 6, 0, 0)
    assert found.p_value == pytest.approx(2 / 64)
    assert not found.may_be_chance
    assert [each.photo for each in found.differences] == [
        f"{label}/{row}.jpg" for label in ("sedan", "suv") for row in (1, 2, 3)
    ]
    told = found.to_json()
    assert (told["only_a"], told["may_be_chance"], len(told["differences"])) == (6, False, 6)
    assert told["differences"][0]["b_probability"] == 0.6


def test_photos_that_the_two_have_learned_from_are_counted(
    trained: TrainResult, older_bundle: Path, synthetic_photos: Path
) -> None:
    found = api.compare(trained.bundle, older_bundle, synthetic_photos / "train")
    assert (found.a.learned_from, found.b.learned_from) == (found.a.total, None)
    found = api.compare(trained.bundle, older_bundle, synthetic_photos / "validation")
    assert (found.a.learned_from, found.b.learned_from) == (0, None)


def test_bundles_of_different_classes(trained: TrainResult, synthetic_photos: Path) -> None:
    from kuzov.bundle.ready import ready_model

    mine, ready = trained.bundle, ready_model() / "1"
    text = Words(
        f"Bundles of different classes can't be compared: only {mine} knows hatchback, sedan, suv; "
        f"only {ready} knows bmw_x5, land_cruiser, qashqai, solyaris, vaz_2110.",
        f"Модели с разными классами не сравнить: только {mine} знает hatchback, sedan, suv; "
        f"только {ready} знает bmw_x5, land_cruiser, qashqai, solyaris, vaz_2110.",
    )
    with raises(BundleError, text):
        api.compare(trained.bundle, ready_model(), synthetic_photos)


def test_a_photo_that_can_not_be_read_is_left_out(
    trained: TrainResult, synthetic_photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(synthetic_photos / "validation", tmp_path / "photos")
    broken = tmp_path / "photos" / "suv" / "1.jpg"
    broken.write_bytes(b"no photo")
    found = api.compare(trained.bundle, trained.bundle, tmp_path / "photos")
    assert found.a.total == 8
    assert [each.photo for each in found.rejected] == [str(broken)]
