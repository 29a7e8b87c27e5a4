from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import pytest
import tensorflow as tf
from PIL import Image

from kuzov.bundle.layout import OPENVINO_MODEL
from kuzov.bundle.saved_model import read_signatures
from kuzov.cars.cut_out import read_cut_outs
from kuzov.images.decode import decode
from kuzov.model import frozen
from kuzov.model.atlas import Atlas
from kuzov.model.backbones import find_backbone
from kuzov.model.calibrator import Calibrator, calibrator_for
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Discriminants, Prototypes, make_prototypes
from kuzov.model.freeze import freeze
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.head import Features, Head, directions
from kuzov.model.join import constants, join_openvino, join_saved_model, joined_constants
from kuzov.network import Network, NetworkSettings
from kuzov.records import MOST_CARS
from tests.encoded_photos import encode

Images = npt.NDArray[np.float32]
Answers = Mapping[str, npt.NDArray[Any]]

IMAGE_PX = 32
LABELS = ("ваз", "b", "c")


def by_openvino(model: openvino.Model, images: Images) -> Answers:
    return Network(model, NetworkSettings(precision="f32", rows_apart=True))({"image": images})


def signatures(folder: Path, saved_model: bytes) -> Any:
    (folder / "saved_model.pb").write_bytes(saved_model)
    return tf.saved_model.load(str(folder)).signatures


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    """A network of a few weights in place of the real one."""
    keras.utils.set_random_seed(1)
    image = keras.Input((IMAGE_PX, IMAGE_PX, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 64, offset=-1)(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, 4)(scaled)))


@pytest.fixture(scope="module")
def images() -> Images:
    """Photos of different colours, so of different classes."""
    rng = np.random.default_rng(3)
    levels = rng.uniform(0, 255, (6, 1, 1, 3))
    return (levels + rng.uniform(-40, 40, (6, IMAGE_PX, IMAGE_PX, 3))).clip(0, 255).astype(np.float32)


@pytest.fixture(scope="module")
def features(backbone: keras.Model, images: Images) -> Features:
    found: Features = backbone.predict(images, verbose=0)
    return found


def classifier_of(features: Features, kind: str) -> Classifier:
    """Three of the photos are the classes, and none or two others the background."""
    shown = directions(features)
    weights = 20 * (shown[:3] - shown.mean(axis=0)).T
    prototypes, atlas = Prototypes(classes=shown[:3].T, background=shown[3:5].T), None
    if kind == "no background":
        prototypes = replace(prototypes, background=shown[:0].T)
    if kind == "cars":
        axes = np.random.default_rng(5).normal(size=(shown.shape[1], 4)).astype(np.float32)
        discriminants = Discriminants(centre=shown.mean(axis=0), axes=axes)
        columns = discriminants.project(shown).T
        prototypes = Prototypes(
            classes=columns[:, :3], background=columns[:, 3:5], discriminants=discriminants
        )
        atlas = Atlas(
            models=("bmw", "лада"),
            discriminants=discriminants,
            prototypes=columns[:, 4:],
            scale=9.0,
            stranger=2.0,
        )
    doubt = np.array([-4.0, -1, 3])
    return Classifier(
        head=Head(weights=weights, bias=-shown.mean(axis=0) @ weights),
        temperature=0.5,
        prototypes=prototypes,
        calibrator=Calibrator(weights=doubt, bias=-float(np.median(prototypes.measures(features) @ doubt))),
        atlas=atlas,
    )


@pytest.fixture(scope="module")
def networks(backbone: keras.Model) -> Callable[[str], FrozenNetwork]:
    """The frozen network that a kind of classifier stands on."""
    plain, cars = freeze(backbone), freeze(backbone, cars=True)
    return lambda kind: cars if kind == "cars" else plain


KINDS = pytest.mark.parametrize("kind", ["no background", "background", "cars"])


@KINDS
def test_both_forms_compute_what_numpy_does(
    networks: Callable[[str], FrozenNetwork], features: Features, images: Images, kind: str, tmp_path: Path
) -> None:
    classifier = classifier_of(features, kind)
    head = constants(classifier, LABELS)
    expected, unknown = classifier.probabilities(features), classifier.unknown(features)
    assert len(set(expected.argmax(axis=1))) > 1  # or the classes' order would not be tested
    assert unknown.min() < 0.5 < unknown.max()
    found = by_openvino(join_openvino(networks(kind).features, head), images)
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-4)
    np.testing.assert_allclose(found["unknown"], unknown, atol=1e-4)
    if classifier.atlas is not None:
        np.testing.assert_allclose(found["atlas"], classifier.atlas.probabilities(features), atol=1e-4)
    served = signatures(tmp_path, join_saved_model(networks(kind), head))
    by_pixels = served["serving_default"](image=tf.constant(images))
    np.testing.assert_allclose(by_pixels["probabilities"], expected, atol=1e-4)
    photos = [encode(Image.fromarray(image.astype(np.uint8)), "PNG") for image in images]
    rounded = by_openvino(join_openvino(networks(kind).features, head), np.floor(images))
    by_bytes = served["image_bytes"](image_bytes=tf.constant(photos))
    np.testing.assert_allclose(by_bytes["unknown"], rounded["unknown"], atol=1e-4)
    names = [LABELS[column] for column in rounded["probabilities"].argmax(axis=1)]
    assert [label.decode() for label in by_bytes["label"].numpy()] == names
    if classifier.atlas is not None:
        models = [classifier.atlas.models[column] for column in rounded["atlas"].argmax(axis=1)]
        assert [model.decode() for model in by_bytes["look_alike"].numpy()] == models
        np.testing.assert_allclose(
            by_bytes["look_alike_probability"], rounded["atlas"].max(axis=1), atol=1e-4
        )


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 5, 196, 1000])
def test_the_network_that_kuzov_brings_takes_any_number_of_classes(
    ten_photos: list[Path], ten_cut_outs: Images, classes: int, tmp_path: Path
) -> None:
    entry = find_backbone("efficientnet-lite0-cars")
    network = entry.frozen()
    features = by_openvino(network.features, ten_cut_outs)["features"]
    rng = np.random.default_rng(classes)
    known = features.mean(axis=0) * rng.uniform(0, 2, (classes, features.shape[1])).astype(np.float32)
    classifier = Classifier(
        head=Head(
            weights=rng.normal(0, 4, (features.shape[1], classes)).astype(np.float32),
            bias=rng.normal(size=classes).astype(np.float32),
        ),
        temperature=0.7,
        prototypes=make_prototypes(
            known,
            np.arange(classes),
            classes=classes,
            background=entry.background()[: 0 if classes == 196 else None],
            discriminants=entry.discriminants(),
        ),
        calibrator=calibrator_for(photos=30, classes=classes, plain=False),
        atlas=entry.atlas(),
    )
    labels = [f"модель {number} 車" for number in range(classes)]
    head = constants(classifier, labels)
    expected, unknown = classifier.probabilities(features), classifier.unknown(features)
    assert classifier.atlas is not None
    found = by_openvino(join_openvino(network.features, head), ten_cut_outs)
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-3)
    np.testing.assert_allclose(found["unknown"], unknown, atol=1e-3)
    np.testing.assert_allclose(found["atlas"], classifier.atlas.probabilities(features), atol=1e-3)
    served = signatures(tmp_path, join_saved_model(network, head))
    by_pixels = served["serving_default"](image=tf.constant(ten_cut_outs))
    np.testing.assert_allclose(by_pixels["probabilities"], expected, atol=1e-3)
    by_bytes = served["image_bytes"](image_bytes=tf.constant([ten_photos[0].read_bytes()]))
    column = by_bytes["probabilities"].numpy().argmax()
    assert by_bytes["label"].numpy()[0].decode() == labels[column]
    told = read_signatures(tmp_path)
    assert told["cars"].outputs["probabilities"].shape == (-1, MOST_CARS, classes)
    assert told["serving_default"].outputs["probabilities"].shape == (-1, classes)


def test_every_car_of_a_photo_is_answered_for(
    networks: Callable[[str], FrozenNetwork], features: Features, synthetic_photos: Path, tmp_path: Path
) -> None:
    car = decode(synthetic_photos / "test" / "suv.jpg")
    two = Image.new("RGB", (car.width, 2 * car.height), "grey")
    two.paste(car, (0, 0))
    two.paste(car, (0, car.height))
    photos = [encode(two, "PNG"), encode(Image.new("RGB", (9, 7), "red"), "PNG")]
    head = constants(classifier_of(features, "cars"), LABELS)
    served = signatures(tmp_path, join_saved_model(networks("cars"), head))
    found = served["cars"](image_bytes=tf.constant(photos))
    assert found["boxes"].shape == (2, MOST_CARS, 4)
    cars = [part for part in read_cut_outs(photos[0], IMAGE_PX, "cars") if part.car]
    assert len(cars) > 1, cars
    assert int((found["scores"].numpy() > 0).sum()) == len(cars)
    images = np.stack([part.pixels for part in cars]).astype(np.float32)
    answers = by_openvino(join_openvino(networks("cars").features, head), images)
    for name in ("probabilities", "unknown"):
        np.testing.assert_allclose(found[name][0, : len(cars)], answers[name], atol=0.02)
    assert not found["probabilities"][1].numpy().any()
    alike = [("bmw", "лада")[column] for column in answers["atlas"].argmax(axis=1)]
    told = [[each.decode() for each in row] for row in found["look_alike"].numpy()]
    assert told == [[*alike, *[""] * (MOST_CARS - len(cars))], [""] * MOST_CARS]


def test_a_photos_main_car_is_answered_for(
    networks: Callable[[str], FrozenNetwork], features: Features, synthetic_photos: Path, tmp_path: Path
) -> None:
    car = decode(synthetic_photos / "test" / "suv.jpg")
    photos = [
        encode(car, "JPEG"),
        encode(car.convert("L"), "PNG"),
        encode(Image.new("RGB", (9, 7), "red"), "BMP"),
    ]
    served = signatures(
        tmp_path, join_saved_model(networks("background"), constants(classifier_of(features, ""), LABELS))
    )
    assert set(served) == {"serving_default", "image_bytes", "cars"}
    parts = [read_cut_outs(photo, IMAGE_PX, "cars")[0] for photo in photos]
    images = np.stack([each.pixels for each in parts]).astype(np.float32)
    by_bytes = served["image_bytes"](image_bytes=tf.constant(photos))
    by_pixels = served["serving_default"](image=tf.constant(images))
    assert set(by_bytes) == {"probabilities", "unknown", "label", "car_box", "car_score"}
    assert set(by_pixels) == {"probabilities"}
    np.testing.assert_allclose(by_bytes["probabilities"], by_pixels["probabilities"], atol=0.02)
    # The one decodes the photo whole, the other at a fraction of its size.
    np.testing.assert_allclose(by_bytes["car_box"], [each.box for each in parts], atol=0.02)
    scores = [each.car.score if each.car else 0 for each in parts]
    np.testing.assert_allclose(by_bytes["car_score"], scores, atol=0.04)


def test_the_same_head_makes_the_same_bytes_whoevers_stood_there(
    networks: Callable[[str], FrozenNetwork], features: Features
) -> None:
    network, head = networks("cars"), constants(classifier_of(features, "cars"), LABELS)
    joined = join_saved_model(network, head)
    two = replace(
        classifier_of(features, "cars"),
        head=Head(weights=np.ones((8, 2), np.float32), bias=np.ones(2, np.float32)),
    )
    other = join_saved_model(network, constants(two, ["x", "y"]))
    assert joined == join_saved_model(replace(network, saved_model=other), head)
    assert joined != other
    read = list(joined_constants(joined))
    assert {name for name, _ in read} == head.keys()
    for name, value in read:
        np.testing.assert_array_equal(value, head[name], name)


def test_openvinos_form_holds_the_network_for_the_next_head(
    networks: Callable[[str], FrozenNetwork],
    features: Features,
    images: Images,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = networks("cars")
    head = constants(classifier_of(features, "cars"), LABELS)
    file = tmp_path / "1" / OPENVINO_MODEL
    file.parent.mkdir(parents=True)
    model = join_openvino(network.features, head, weights="of a table")
    openvino.save_model(model, file, compress_to_fp16=False)
    (tmp_path / "1" / "saved_model.pb").write_bytes(join_saved_model(network, head))
    monkeypatch.setattr(frozen, "ready_model", lambda: tmp_path)
    assert frozen.shipped_network("of another table") is None
    brought = frozen.shipped_network("of a table")
    assert brought is not None
    np.testing.assert_array_equal(by_openvino(brought.features, images)["features"].shape, features.shape)
    np.testing.assert_allclose(by_openvino(brought.features, images)["features"], features, atol=1e-4)
    again = by_openvino(join_openvino(brought.features, head), images)
    assert again.keys() == {"probabilities", "unknown", "atlas"}


def test_a_head_that_the_network_has_no_place_for_is_refused(
    networks: Callable[[str], FrozenNetwork], features: Features
) -> None:
    with pytest.raises(ValueError, match=r"^The network takes .*'axes'.*, but the head has "):
        join_saved_model(networks("cars"), constants(classifier_of(features, "background"), LABELS))
