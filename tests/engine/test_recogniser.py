from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, PhotoError
from kuzov.records import ClassName, Prediction
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="module")
def recogniser(trained: TrainResult) -> Recogniser:
    return Recogniser.load(trained.bundle.parent, precision="f32")


def test_a_photo_is_recognised(recogniser: Recogniser, synthetic_photos: Path) -> None:
    photo = synthetic_photos / "test" / "suv.jpg"
    found = recogniser.predict(photo)
    assert (found.photo, found.label) == (str(photo), "suv")
    assert list(found.probabilities) == ["hatchback", "sedan", "suv"]
    assert found.probability == max(found.probabilities.values()) == found.probabilities["suv"]
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert found.names["suv"] == ClassName(id="suv", en="SUV", ru="Внедорожник")
    assert set(found.to_json()) == {
        "photo", "label", "probability", "probabilities", "unknown", "is_unknown"
    }  # fmt: skip


def test_a_path_and_its_content_get_the_same_answer(recogniser: Recogniser, synthetic_photos: Path) -> None:
    photo = synthetic_photos / "test" / "sedan.jpg"
    by_path, by_text = recogniser.predict(photo), recogniser.predict(str(photo))
    by_content = recogniser.predict(photo.read_bytes())
    assert by_path == by_text
    assert by_content.photo == "photo"
    assert by_content.to_json() == by_path.to_json() | {"photo": "photo"}


def test_many_photos_are_answered_in_their_order_and_the_broken_named(
    recogniser: Recogniser, synthetic_photos: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((synthetic_photos / "test" / "suv.jpg").read_bytes()[:500])
    test = synthetic_photos / "test"
    photos: list[Path | bytes] = [test / "suv.jpg", broken, b"", test / "sedan.jpg"]
    answers = list(recogniser.predict_many(photos))
    assert [type(answer) for answer in answers] == [Prediction, PhotoError, PhotoError, Prediction]
    assert [answer.photo for answer in answers] == [str(photos[0]), str(broken), "photo", str(photos[3])]
    assert [answer.label for answer in answers if isinstance(answer, Prediction)] == ["suv", "sedan"]


def test_one_photo_that_can_not_be_read_is_an_error(recogniser: Recogniser, tmp_path: Path) -> None:
    with raises(PhotoError, f"{tmp_path / 'none.jpg'}: no such file; check the path"):
        recogniser.predict(tmp_path / "none.jpg")


def test_unknown_is_judged_by_the_cards_threshold(recogniser: Recogniser, synthetic_photos: Path) -> None:
    photos = list((synthetic_photos / "validation").rglob("*.jpg"))
    answers = [answer for answer in recogniser.predict_many(photos) if isinstance(answer, Prediction)]
    assert len(answers) == len(photos) == 9
    for answer in answers:
        assert 0 <= answer.unknown <= 1
        assert answer.is_unknown == (answer.unknown > recogniser.card.unknown_threshold)


def test_a_version_or_its_model_folder_may_be_named(trained: TrainResult, tmp_path: Path) -> None:
    card = Recogniser.load(str(trained.bundle)).card
    assert [each.id for each in card.classes] == ["hatchback", "sedan", "suv"]
    with pytest.raises(BundleError, match=r"^There is no model folder "):
        Recogniser.load(tmp_path / "none")
