from __future__ import annotations

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

from kuzov.cars.cut_out import cut, read_cut_outs
from kuzov.cars.detector import find_cars
from kuzov.images.decode import decode
from kuzov.model import graph
from kuzov.model.atlas import Atlas
from kuzov.model.calibrator import Calibrator
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Discriminants, Prototypes
from kuzov.model.graph import OUTPUTS, ServingModule, freeze, frozen_recogniser, to_openvino
from kuzov.model.head import Head, directions
from kuzov.records import MOST_CARS
from tests.encoded_photos import encode

IMAGE_PX = 32
LABELS = ("ваз", "b", "c")


BOX = (0.05, 0.1, 0.95, 0.85)


def from_pillow(photo: bytes) -> float:
    """How far a part of a photo lies from the one by Pillow, at most."""
    found = graph.cut(graph.decode(tf.constant(photo)), tf.constant(BOX), 224).numpy()
    assert (found.shape, found.dtype) == ((224, 224, 3), np.float32)
    assert (found == np.round(found)).all()
    return float(np.abs(found - cut(decode(photo), BOX, 224)).max())


def by_openvino(model: openvino.Model, images: npt.NDArray[np.float32]) -> Any:
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"image": images})


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
def images() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    levels = rng.uniform(0, 255, (6, 1, 1, 3))  # photos of different colours, so of different classes
    return (levels + rng.uniform(-40, 40, (6, IMAGE_PX, IMAGE_PX, 3))).clip(0, 255).astype(np.float32)


MODELS = ("w", "x", "y", "z")


def four_axes(shown: npt.NDArray[np.float32]) -> Discriminants:
    axes = np.random.default_rng(5).normal(size=(shown.shape[1], 4)).astype(np.float32)
    return Discriminants(centre=shown.mean(axis=0), axes=axes)


def on_axes(shown: npt.NDArray[np.float32]) -> Prototypes:
    """The first three are the classes, the next two the background."""
    columns = four_axes(shown).project(shown).T
    return Prototypes(classes=columns[:, :3], background=columns[:, 3:5], discriminants=four_axes(shown))


def atlas_of(shown: npt.NDArray[np.float32]) -> Atlas:
    """Four of the photos are its models."""
    return Atlas(
        models=MODELS,
        discriminants=four_axes(shown),
        prototypes=four_axes(shown).project(shown[:4]).T,
        scale=9.0,
        stranger=6.0,
    )


@pytest.fixture(scope="module", params=["no background", "background", "discriminants"])
def classifier(
    request: pytest.FixtureRequest, tiny_backbone: keras.Model, images: npt.NDArray[np.float32]
) -> Classifier:
    """Three of the photos are the classes, and none or two others the background."""
    features = tiny_backbone.predict(images, verbose=0)
    shown = directions(features)
    weights = 20 * (shown[:3] - shown.mean(axis=0)).T
    prototypes = {
        "no background": Prototypes(classes=shown[:3].T, background=shown[:0].T),
        "background": Prototypes(classes=shown[:3].T, background=shown[3:5].T),
        "discriminants": on_axes(shown),
    }[request.param]
    doubt = np.array([-4.0, -1, 3])
    return Classifier(
        head=Head(weights=weights, bias=-shown.mean(axis=0) @ weights),
        temperature=0.5,
        prototypes=prototypes,
        calibrator=Calibrator(weights=doubt, bias=-float(np.median(prototypes.measures(features) @ doubt))),
        atlas=atlas_of(shown) if request.param == "discriminants" else None,
    )


@pytest.fixture(scope="module")
def expected(
    tiny_backbone: keras.Model, classifier: Classifier, images: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], ...]:
    """Probabilities, `unknown` and, where there is an atlas, its probabilities by numpy."""
    features = tiny_backbone.predict(images, verbose=0)
    answers = classifier.probabilities(features), classifier.unknown(features)
    return answers if classifier.atlas is None else (*answers, classifier.atlas.probabilities(features))


@pytest.fixture(scope="module")
def models(classifier: Classifier) -> tuple[str, ...]:
    """Ids of the atlas; none where there is none."""
    return classifier.atlas.models if classifier.atlas else ()


@pytest.fixture(scope="module")
def frozen(tiny_backbone: keras.Model, classifier: Classifier) -> Any:
    return frozen_recogniser(freeze(tiny_backbone), classifier)


@pytest.mark.parametrize("size", [(320, 220), (219, 331), (100, 60), (1, 1), (1500, 1100), (3, 900)])
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("RGB", "BMP")]
)
def test_a_part_is_cut_out_as_by_pillow(
    car: Image.Image, size: tuple[int, int], mode: str, kind: str
) -> None:
    assert from_pillow(encode(car.resize(size).convert(mode), kind)) <= 1


@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}, {"quality": 30}]
)
def test_every_kind_of_jpeg_is_decoded_as_by_pillow(car: Image.Image, options: dict[str, Any]) -> None:
    assert from_pillow(encode(car, "JPEG", **options)) <= 1


def test_a_cmyk_jpeg_is_cut_out_as_by_pillow(car: Image.Image) -> None:
    photo = encode(car.convert("CMYK"), "JPEG", quality=95)
    assert from_pillow(photo) <= 2  # it multiplies in whole numbers


def test_cars_in_real_photos_are_found_and_cut_out_as_by_openvino_and_pillow(
    ten_photos: Sequence[Path],
) -> None:
    detector = graph.read_detector()
    find = tf.function(lambda photo: graph.find_cars(graph.decode(photo), detector, every=True))
    small = Image.new("RGB", (900, 700), "grey")
    with Image.open(ten_photos[0]) as car:
        small.paste(car.convert("RGB").resize((200, 130)), (600, 400))
    for photo in [*(file.read_bytes() for file in ten_photos), encode(small, "PNG")]:
        assert from_pillow(photo) <= 1
        boxes, scores = find(tf.constant(photo))
        expected = find_cars(decode(photo))
        # The main one: what overlaps a car by a half, within rounding, may be another or not.
        np.testing.assert_allclose(boxes[0], expected[0].box, atol=0.005)
        np.testing.assert_allclose(scores[0], expected[0].score, atol=0.005)


def test_tensorflow_and_openvino_compute_what_numpy_does(
    frozen: Any, expected: tuple[npt.NDArray[np.float64], ...], images: npt.NDArray[np.float32]
) -> None:
    assert frozen.variables == ()
    names = OUTPUTS[: len(expected)]
    model = to_openvino(frozen, names)
    assert model.input("image").get_partial_shape() == openvino.PartialShape([-1, IMAGE_PX, IMAGE_PX, 3])
    by_name = by_openvino(model, images)
    for found in (frozen(tf.constant(images)), [by_name[name] for name in names]):
        for answer, true in zip(found, expected, strict=True):
            np.testing.assert_allclose(answer, true, atol=1e-4)
    assert len(set(expected[0].argmax(axis=1))) > 1  # or the classes' order would not be tested
    assert expected[1].min() < 0.5 < expected[1].max()


def test_another_number_of_names_than_outputs_is_refused(frozen: Any) -> None:
    with pytest.raises(ValueError, match="zip"):
        to_openvino(frozen, ["probabilities"])


def test_the_frozen_backbone_gives_the_features(
    tiny_backbone: keras.Model, images: npt.NDArray[np.float32]
) -> None:
    found = by_openvino(to_openvino(freeze(tiny_backbone), ["features"]), images)
    np.testing.assert_allclose(found["features"], tiny_backbone.predict(images, verbose=0), atol=1e-4)


def wide_network(round_to: type[np.floating[Any]]) -> keras.Model:
    """A network with a kernel of 400 kB, whose weights are rounded so."""
    keras.utils.set_random_seed(4)
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    features = keras.layers.Dense(500)(
        keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(200, 3)(image))
    )
    model = keras.Model(image, features)
    for layer in model.layers:
        layer.set_weights([value.astype(round_to).astype(np.float32) for value in layer.get_weights()])
    return model


@pytest.mark.parametrize(("round_to", "stored"), [(np.float16, 0.5), (np.float32, 1.0)])
def test_kernels_that_fit_float16_take_half_the_bytes_and_lose_nothing(
    images: npt.NDArray[np.float32], round_to: type[np.floating[Any]], stored: float, tmp_path: Path
) -> None:
    model = wide_network(round_to)
    frozen = freeze(model)
    size = len(frozen.graph.as_graph_def().SerializeToString())
    assert size == pytest.approx(stored * 4 * model.count_params(), rel=0.05)
    (features,) = frozen(tf.constant(images))
    np.testing.assert_array_equal(features, tf.function(model)(images))

    openvino.save_model(to_openvino(frozen, ["features"]), tmp_path / "model.xml", compress_to_fp16=False)
    size = (tmp_path / "model.bin").stat().st_size
    assert size == pytest.approx(stored * 4 * model.count_params(), rel=0.05)


def test_a_weight_beyond_float16_stays_as_it_is(images: npt.NDArray[np.float32]) -> None:
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    model = keras.Model(
        image, keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.Constant(1e6))(image)
    )
    np.testing.assert_array_equal(freeze(model)(tf.constant(images))[0], tf.function(model)(images))


def test_the_signatures_of_the_module(frozen: Any, models: tuple[str, ...], car: Image.Image) -> None:
    signatures = ServingModule(frozen, LABELS, IMAGE_PX, models).signatures()
    photos = [
        encode(car, "JPEG"),
        encode(car.convert("L"), "PNG"),
        encode(Image.new("RGB", (9, 7), "red"), "BMP"),
    ]
    parts = [read_cut_outs(photo, IMAGE_PX, "cars") for photo in photos]
    images = np.stack([each[0].pixels for each in parts]).astype(np.float32)
    by_bytes = signatures["image_bytes"](tf.constant(photos))
    by_pixels = signatures["serving_default"](tf.constant(images))
    assert set(signatures) == {"serving_default", "image_bytes", "cars"}
    alike = {"look_alike", "look_alike_probability"} if models else set()
    assert set(by_bytes) == {"probabilities", "unknown", "label", "car_box", "car_score", *alike}
    if models:
        known = frozen(tf.constant(images))[2].numpy()
        assert [each.decode() for each in by_bytes["look_alike"].numpy()] == [
            models[column] for column in known.argmax(axis=1)
        ]
        np.testing.assert_allclose(by_bytes["look_alike_probability"], known.max(axis=1), atol=0.02)
    assert set(by_pixels) == {"probabilities"}
    np.testing.assert_allclose(by_bytes["probabilities"], by_pixels["probabilities"], atol=0.02)
    np.testing.assert_allclose(by_bytes["unknown"], frozen(tf.constant(images))[1], atol=0.02)
    # The one decodes the photo whole, the other at a fraction of its size.
    np.testing.assert_allclose(by_bytes["car_box"], [each[0].box for each in parts], atol=0.02)
    scores = [each[0].car.score if each[0].car else 0 for each in parts]
    np.testing.assert_allclose(by_bytes["car_score"], scores, atol=0.04)
    tops = by_bytes["probabilities"].numpy().argmax(axis=1)
    assert [label.decode() for label in by_bytes["label"].numpy()] == [LABELS[top] for top in tops]


def test_every_car_of_a_photo_is_answered_for(frozen: Any, models: tuple[str, ...], car: Image.Image) -> None:
    two = Image.new("RGB", (car.width, 2 * car.height), "grey")
    two.paste(car, (0, 0))
    two.paste(car, (0, car.height))
    photos = [encode(two, "PNG"), encode(Image.new("RGB", (9, 7), "red"), "PNG")]
    found = ServingModule(frozen, LABELS, IMAGE_PX, models).signatures()["cars"](tf.constant(photos))
    assert found["boxes"].shape == (2, MOST_CARS, 4)
    cars = [part for part in read_cut_outs(photos[0], IMAGE_PX, "cars") if part.car]
    assert len(cars) > 1, cars
    assert int((found["scores"].numpy() > 0).sum()) == len(cars)
    probabilities, unknown, *atlas = frozen(
        tf.constant(np.stack([part.pixels for part in cars]).astype(np.float32))
    )
    np.testing.assert_allclose(found["probabilities"][0, : len(cars)], probabilities, atol=0.02)
    np.testing.assert_allclose(found["unknown"][0, : len(cars)], unknown, atol=0.02)
    assert not found["probabilities"][1].numpy().any()
    if models:
        (known,) = atlas
        alike = [models[column] for column in known.numpy().argmax(axis=1)]
        told = [[each.decode() for each in row] for row in found["look_alike"].numpy()]
        assert told == [[*alike, *[""] * (MOST_CARS - len(cars))], [""] * MOST_CARS]
