from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import kuzov
from kuzov.bundle.card import read_card
from kuzov.bundle.layout import LABELS, REPORT, WARMUP_REQUESTS, newest, versions
from kuzov.bundle.ready import USERS_MODEL, default_model, ready_model
from kuzov.bundle.saved_model import read_signatures
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError
from tests.errors import raises
from tests.folders import close

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

FIVE = ("bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110")
TRUTH = {
    "2110.jpeg": "vaz_2110",
    "cruiser.jpg": "land_cruiser",
    "l2.jpeg": "land_cruiser",
    "l3.jpeg": "land_cruiser",
    "l4.jpeg": "land_cruiser",
    "x5_1.jpg": "bmw_x5",
}


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return kuzov.load(ready_model())


def files(folder: Path) -> dict[str, int]:
    """Sizes by path."""
    found = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return {path: file.stat().st_size for path, file in found.items()}


def test_it_knows_the_five_models() -> None:
    card = read_card(newest(ready_model()))
    labels = (newest(ready_model()) / LABELS).read_text(encoding="utf-8")
    assert tuple(each.id for each in card.classes) == FIVE == tuple(labels.splitlines())
    assert [each.en for each in card.classes[1:3]] == ["Toyota Land Cruiser 100", "Nissan Qashqai (J11)"]
    assert card.data["train"] == dict.fromkeys(FIVE, 26)


def test_it_is_one_bundle_of_the_usual_form(trained: TrainResult) -> None:
    assert [entry.name for entry in ready_model().iterdir()] == ["1"]
    assert versions(ready_model()) == [1]
    # It has no report: that would show the photos.
    assert files(newest(ready_model())).keys() | {REPORT.as_posix()} == files(trained.bundle).keys()
    assert read_signatures(newest(ready_model())).keys() == read_signatures(trained.bundle).keys()


def test_it_is_small() -> None:
    assert sum(files(ready_model()).values()) <= 26e6
    package = files(Path(kuzov.__file__).parent)
    assert sum(size for path, size in package.items() if not path.endswith((".py", ".pyc"))) <= 50e6


def test_it_gives_no_photo_away() -> None:
    requests = (newest(ready_model()) / WARMUP_REQUESTS).read_bytes()
    assert len(requests) < 3000  # an all grey picture


def test_a_drawn_car_gets_an_answer(recogniser: Recogniser, synthetic_photos: Path) -> None:
    found = recogniser.predict(synthetic_photos / "test" / "suv.jpg")
    assert tuple(found.probabilities) == FIVE
    assert found.names[found.label].ru
    assert 0 <= found.unknown <= 1


def test_real_photos_get_the_right_answer(recogniser: Recogniser, real_photos: Path) -> None:
    found = {name: recogniser.predict(real_photos / "test" / name) for name in TRUTH}
    assert {name: answer.label for name, answer in found.items()} == TRUTH
    assert sum(answer.is_unknown for answer in found.values()) <= 1  # one known photo in twenty is doubted


def test_a_car_of_none_of_the_models_is_unknown(recogniser: Recogniser, real_photos: Path) -> None:
    assert recogniser.predict(real_photos / "test" / "vitara.jpg").is_unknown


def test_it_is_the_default_where_the_user_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_model() == ready_model()
    Image.new("RGB", (30, 20)).save("photo.png")
    assert kuzov.load().predict("photo.png").probabilities.keys() == set(FIVE)


def test_a_model_of_the_users_own_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: TrainResult
) -> None:
    monkeypatch.chdir(tmp_path)
    USERS_MODEL.parent.mkdir()
    USERS_MODEL.symlink_to(trained.bundle.parent)
    assert default_model() == USERS_MODEL
    assert [each.id for each in kuzov.load().card.classes] == ["hatchback", "sedan", "suv"]


def test_an_empty_model_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    USERS_MODEL.mkdir(parents=True)
    with pytest.raises(kuzov.KuzovError, match=r"^No version in the model folder models/img_classifier"):
        kuzov.load()


def test_a_model_that_can_not_be_looked_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    close(USERS_MODEL.parent, monkeypatch)
    with raises(BundleError, "models/img_classifier can't be read: Permission denied."):
        default_model()
