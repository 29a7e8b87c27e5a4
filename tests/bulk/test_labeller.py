from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kuzov.bulk.answers import ModelName
from kuzov.bulk.labeller import Labeller, model_name
from kuzov.bundle.layout import resolve
from kuzov.bundle.ready import ready_model
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, PhotoError

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller(resolve(ready_model()), precision="f32", threads=2)


def test_it_answers_as_predict_does(labeller: Labeller, ten_photos: list[Path]) -> None:
    recogniser = Recogniser.load(ready_model(), precision="f32")
    for photo in ten_photos:
        expected, (found,) = recogniser.predict(photo), labeller(str(photo), str(photo))
        ranked = sorted(expected.probabilities.items(), key=lambda item: -item[1])
        assert found.photo == str(photo)
        assert [label for label, _ in found.top] == [label for label, _ in ranked]
        assert [value for _, value in found.top] == pytest.approx([value for _, value in ranked], abs=1e-5)
        assert found.unknown == pytest.approx(expected.unknown, abs=1e-5)
        assert (found.is_unknown, found.error) == (expected.is_unknown, None)
        assert (found.look_alike is None) == (expected.look_alike is None)


def test_content_and_path_are_alike(labeller: Labeller, ten_photos: list[Path]) -> None:
    photo = ten_photos[0]
    assert labeller("a", photo.read_bytes()) == labeller("a", str(photo))


def test_a_photo_that_lacks_its_end_is_answered_with_a_note(
    labeller: Labeller, ten_photos: list[Path]
) -> None:
    photo = next(each for each in ten_photos if each.suffix == ".jpeg").read_bytes()
    (whole,), (cut,) = labeller("whole", photo), labeller("cut", photo[:-40])
    assert (whole.note, cut.error) == (None, None)
    assert cut.note is not None
    assert cut.note.startswith("lacks its end")


def test_each_car_is_a_row(trained: TrainResult, street: Path, tmp_path: Path) -> None:
    labeller = Labeller(trained.bundle, precision="f32", threads=1, all_cars=True, least_car_px=300)
    found = labeller("street", str(street))
    expected = Recogniser.load(trained.bundle, precision="f32").predict_cars(street, least_car_px=300)
    assert [row.top[0][0] for row in found] == [answer.label for answer in expected]
    for row, answer in zip(found, expected, strict=True):
        assert row.car is not None
        assert answer.car is not None
        assert row.car.box == pytest.approx(answer.car.box, abs=1e-6)
        assert (row.car.small, row.no_car, row.cars) == (True, False, 2)
    noise = tmp_path / "noise.png"
    Image.effect_noise((300, 200), 90).save(noise)
    (row,) = labeller("noise", str(noise))
    assert (row.car, row.no_car, row.cars, row.error) == (None, True, 0, None)
    (row,) = labeller("broken", b"")
    assert (row.car, row.no_car, row.cars) == (None, None, None)


def test_what_can_not_be_read_is_an_answer(labeller: Labeller, tmp_path: Path) -> None:
    def error(photo: str, content: str | bytes | PhotoError) -> str | None:
        (row,) = labeller(photo, content)
        assert (row.photo, row.top) == (photo, ())
        return row.error

    assert error("a.jpg", b"") == "is empty; replace it with a whole copy of the photo"
    assert error("b.jpg", str(tmp_path / "b.jpg")) == "no such file; check the path"
    gone = "there is no such address; check it"
    assert error("http://c", PhotoError("http://c", gone)) == gone


def test_no_memory_is_an_answer(labeller: Labeller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("kuzov.engine.recogniser.read_cut_outs", fail)
    (row,) = labeller("a.jpg", "a.jpg")
    assert row.error == "needs more memory than there was"


def test_the_name_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cars").mkdir()
    shutil.copytree(resolve(ready_model()), tmp_path / "cars" / "0012")
    found = model_name(tmp_path / "cars" / "0012")
    assert found == ModelName(name="cars", version=12)
    assert "bmw_x5" in found.labels
    monkeypatch.chdir(tmp_path / "cars" / "0012")
    assert model_name(Path()) == ModelName(name="cars", version=12)
    with pytest.raises(BundleError) as raised:
        model_name(tmp_path / "cars")
    assert str(raised.value) == (
        f"{tmp_path}/cars has no version: results tell it, so the folder of a bundle is named by a number."
    )
