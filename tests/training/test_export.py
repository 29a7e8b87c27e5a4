from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from PIL import Image

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import LEARNED_FROM, REPORT, versions
from kuzov.bundle.publish import publish
from kuzov.bundle.saved_model import warmup_requests
from kuzov.engine.engine import run
from kuzov.engine.openvino import load
from kuzov.errors import BundleError
from kuzov.images.decode import decode
from kuzov.model.calibrator import Calibrator
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import Prototypes
from kuzov.model.freeze import freeze
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.head import Head, directions
from kuzov.model.join import Constants, join_openvino, join_saved_model
from kuzov.network import Network, NetworkSettings
from kuzov.records import ClassName
from kuzov.training import export, prove
from kuzov.training.export import package_versions, prove_bundle, readable_json, write_bundle
from kuzov.training.prove import REPEATED, ROUNDED, Proof, ProofError
from tests.errors import raises
from tests.folders import contents
from tests.quantised import rounded

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

Floats = npt.NDArray[np.float32]

FILES = {
    "saved_model.pb",
    "assets/labels.txt",
    "assets.extra/card.json",
    "assets.extra/tf_serving_warmup_requests",
    "assets.extra/openvino/model.xml",
    "assets.extra/openvino/model.bin",
}
INT8_FILES = {"assets.extra/openvino-int8/model.xml", "assets.extra/openvino-int8/model.bin"}

# Exports a network of a few weights for each function that it is told, in a process that kills itself there.
# These processes are forks of one, so that TensorFlow's import, of seconds, is paid once.
KILLED = """
import os, signal, sys
from pathlib import Path

folder, tests, *points = sys.argv[1:]
sys.path.insert(0, tests)
import test_export
from kuzov.bundle import publish
from kuzov.training import export

def killed(*_):
    print("reached", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

for point in points:
    process = os.fork()
    if not process:
        module, name = point.split(".")
        module = {"export": export, "publish": publish}[module]
        assert hasattr(module, name)
        setattr(module, name, killed)
        test_export.tiny().export(Path(folder, point))
        os._exit(0)
    _, status = os.waitpid(process, 0)
    print(point, os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained recogniser, and photos to compare on."""

    classifier: Classifier
    card: Card
    images: npt.NDArray[np.uint8]
    features: Floats
    network: FrozenNetwork

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        return self.classifier.probabilities(self.features)

    def export(
        self,
        base: Path,
        probabilities: npt.NDArray[np.float64] | None = None,
        unknown: npt.NDArray[np.float64] | None = None,
    ) -> Path:
        proof = Proof(
            images=self.images,
            probabilities=self.probabilities if probabilities is None else probabilities,
            unknown=self.classifier.unknown(self.features) if unknown is None else unknown,
        )

        def write(folder: Path) -> None:
            write_bundle(folder, self.network, self.classifier, self.card)
            prove_bundle(folder, self.network, self.classifier, proof)

        return publish(base, write)


def trained_on(network: FrozenNetwork, images: npt.NDArray[np.uint8], scale: float, others: int) -> Trained:
    """Three of the photos are the classes, and so many others the background."""
    embed = Network(network.embedding, NetworkSettings(precision=network.precision, rows_apart=True))
    features = embed({"image": images.astype(np.float32)})["features"]
    card = Card(
        classes=tuple(ClassName(id=each, en=each, ru=each) for each in ("b", "a", "бмв х5")),
        backbone="any",
        image_px=images.shape[1],
        temperature=0.7,
        unknown_threshold=0.5,
        precision="f32",
        metrics={},
        data={},
        versions=package_versions(),
        config={},
    )
    return Trained(
        classifier=classifier_of(features, scale, others),
        card=card,
        images=images,
        features=features,
        network=network,
    )


def classifier_of(features: Floats, scale: float, others: int) -> Classifier:
    shown = directions(features)
    centred = shown[:3] - shown.mean(axis=0)
    weights = scale * (centred / np.linalg.norm(centred, axis=1, keepdims=True)).T
    prototypes = Prototypes(classes=shown[:3].T, background=shown[3 : 3 + others].T)
    nearest, _, strange = prototypes.measures(features).T
    return Classifier(
        head=Head(weights=weights, bias=np.array([0.1, 0, -0.1], np.float32) - shown.mean(axis=0) @ weights),
        temperature=0.7,
        prototypes=prototypes,
        calibrator=Calibrator(
            weights=np.array([-10.0, 0, 10]), bias=10 * float(np.median(nearest - strange))
        ),
    )


def tiny(others: int = 4, step: float | None = None) -> Trained:
    """A network of a few weights on plain colours; with `step`, also in a form that rounds to it."""
    keras.utils.set_random_seed(1)
    image = keras.Input((16, 16, 3), name="image")
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, 4, activation="relu")(image))
    levels = np.random.default_rng(0).uniform(0, 255, (20, 1, 1, 3))
    images = (levels * np.ones((1, 16, 16, 1))).astype(np.uint8)
    network = freeze(keras.Model(image, features))
    if step is not None:
        network = replace(network, quantised=rounded(network.features, step))
    return trained_on(network, images, 8.0, others)


@pytest.fixture(scope="module")
def small() -> Trained:
    return tiny()


@pytest.fixture(scope="module")
def shipped(backbone: Any, ten_images: Floats) -> Trained:
    return trained_on(freeze(backbone), ten_images.astype(np.uint8), 12.0, others=4)


@pytest.fixture(scope="module")
def bundle(shipped: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network with a head of three classes, exported."""
    return shipped.export(tmp_path_factory.mktemp("models"))


def test_a_bundle_holds_these_files(trained: TrainResult, bundle: Path) -> None:
    # What a whole run tells of itself joins them.
    of_a_run = {REPORT.as_posix(), LEARNED_FROM.as_posix(), *INT8_FILES}
    for folder, more in ((trained.bundle, of_a_run), (bundle, set())):
        assert set(contents(folder)) == FILES | more
        assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]
    assert (bundle / "assets" / "labels.txt").read_text(encoding="utf-8") == "b\na\nбмв х5\n"
    assert (trained.bundle / "assets" / "labels.txt").read_text() == "hatchback\nsedan\nsuv\n"


def test_the_card_is_the_runs(trained: TrainResult) -> None:
    card, metrics = read_card(trained.bundle), trained.metrics
    assert [each.ru for each in card.classes] == ["Хэтчбек", "Седан", "Внедорожник"]
    assert (card.backbone, card.image_px) == ("efficientnet-lite0-cars", 192)
    assert (card.temperature, card.unknown_threshold) == (metrics["temperature"], 0.5)
    assert card.precision == "int8"
    moves = card.metrics["float32_moves"]
    assert 0 < moves["mean"] < moves["most"] < 0.5
    judged = {key: metrics[key] for key in ("validation", "cross_validation", "ece", "kept")}
    assert card.metrics == {**judged, "float32_moves": moves}
    assert card.data["train"] == {"hatchback": 8, "sedan": 8, "suv": 8}
    assert card.data["validation"] == {"hatchback": 3, "sedan": 3, "suv": 3}
    assert len(card.data["fingerprint"]) == 64
    assert card.versions["kuzov"] == package_versions()["kuzov"]
    assert card.config["seed"] == 0
    text = (trained.bundle / "assets.extra" / "card.json").read_text(encoding="utf-8")
    assert "Внедорожник" in text


def test_the_warmup_file_holds_both_requests(trained: TrainResult) -> None:
    file = trained.bundle / "assets.extra" / "tf_serving_warmup_requests"
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(file))]
    photo = records[1][records[1].index(b"\xff\xd8\xff") : records[1].index(b"\xff\xd9") + 2]
    image_px = read_card(trained.bundle).image_px
    assert records == list(warmup_requests(image_px, photo))
    assert decode(photo).size == (image_px, image_px)


def test_the_signatures_are_these(bundle: Path) -> None:
    signatures = tf.saved_model.load(str(bundle)).signatures
    found = {
        name: tuple(
            {key: (spec.dtype, spec.shape.as_list()) for key, spec in specs.items()}
            for specs in (each.structured_input_signature[1], each.structured_outputs)
        )
        for name, each in signatures.items()
    }
    probabilities = (tf.float32, [None, 3])
    assert found == {
        "serving_default": (
            {"image": (tf.float32, [None, 224, 224, 3])},
            {"probabilities": probabilities},
        ),
        "image_bytes": (
            {"image_bytes": (tf.string, [None])},
            {
                "probabilities": probabilities,
                "unknown": (tf.float32, [None]),
                "label": (tf.string, [None]),
                "car_box": (tf.float32, [None, 4]),
                "car_score": (tf.float32, [None]),
            },
        ),
        "cars": (
            {"image_bytes": (tf.string, [None])},
            {
                "boxes": (tf.float32, [None, 8, 4]),
                "scores": (tf.float32, [None, 8]),
                "probabilities": (tf.float32, [None, 8, 3]),
                "unknown": (tf.float32, [None, 8]),
            },
        ),
    }


@pytest.mark.slow
def test_tensorflow_and_openvino_repeat_the_trained_model(
    shipped: Trained, bundle: Path, ten_photos: list[Path], ten_images: Floats
) -> None:
    model, engine = tf.saved_model.load(str(bundle)), load(bundle, "f32")
    unknown = shipped.classifier.unknown(shipped.features)
    encoded = np.array([photo.read_bytes() for photo in ten_photos], np.object_)
    assert len(set(shipped.probabilities.argmax(axis=1))) > 1  # or the order would not be tested
    by_pixels = [
        model.signatures["serving_default"](image=tf.constant(ten_images))["probabilities"].numpy(),
        run(engine, "serving_default", {"image": ten_images})["probabilities"],
        engine.recognise(ten_images)["probabilities"],
    ]
    for found in by_pixels:
        assert np.abs(found - shipped.probabilities).max() <= 1e-3
    of_engine = run(engine, "image_bytes", {"image_bytes": encoded})
    assert np.abs(of_engine["probabilities"] - shipped.probabilities).max() <= 1e-3
    assert np.abs(of_engine["unknown"] - unknown).max() <= 1e-3
    ids = [each.id.encode() for each in shipped.card.classes]
    assert of_engine["label"].tolist() == [ids[top] for top in shipped.probabilities.argmax(axis=1)]
    # TensorFlow resizes in other whole numbers, by one level at most, and knows no EXIF orientation; it finds
    # the car in the photo decoded whole, so the box may lie a little elsewhere.
    upright = [row for row, photo in enumerate(ten_photos) if is_upright(photo)]
    of_tensorflow = model.signatures["image_bytes"](image_bytes=tf.constant(encoded[upright].tolist()))
    assert np.abs(of_tensorflow["probabilities"] - shipped.probabilities[upright]).max() <= 5e-2
    assert np.abs(of_tensorflow["unknown"] - unknown[upright]).max() <= 1e-1


@pytest.mark.parametrize("others", [0, 4])
def test_both_runtimes_answer_unknown_as_the_classifier_does(tmp_path: Path, others: int) -> None:
    recogniser = tiny(others)
    unknown = recogniser.classifier.unknown(recogniser.features)
    assert unknown.min() < 0.5 < unknown.max()
    photos = np.array([as_png(image) for image in recogniser.images], np.object_)
    folder = recogniser.export(tmp_path)
    by_openvino = run(load(folder, "f32"), "image_bytes", {"image_bytes": photos})
    serve = tf.saved_model.load(str(folder)).signatures["image_bytes"]
    by_tensorflow = serve(image_bytes=tf.constant(photos.tolist()))
    for found in (by_openvino, by_tensorflow):
        np.testing.assert_allclose(found["unknown"], unknown, atol=1e-3)
        np.testing.assert_allclose(found["probabilities"], recogniser.probabilities, atol=1e-3)


def as_png(image: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def is_upright(photo: Path) -> bool:
    """Whether TensorFlow, which does not turn photos, sees it as kuzov does (square photos apart)."""
    height, width, _ = tf.io.decode_image(photo.read_bytes(), channels=3, expand_animations=False).shape
    return bool(decode(photo).size == (width, height))


@pytest.mark.parametrize("change", ["larger", "turned"])
def test_a_model_that_does_not_repeat_the_proof_is_not_published(
    small: Trained, tmp_path: Path, change: str
) -> None:
    wrong = small.probabilities.copy()
    if change == "larger":
        wrong[7] += [0.01, -0.005, -0.005]
    else:
        wrong = wrong[:, ::-1]
    with pytest.raises(BundleError) as caught:
        small.export(tmp_path, wrong)
    difference = np.abs(wrong - small.probabilities).max()
    assert str(caught.value) == (
        "The exported model differs from the trained one in TensorFlow: "
        f"a probability by {difference:.4f}, more than 0.001."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_form_for_openvino_is_not_published(
    small: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(features: Any, head: Constants, **marks: str) -> Any:
        return join_openvino(features, {**head, "weights": head["weights"][:, ::-1].copy()}, **marks)

    monkeypatch.setattr(export, "join_openvino", join)
    with pytest.raises(
        BundleError, match=r"^The exported model differs from the trained one in OpenVINO f32: a pr"
    ):
        small.export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_saved_model_with_another_head_is_not_published(
    small: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(network: FrozenNetwork, head: Constants) -> bytes:
        return join_saved_model(network, {**head, "bias": head["bias"] + 1})

    monkeypatch.setattr(export, "join_saved_model", join)
    with raises(BundleError, "The exported SavedModel holds another head: bias."):
        small.export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_unknown_is_not_published(small: Trained, tmp_path: Path) -> None:
    wrong = 1 - small.classifier.unknown(small.features)
    with pytest.raises(BundleError, match=r"in OpenVINO f32: unknown by 0\.\d{4}, more than 0\.001\."):
        small.export(tmp_path, unknown=wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_network_with_an_int8_form_is_fitted_and_served_by_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recogniser = tiny(step=2)
    folder = recogniser.export(tmp_path)
    assert set(contents(folder)) == FILES | INT8_FILES
    assert read_card(folder).precision == "int8"
    images = recogniser.images.astype(np.float32)
    caplog.set_level("INFO")
    served, in_float = load(folder), load(folder, "f32")
    assert (served.name, in_float.name, caplog.text) == ("OpenVINO int8", "OpenVINO f32", "")
    found = served.recognise(images)["probabilities"]
    np.testing.assert_allclose(found, recogniser.probabilities, atol=1e-3)
    apart = np.abs(in_float.recognise(images)["probabilities"] - recogniser.probabilities).max(axis=1)
    assert 1e-3 < apart.max() < 0.1
    moves = read_card(folder).metrics["float32_moves"]
    assert moves == {"mean": round(float(apart.mean()), 4), "most": round(float(apart.max()), 4)}


def test_a_form_that_rounds_too_much_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"a probability by 0\.\d{4}, more than 0\.5\.$"):
        tiny(step=28).export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_int8_form_that_does_not_repeat_what_was_learned_is_not_published(tmp_path: Path) -> None:
    recogniser = tiny(step=2)
    wrong = recogniser.probabilities + np.array([0.01, -0.01, 0])
    with pytest.raises(ProofError, match=r"in OpenVINO int8: a probability by 0\.0100, more than 0\.001\."):
        recogniser.export(tmp_path, wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_top_class_must_be_the_same_where_it_is_clear() -> None:
    expected = np.array([[0.5, 0.4995, 0.0005], [0.6, 0.4, 0.0]])
    for found, complaint in (
        ([[0.4998, 0.4999, 0.0003], [0.6, 0.4, 0.0]], ""),  # too close to tell apart
        ([[0.5, 0.4995, 0.0005], [0.6, 0.4, 0.0]], ""),
    ):
        assert prove._compare(np.array(found, np.float32), expected, REPEATED) == complaint
    close = np.array([[0.5, 0.4985, 0.0015]])
    turned = np.array([[0.4991, 0.4993, 0.0016]], np.float32)
    assert prove._compare(turned, close, REPEATED) == "1 photos get another class"


def test_an_answer_that_is_no_number_is_none() -> None:
    expected = np.array([[0.6, 0.4], [0.1, 0.9]])
    found = np.array([[0.6, 0.4], [np.nan, np.nan]], np.float32)
    assert prove._compare(found, expected, ROUNDED) == "a probability by nan, more than 0.5"
    complaint = prove._compare_unknown(found[:, 0], expected[:, 0], ROUNDED)
    assert complaint == "unknown by nan, more than 0.5"


def test_of_forms_that_round_the_mean_counts_too() -> None:
    expected = np.array([[0.9, 0.1]] * 10)
    nearly, too_far = expected - [0.049, -0.049], expected - [0.051, -0.051]
    assert prove._compare(nearly.astype(np.float32), expected, ROUNDED) == ""
    complaint = "a probability by 0.0510 on average, more than 0.05"
    assert prove._compare(too_far.astype(np.float32), expected, ROUNDED) == complaint


def test_a_second_export_is_a_newer_version(small: Trained, tmp_path: Path) -> None:
    first, second = small.export(tmp_path), small.export(tmp_path)
    assert int(first.name) < int(second.name)
    assert set(contents(first)) == set(contents(second)) == FILES


def test_a_disk_that_is_full_where_openvino_writes_is_told_and_leaves_nothing(
    small: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")

    monkeypatch.setattr("openvino.save_model", full)
    with pytest.raises(
        BundleError,
        match=r"^OpenVINO can't write the network to .*/assets.extra/openvino; see that the disk has room\. "
        r"It says: basic_ios::clear: iostream error\.$",
    ):
        small.export(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_kill_during_the_export_leaves_no_version(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    points = ("export._write_openvino", "export.prove_openvino", "publish.place")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent), *points]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == "".join(f"reached\n{point} {-signal.SIGKILL}\n" for point in points), done.stderr
    for point in points:
        (left,) = (tmp_path / point).iterdir()
        assert left.name.startswith(".incoming-")
        assert (left / "saved_model.pb").is_file()  # so it was under way
        assert versions(tmp_path / point) == []


def test_versions_are_those_of_what_is_loaded_whatever_it_is_installed_as(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = metadata.version

    def installed(name: str) -> str:
        if name.startswith("tensorflow"):
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", installed)
    told = package_versions()
    assert (told["keras"], told["tensorflow"]) == (keras.__version__, tf.__version__)
    monkeypatch.delitem(sys.modules, "tensorflow")
    assert {*package_versions()} == {"kuzov", "numpy", "openvino", "pillow", "keras"}


def test_names_that_are_not_unicode_are_escaped() -> None:
    text = readable_json({"Внедорожник": "a\udcff"})
    assert "Внедорожник" in text.decode()
    assert json.loads(text) == {"Внедорожник": "a\udcff"}
