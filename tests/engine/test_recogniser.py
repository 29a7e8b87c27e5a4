from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

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
        "photo", "label", "probability", "probabilities", "unknown", "is_unknown", "is_doubtful",
        "look_alike", "no_car", "car", "note",
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


def test_each_car_of_a_photo_is_recognised(recogniser: Recogniser, street: Path) -> None:
    found = recogniser.predict_cars(street)
    assert {answer.label for answer in found} == {"hatchback", "suv"}
    assert [answer.photo for answer in found] == [str(street)] * 2
    boxes = {answer.label: answer.car.box for answer in found if answer.car}
    assert boxes["hatchback"][2] < 0.55 < boxes["suv"][2]
    main = recogniser.predict(street)
    assert (main.label, main.car) == (found[0].label, found[0].car)
    assert main.probability == pytest.approx(found[0].probability, abs=1e-5)


def test_a_car_of_few_pixels_is_told_to_be_small(recogniser: Recogniser, street: Path) -> None:
    for least_px, small in ((48, False), (300, True)):
        cars = [answer.car for answer in recogniser.predict_cars(street, least_car_px=least_px)]
        assert [car.small for car in cars if car] == [small] * 2


def test_a_photo_without_a_car_is_answered_whole(recogniser: Recogniser, tmp_path: Path) -> None:
    noise = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).save(noise)
    for answer in (recogniser.predict(noise), *recogniser.predict_cars(noise)):
        assert (answer.no_car, answer.car) == (True, None)
        assert answer.probabilities == recogniser.predict(noise, whole_photo=True).probabilities


def test_the_whole_photo_may_be_asked_about(recogniser: Recogniser, synthetic_photos: Path) -> None:
    photo = synthetic_photos / "test" / "suv.jpg"
    whole, car = recogniser.predict(photo, whole_photo=True), recogniser.predict(photo)
    assert (whole.no_car, whole.car) == (False, None)
    assert whole.probabilities != car.probabilities


def test_a_model_of_the_first_form_knows_no_cars(old_bundle: Path, street: Path) -> None:
    old = Recogniser.load(old_bundle)
    assert (old.predict(street).car, old.predict(street).no_car) == (None, False)
    with pytest.raises(BundleError, match=r"^This model was made by an older kuzov"):
        old.predict_cars(street)


@pytest.mark.parametrize("size", [(60, 41), (2000, 100), (100, 2000), (1, 1)])
def test_a_photo_of_any_shape_gets_an_honest_answer(
    recogniser: Recogniser, synthetic_photos: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    photo = tmp_path / "photo.png"
    Image.open(synthetic_photos / "test" / "suv.jpg").resize(size).save(photo)
    for answer in recogniser.predict_cars(photo):
        assert answer.no_car == (answer.car is None)
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        if answer.car:
            left, top, right, bottom = answer.car.box
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1
            assert answer.car.small == (min((right - left) * size[0], (bottom - top) * size[1]) < 48)


def test_a_car_cut_by_the_edge_is_found_inside_the_photo(
    recogniser: Recogniser, synthetic_photos: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    Image.open(synthetic_photos / "test" / "hatchback.jpg").crop((100, 0, 320, 220)).save(photo)
    car = recogniser.predict(photo).car
    assert car is not None
    assert car.box[0] == 0
