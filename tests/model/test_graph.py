from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import pytest
import tensorflow as tf
from PIL import Image

from kuzov.images import framing
from kuzov.images.decode import decode
from kuzov.model.calibration import Calibration
from kuzov.model.graph import ServingModule, frame, freeze, frozen_recogniser, to_openvino
from kuzov.model.head import Head

IMAGE_PX = 32
LABELS = ("ваз", "b", "c")
CALIBRATION = Calibration(temperature=0.5, least_margin=0.3)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def car(synthetic_photos: Path) -> Image.Image:
    return decode(synthetic_photos / "test" / "suv.jpg")


@pytest.fixture(scope="module")
def tiny_backbone() -> keras.Model:
    """A network of a few weights in place of the real one, which other tests cover."""
    keras.utils.set_random_seed(1)
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 64, offset=-1)(image)
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, 4)(scaled))
    model = keras.Model(image, keras.layers.BatchNormalization()(features))
    model.trainable = False
    return model


@pytest.fixture(scope="module")
def head() -> Head:
    rng = np.random.default_rng(2)
    return Head(
        weights=rng.normal(0, 2, (8, 3)).astype(np.float32), bias=rng.normal(size=3).astype(np.float32)
    )


@pytest.fixture(scope="module")
def images() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    levels = rng.uniform(0, 255, (6, 1, 1, 3))  # photos of different colours, so of different classes
    return (levels + rng.uniform(-40, 40, (6, IMAGE_PX, IMAGE_PX, 3))).clip(0, 255).astype(np.float32)


@pytest.fixture(scope="module")
def expected(
    tiny_backbone: keras.Model, head: Head, images: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities and `unknown` by numpy."""
    logits = head.logits(tiny_backbone.predict(images, verbose=0))
    return CALIBRATION.probabilities(logits), CALIBRATION.unknown(logits)


@pytest.fixture(scope="module")
def frozen(tiny_backbone: keras.Model, head: Head) -> Any:
    return frozen_recogniser(freeze(tiny_backbone), head, CALIBRATION)


@pytest.mark.parametrize("size", [(320, 220), (219, 331), (100, 60), (1, 1), (1500, 1100), (3, 900)])
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("RGB", "BMP")]
)
def test_a_photo_is_framed_as_by_pillow(
    car: Image.Image, size: tuple[int, int], mode: str, kind: str
) -> None:
    photo = encoded(car.resize(size).convert(mode), kind)
    found = frame(tf.constant(photo), 224).numpy()
    wanted = framing.frame(decode(photo), 224).astype(np.float32)
    assert (found.shape, found.dtype) == ((224, 224, 3), np.float32)
    assert np.abs(found - wanted).max() <= 1
    assert (found == np.round(found)).all()


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}, {"quality": 30}]
)
def test_every_kind_of_jpeg_is_decoded_as_by_pillow(car: Image.Image, options: dict[str, Any]) -> None:
    photo = encoded(car, "JPEG", **options)
    found = frame(tf.constant(photo), 224).numpy()
    assert np.abs(found - framing.frame(decode(photo), 224)).max() <= 1


def test_a_cmyk_jpeg_is_framed_as_by_pillow(car: Image.Image) -> None:
    photo = encoded(car.convert("CMYK"), "JPEG", quality=95)
    found = frame(tf.constant(photo), 224).numpy()
    assert np.abs(found - framing.frame(decode(photo), 224)).max() <= 2  # it multiplies in whole numbers


def test_real_photos_are_framed_as_by_pillow(ten_photos: Sequence[Path]) -> None:
    for photo in ten_photos:
        found = frame(tf.constant(photo.read_bytes()), 224).numpy()
        assert np.abs(found - framing.frame(decode(photo), 224)).max() <= 1, photo


def test_the_frozen_recogniser_computes_what_numpy_does(
    frozen: Any, expected: tuple[npt.NDArray[np.float64], ...], images: npt.NDArray[np.float32]
) -> None:
    probabilities, unknown = frozen(tf.constant(images))
    assert frozen.variables == ()
    np.testing.assert_allclose(probabilities, expected[0], atol=1e-4)
    np.testing.assert_allclose(unknown, expected[1], atol=1e-4)
    assert len(set(expected[0].argmax(axis=1))) > 1  # or the classes' order would not be tested
    assert expected[1].min() < 0.5 < expected[1].max()


def test_openvino_computes_the_same(
    frozen: Any, expected: tuple[npt.NDArray[np.float64], ...], images: npt.NDArray[np.float32]
) -> None:
    model = to_openvino(frozen, ["probabilities", "unknown"])
    assert model.input("image").get_partial_shape() == openvino.PartialShape([-1, IMAGE_PX, IMAGE_PX, 3])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled({"image": images})
    np.testing.assert_allclose(found["probabilities"], expected[0], atol=1e-4)
    np.testing.assert_allclose(found["unknown"], expected[1], atol=1e-4)


def test_another_number_of_names_than_outputs_is_refused(frozen: Any) -> None:
    with pytest.raises(ValueError, match="zip"):
        to_openvino(frozen, ["probabilities"])


def test_the_frozen_backbone_gives_the_features(
    tiny_backbone: keras.Model, images: npt.NDArray[np.float32]
) -> None:
    model = to_openvino(freeze(tiny_backbone), ["features"])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    features = tiny_backbone.predict(images, verbose=0)
    np.testing.assert_allclose(compiled({"image": images})["features"], features, atol=1e-4)


def test_both_signatures_of_the_module(frozen: Any, car: Image.Image) -> None:
    signatures = ServingModule(frozen, LABELS, IMAGE_PX).signatures()
    photos = [
        encoded(car, "JPEG"),
        encoded(car.convert("L"), "PNG"),
        encoded(Image.new("RGB", (9, 7), "red"), "BMP"),
    ]
    framed = np.stack([framing.frame(decode(photo), IMAGE_PX) for photo in photos]).astype(np.float32)
    by_bytes = signatures["image_bytes"](tf.constant(photos))
    by_pixels = signatures["serving_default"](tf.constant(framed))
    assert set(signatures) == {"serving_default", "image_bytes"}
    assert set(by_bytes) == {"probabilities", "unknown", "label"}
    assert set(by_pixels) == {"probabilities"}
    np.testing.assert_allclose(by_bytes["probabilities"], by_pixels["probabilities"], atol=0.02)
    np.testing.assert_allclose(by_bytes["unknown"], frozen(tf.constant(framed))[1], atol=0.02)
    tops = by_bytes["probabilities"].numpy().argmax(axis=1)
    assert [label.decode() for label in by_bytes["label"].numpy()] == [LABELS[top] for top in tops]
