from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf

from kuzov.bundle.layout import CARD, OPENVINO_MODEL, SAVED_MODEL
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import MIDDLE, read_cut_out
from kuzov.engine.recogniser import Recogniser
from kuzov.errors import BundleError, ConfigError, PhotoError
from kuzov.explain.explainer import Explainer
from kuzov.explain.methods import METHODS, NOISY_BATCH, OF_FEATURE_MAPS
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult


@pytest.fixture(autouse=True)
def few_noisy_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many of them smoothgrad looks at is its own test's matter."""
    monkeypatch.setattr("kuzov.explain.methods.NOISY_COPIES", NOISY_BATCH)


@pytest.fixture
def suv(synthetic_photos: Path) -> Path:
    return synthetic_photos / "test" / "suv.jpg"


@pytest.mark.parametrize("method", METHODS)
def test_a_heat_map_lies_on_the_frame(explainer: Explainer, suv: Path, method: str) -> None:
    found = explainer.explain(suv, method=method)
    image_px = explainer.card.image_px
    assert (found.label, found.method) == ("suv", method)
    assert found.heat.shape == (image_px, image_px)
    assert found.heat.dtype == np.float32
    assert (found.heat.min(), found.heat.max()) == (pytest.approx(0, abs=0.1), 1)
    np.testing.assert_array_equal(found.part.pixels, read_cut_out(suv, image_px).pixels)


def test_the_prediction_is_that_of_the_recogniser(
    explainer: Explainer, trained: TrainResult, suv: Path
) -> None:
    found = explainer.explain(suv).prediction
    expected = Recogniser.load(trained.bundle, precision="f32").predict(suv)
    assert (found.photo, found.label, found.names) == (str(suv), "suv", expected.names)
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-3)
    assert found.unknown == pytest.approx(expected.unknown, abs=1e-3)


def test_a_stranger_s_look_alike_and_what_is_odd_with_the_photo_are_told_too(
    real_photos: Path, tmp_path: Path
) -> None:
    whole = (real_photos / "test" / "x5_1.jpg").read_bytes()
    photo = tmp_path / "cut-short.jpg"
    photo.write_bytes(whole[: int(0.97 * len(whole))])
    asked = Explainer.load(ready_model())
    recogniser = Recogniser.load(ready_model(), precision="f32")
    asked.card = recogniser.card = replace(asked.card, unknown_threshold=-1)  # every car is a stranger
    found, expected = asked.explain(photo).prediction, recogniser.predict(photo)
    assert found.note is not None
    assert found.note == expected.note
    assert found.look_alike is not None
    assert expected.look_alike is not None
    assert found.look_alike.model == expected.look_alike.model
    assert found.look_alike.probability == pytest.approx(expected.look_alike.probability, abs=1e-3)


def test_as_json_it_is_the_prediction_and_what_was_explained(explainer: Explainer, suv: Path) -> None:
    found = explainer.explain(suv.read_bytes(), method="gradient", label="sedan")
    assert found.to_json() == {
        **found.prediction.to_json(), "photo": "photo", "explained": "sedan", "method": "gradient"
    }  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_a_class_may_be_named(explainer: Explainer, suv: Path, method: str) -> None:
    top, named, other = (
        explainer.explain(suv, method=method, label=label).heat for label in (None, "suv", "sedan")
    )
    np.testing.assert_array_equal(top, named)
    assert np.abs(top - other).max() > 0.2


def test_a_frame_that_is_loaded_already(explainer: Explainer, suv: Path) -> None:
    found = explainer.explain(suv, label="hatchback")
    np.testing.assert_array_equal(explainer.explain_frame(found.part.pixels, label="hatchback"), found.heat)
    np.testing.assert_array_equal(explainer.explain_frame(found.part.pixels), explainer.explain(suv).heat)


def test_where_nothing_counts_the_map_is_dark(
    explainer: Explainer, suv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OF_FEATURE_MAPS, "layer-cam", lambda look: 0 * look.last.maps[0])
    assert not explainer.explain(suv).heat.any()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"label": "lada"}, "The model knows no class 'lada'; it knows hatchback, sedan, suv."),
        (
            {"method": "guess"},
            "There is no method 'guess' to explain by; "
            "take one of layer-cam, grad-cam++, smoothgrad, gradient.",
        ),
    ],
)
def test_what_is_not_there_is_told(
    explainer: Explainer, suv: Path, options: dict[str, Any], text: str
) -> None:
    with raises(ConfigError, text):
        explainer.explain(suv, **options)


def test_a_photo_that_cannot_be_read(explainer: Explainer) -> None:
    with raises(PhotoError, "none.jpg: no such file; check the path"):
        explainer.explain("none.jpg")


def test_a_model_from_elsewhere_is_told(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    text = f"The bundle {tmp_path / '1'} has no assets.extra/card.json: No such file or directory."
    with raises(BundleError, text):
        Explainer.load(tmp_path)


@pytest.mark.parametrize("method", OF_FEATURE_MAPS)
def test_of_a_bundle_its_card_and_its_network_will_do(
    trained: TrainResult, tmp_path: Path, suv: Path, method: str
) -> None:
    bundle = tmp_path / "1"
    for file in (CARD, OPENVINO_MODEL, OPENVINO_MODEL.with_suffix(".bin")):
        (bundle / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trained.bundle / file, bundle / file)
    (bundle / SAVED_MODEL).touch()  # it makes a folder a version
    assert Explainer.load(bundle).explain(suv, method=method).label == "suv"


def test_a_bundle_of_the_first_form_is_explained_in_the_middle(old_bundle: Path, suv: Path) -> None:
    found = Explainer.load(old_bundle).explain(suv)
    assert found.part.box == MIDDLE
    assert found.heat.max() == 1


def test_a_photo_over_the_limit_is_told(explainer: Explainer, suv: Path) -> None:
    with raises(PhotoError, f"{suv}: claims more than 1,000 pixels; make it smaller"):
        explainer.explain(suv, max_pixels=1000)
