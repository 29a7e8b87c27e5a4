from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import openvino
import pytest
from openvino import opset13
from PIL import Image

from kuzov.atlas.names import car_models
from kuzov.bundle.ready import ready_model
from kuzov.cars import detector
from kuzov.cars.cut_out import read_cut_out, read_cut_outs
from kuzov.engine import openvino as module
from kuzov.engine.engine import run
from kuzov.engine.openvino import OpenVinoEngine, load
from kuzov.errors import BundleError, ConfigError, ErrorCode, KuzovError, RequestError
from kuzov.network import Network, NetworkSettings, bfloat16_available
from kuzov.records import Signature, TensorSpec
from tests.errors import raises

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def engine(trained: TrainResult) -> OpenVinoEngine:
    return load(trained.bundle, "f32")


@pytest.fixture(scope="module")
def photos(synthetic_photos: Path) -> list[bytes]:
    """One photo a class, in the order of the classes."""
    return [file.read_bytes() for file in sorted((synthetic_photos / "test").iterdir())]


@pytest.fixture(scope="module")
def images(photos: list[bytes]) -> Floats:
    return np.stack([read_cut_out(photo, 192).pixels for photo in photos]).astype(np.float32)


def test_a_bundle_tells_its_signatures_and_precision(engine: OpenVinoEngine) -> None:
    assert engine.name == "OpenVINO f32"
    shapes = {
        name: (
            {key: (spec.dtype, spec.shape) for key, spec in signature.inputs.items()},
            {key: (spec.dtype, spec.shape) for key, spec in signature.outputs.items()},
        )
        for name, signature in engine.signatures.items()
        if name != "__saved_model_init_op"  # TensorFlow's own; its Serving lists it too
    }
    probabilities = ("DT_FLOAT", (-1, 3))
    assert shapes == {
        "serving_default": ({"image": ("DT_FLOAT", (-1, 192, 192, 3))}, {"probabilities": probabilities}),
        "image_bytes": (
            {"image_bytes": ("DT_STRING", (-1,))},
            {
                "probabilities": probabilities,
                "unknown": ("DT_FLOAT", (-1,)),
                "label": ("DT_STRING", (-1,)),
                "car_box": ("DT_FLOAT", (-1, 4)),
                "car_score": ("DT_FLOAT", (-1,)),
                "look_alike": ("DT_STRING", (-1,)),
                "look_alike_probability": ("DT_FLOAT", (-1,)),
            },
        ),
        "cars": (
            {"image_bytes": ("DT_STRING", (-1,))},
            {
                "boxes": ("DT_FLOAT", (-1, 8, 4)),
                "scores": ("DT_FLOAT", (-1, 8)),
                "probabilities": ("DT_FLOAT", (-1, 8, 3)),
                "unknown": ("DT_FLOAT", (-1, 8)),
                "look_alike": ("DT_STRING", (-1, 8)),
                "look_alike_probability": ("DT_FLOAT", (-1, 8)),
            },
        ),
    }


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="only Linux tells what is mapped")
def test_a_loaded_bundle_may_be_written_over_in_place(tmp_path: Path) -> None:
    copy = shutil.copytree(ready_model() / "1", tmp_path / "1")
    engine = load(copy, "f32")
    assert str(copy) not in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert engine.signatures


def test_pixels_get_probabilities(engine: OpenVinoEngine, images: Floats) -> None:
    outputs = run(engine, "serving_default", {"image": images})
    assert set(outputs) == {"probabilities"}
    found = outputs["probabilities"]
    assert (found.shape, str(found.dtype)) == ((3, 3), "float32")
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert found.argmax(axis=1).tolist() == [0, 1, 2]


def test_photos_get_labels_and_unknown_too(
    engine: OpenVinoEngine, photos: list[bytes], images: Floats
) -> None:
    outputs = run(engine, "image_bytes", {"image_bytes": np.array(photos, np.object_)})
    alike = {"look_alike", "look_alike_probability"}
    assert set(outputs) == {"probabilities", "unknown", "label", "car_box", "car_score", *alike}
    assert {each.decode() for each in outputs["look_alike"]} <= {*car_models()}
    likely = engine.recognise(images)["atlas"].max(axis=1)
    np.testing.assert_allclose(outputs["look_alike_probability"], likely, atol=1e-5)
    assert outputs["label"].tolist() == [b"hatchback", b"sedan", b"suv"]
    assert (outputs["unknown"].shape, str(outputs["unknown"].dtype)) == ((3,), "float32")
    assert ((outputs["unknown"] >= 0) & (outputs["unknown"] <= 1)).all()
    by_pixels = run(engine, "serving_default", {"image": images})["probabilities"]
    np.testing.assert_array_equal(outputs["probabilities"], by_pixels)
    for row, photo in enumerate(photos):
        part = read_cut_out(photo, 192)
        assert part.car is not None
        np.testing.assert_array_equal(outputs["car_box"][row], np.array(part.box, np.float32))
        assert outputs["car_score"][row] == np.float32(part.car.score)


def test_all_cars_of_a_photo_are_answered(engine: OpenVinoEngine, photos: list[bytes], street: Path) -> None:
    several = street.read_bytes()
    nothing = encoded(Image.new("RGB", (320, 220), "white"))
    found = run(engine, "cars", {"image_bytes": np.array([several, nothing, photos[1]], np.object_)})
    assert (found["scores"] > 0).sum(axis=1).tolist() == [2, 0, 1]
    parts = read_cut_outs(several, 192, "cars")
    for column, part in enumerate(parts):
        alone = engine.recognise(part.pixels[np.newaxis].astype(np.float32))
        np.testing.assert_array_equal(found["boxes"][0, column], np.array(part.box, np.float32))
        np.testing.assert_allclose(found["probabilities"][0, column], alone["probabilities"][0], atol=1e-5)
        np.testing.assert_allclose(found["unknown"][0, column], alone["unknown"][0], atol=1e-5)
        likeliest = list(car_models())[int(alone["atlas"][0].argmax())]
        assert found["look_alike"][0, column].decode() == likeliest
    for output in found.values():
        assert not output[1].any()


def test_photos_without_a_car_are_answered_whole(engine: OpenVinoEngine) -> None:
    nothing = encoded(Image.effect_noise((300, 200), 90).convert("RGB"))
    found = run(engine, "image_bytes", {"image_bytes": np.array([nothing], np.object_)})
    assert (found["car_box"].tolist(), found["car_score"].tolist()) == ([[0, 0, 1, 1]], [0])
    whole = read_cut_out(nothing, 192, "whole").pixels[np.newaxis].astype(np.float32)
    np.testing.assert_array_equal(found["probabilities"], engine.recognise(whole)["probabilities"])
    found = run(engine, "cars", {"image_bytes": np.array([nothing], np.object_)})
    assert {name: output.shape for name, output in found.items()} == {
        "boxes": (1, 8, 4),
        "scores": (1, 8),
        "probabilities": (1, 8, 3),
        "unknown": (1, 8),
        "look_alike": (1, 8),
        "look_alike_probability": (1, 8),
    }
    assert not any(output.any() for output in found.values())


def test_a_bundle_of_the_first_form_is_served_as_it_was_made(old_bundle: Path, photos: list[bytes]) -> None:
    engine = load(old_bundle, "f32")
    assert "cars" not in engine.signatures
    outputs = run(engine, "image_bytes", {"image_bytes": np.array(photos, np.object_)})
    assert set(outputs) == {"probabilities", "unknown", "label"}
    middles = [
        Image.open(io.BytesIO(photo)).resize((192, 192), Image.Resampling.BILINEAR, box=(16, 11, 304, 209))
        for photo in photos
    ]
    expected = engine.recognise(np.stack([np.asarray(each, np.float32) for each in middles]))
    np.testing.assert_allclose(outputs["probabilities"], expected["probabilities"], atol=1e-5)
    np.testing.assert_allclose(outputs["unknown"], expected["unknown"], atol=1e-5)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:9_000])])
@pytest.mark.parametrize("spoiled", [".xml", ".bin"])
def test_a_broken_detector_is_told_as_a_bundle_is_loaded(
    trained: TrainResult,
    old_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoiled: str,
    spoil: Callable[[Path], object],
) -> None:
    file = tmp_path / "detector.xml"
    for each in (detector.NETWORK, detector.NETWORK.with_suffix(".bin")):
        shutil.copy(each, tmp_path)
    spoil(file.with_suffix(spoiled))
    monkeypatch.setattr(detector, "NETWORK", file)
    monkeypatch.setattr(detector, "_load", detector._load.__wrapped__)
    with pytest.raises(KuzovError) as caught:
        load(trained.bundle)
    assert str(caught.value).startswith(
        f"The detector of cars, {file}, can't be loaded; install kuzov anew: "
    )
    assert "\n" not in str(caught.value)
    assert load(old_bundle).signatures  # which needs none


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_each_row_is_answered_as_if_alone(engine: OpenVinoEngine, images: Floats) -> None:
    together = engine.recognise(images)
    for row in range(len(images)):
        alone = engine.recognise(images[row : row + 1])
        np.testing.assert_allclose(alone["probabilities"][0], together["probabilities"][row], atol=1e-5)
        np.testing.assert_allclose(alone["unknown"][0], together["unknown"][row], atol=1e-5)


@pytest.mark.parametrize("layout", ["F", "reversed", "read-only"])
def test_pixels_may_lie_in_memory_as_they_like(engine: OpenVinoEngine, images: Floats, layout: str) -> None:
    expected = engine.recognise(images)["probabilities"]
    strange = {
        "F": np.asfortranarray(images),
        "reversed": np.ascontiguousarray(images[:, ::-1, ::-1])[:, ::-1, ::-1],
        "read-only": images.copy(),
    }[layout]
    strange.flags.writeable = False
    np.testing.assert_allclose(engine.recognise(strange)["probabilities"], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((1, 192, 192, 3), np.float64), "Input image is of type float64; it must be DT_FLOAT."),
        (np.zeros((1, 192, 192, 3), np.uint8), "Input image is of type uint8; it must be DT_FLOAT."),
        (
            np.zeros((192, 192, 3), np.float32),
            "Input image has shape [192, 192, 3]; the model takes [-1, 192, 192, 3], -1 being any size.",
        ),
        (
            np.zeros((1, 192, 193, 3), np.float32),
            "Input image has shape [1, 192, 193, 3]; the model takes [-1, 192, 192, 3], -1 being any size.",
        ),
        (
            np.float32(1),
            "Input image has shape []; the model takes [-1, 192, 192, 3], -1 being any size.",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(
    engine: OpenVinoEngine, image: npt.NDArray[Any], message: str
) -> None:
    with raises(RequestError, message, ErrorCode.INVALID):
        run(engine, "serving_default", {"image": np.asarray(image)})


def test_photos_of_a_wrong_shape_are_refused(engine: OpenVinoEngine, photos: list[bytes]) -> None:
    with raises(RequestError, "Input image_bytes has shape [3, 1]; the model takes [-1], -1 being any size."):
        run(engine, "image_bytes", {"image_bytes": np.array(photos, np.object_)[:, np.newaxis]})


def test_tensorflows_own_signature_is_refused(trained: TrainResult) -> None:
    engine = load(trained.bundle, "f32")
    own = Signature(inputs={}, outputs={}, method_name="")  # which tf.saved_model.save adds
    engine.signatures = {**engine.signatures, "__saved_model_init_op": own}
    with raises(
        RequestError, "Signature __saved_model_init_op takes no input; ask another.", ErrorCode.INVALID
    ):
        run(engine, "__saved_model_init_op", {})


def test_no_rows_get_no_answers(engine: OpenVinoEngine) -> None:
    outputs = run(engine, "serving_default", {"image": np.zeros((0, 192, 192, 3), np.float32)})
    assert outputs["probabilities"].shape == (0, 3)
    outputs = run(engine, "image_bytes", {"image_bytes": np.array([], np.object_)})
    assert {name: output.shape for name, output in outputs.items()} == {
        "probabilities": (0, 3),
        "unknown": (0,),
        "label": (0,),
        "car_box": (0, 4),
        "car_score": (0,),
        "look_alike": (0,),
        "look_alike_probability": (0,),
    }
    outputs = run(engine, "cars", {"image_bytes": np.array([], np.object_)})
    assert outputs["probabilities"].shape == (0, 8, 3)


def test_bfloat16_is_close(trained: TrainResult, engine: OpenVinoEngine, images: Floats) -> None:
    if not bfloat16_available():
        pytest.skip("This processor does not compute in bfloat16.")
    quick = load(trained.bundle, "bf16")
    assert quick.name == "OpenVINO bf16"
    expected, found = engine.recognise(images), quick.recognise(images)
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=0.2)
    assert (found["probabilities"].argmax(axis=1) == expected["probabilities"].argmax(axis=1)).all()
    assert found["probabilities"].dtype == np.float32


def test_no_such_precision(trained: TrainResult) -> None:
    with raises(ConfigError, "There is no precision 'f16'; choose from auto, f32, bf16, int8."):
        load(trained.bundle, "f16")


def test_int8_is_served_where_it_is_and_no_slower(
    trained: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bundle = shutil.copytree(trained.bundle, tmp_path / "1")
    names = [load(bundle, precision).name for precision in ("auto", "int8", "f32")]
    assert (names, caplog.messages) == (["OpenVINO int8", "OpenVINO int8", "OpenVINO f32"], [])
    monkeypatch.setattr(module, "int8_is_slower", lambda: True)
    assert [load(bundle, precision).name for precision in ("auto", "int8")] == [
        "OpenVINO f32",
        "OpenVINO int8",
    ]
    assert caplog.messages == [f"{bundle} is computed in float32: this processor is slower in int8."]


def test_an_older_bundle_is_served_as_it_was_made(
    trained: TrainResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bundle = shutil.copytree(trained.bundle, tmp_path / "1")
    shutil.rmtree(bundle / "assets.extra" / "openvino-int8")
    assert load(bundle).name == "OpenVINO f32"
    assert caplog.messages == [f"{bundle} is computed in float32: it has no int8 form."]
    with raises(ConfigError, f"The model in {bundle} has no int8 form; leave out the precision."):
        load(bundle, "int8")


def test_where_openvino_refuses_int8_it_computes_float32(
    trained: TrainResult, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def compile_float_only(model: openvino.Model, settings: NetworkSettings) -> Network:
        if settings.precision == "int8":
            raise RuntimeError("No kernel for this processor.")
        return Network(model, settings)

    caplog.set_level("INFO")
    monkeypatch.setattr(module, "Network", compile_float_only)
    assert load(trained.bundle).name == "OpenVINO f32"
    refusal = f"OpenVINO can't run the model in {trained.bundle}: No kernel for this processor."
    assert caplog.messages == [f"{trained.bundle} is computed in float32: {refusal}"]
    with raises(BundleError, refusal):
        load(trained.bundle, "int8")


def test_photos_larger_than_allowed_are_refused(trained: TrainResult, photos: list[bytes]) -> None:
    engine = load(trained.bundle, "f32", max_pixels=100)
    with raises(RequestError, "image_bytes[0]: claims more than 100 pixels; make it smaller"):
        run(engine, "image_bytes", {"image_bytes": np.array(photos, np.object_)})


@pytest.mark.parametrize(
    ("form", "precision", "spoil"),
    [
        ("openvino", "f32", lambda folder: (folder / "model.xml").unlink()),
        ("openvino", "f32", lambda folder: (folder / "model.bin").unlink()),
        ("openvino", "f32", lambda folder: (folder / "model.xml").write_text("<net")),
        ("openvino-int8", "auto", lambda folder: (folder / "model.bin").unlink()),
        ("openvino-int8", "auto", lambda folder: (folder / "model.xml").write_text("<net")),
    ],
)
def test_a_broken_bundle_is_told(
    trained: TrainResult, tmp_path: Path, form: str, precision: str, spoil: Callable[[Path], object]
) -> None:
    bundle = shutil.copytree(trained.bundle, tmp_path / "1")
    spoil(bundle / "assets.extra" / form)
    with pytest.raises(BundleError) as caught:
        load(bundle, precision)
    assert str(caught.value).startswith(f"OpenVINO can't run the model in {bundle}: ")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel that kuzov did not make: no card, no form of OpenVINO's own."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed; it writes the SavedModel")

    half = tf.function(
        lambda x: {"y": x / 2 + 2}, input_signature=[tf.TensorSpec((None, 3), tf.float32, "x")]
    )
    folder = tmp_path_factory.mktemp("foreign") / "1"
    tf.saved_model.save(tf.Module(), str(folder), {"serving_default": half, "another": half})
    return folder


def test_a_model_from_elsewhere_answers_by_its_serving_default(foreign: Path) -> None:
    engine = load(foreign)
    assert list(engine.signatures) == ["serving_default"]
    assert engine.name == "OpenVINO f32"
    outputs = run(engine, "serving_default", {"x": np.array([[1, 2, 4], [0, -4, 6]], np.float32)})
    assert outputs["y"].tolist() == [[2.5, 3.0, 4.0], [2.0, 0.0, 5.0]]
    assert list(outputs) == ["y"]
    with pytest.raises(RequestError, match=r"^Input x has shape \[3\]; the model takes \[-1, 3\]"):
        run(engine, "serving_default", {"x": np.zeros(3, np.float32)})


def test_rows_are_shared_between_requests_for_a_bundle_of_kuzovs_alone(
    engine: OpenVinoEngine, foreign: Path
) -> None:
    assert engine.batched("serving_default")
    assert not load(foreign, "f32").batched("serving_default")


def spec(dtype: str = "DT_FLOAT", shape: tuple[int, ...] | None = (-1, 3)) -> TensorSpec:
    return TensorSpec(dtype=dtype, shape=shape, name="a tensor")


@pytest.mark.parametrize(
    ("name", "x", "y", "defaults", "reason"),
    [
        ("get_counter", spec(), spec(), {}, "it has no signature serving_default"),
        ("serving_default", spec(), spec(), {"x": np.zeros(3)}, "a request may leave out its input x"),
        ("serving_default", spec("DT_STRING"), spec(), {}, "its input x is of type DT_STRING"),
        ("serving_default", spec(), spec("DT_BFLOAT16"), {}, "its output y is of type DT_BFLOAT16"),
        ("serving_default", spec(shape=None), spec(), {}, "its input x is of any rank"),
    ],
)
def test_what_openvino_can_not_compute_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    x: TensorSpec,
    y: TensorSpec,
    defaults: dict[str, Any],
    reason: str,
) -> None:
    signature = Signature(inputs={"x": x}, outputs={"y": y}, method_name="", defaults=defaults)
    monkeypatch.setattr("kuzov.engine.openvino.read_signatures", lambda _: {name: signature})
    with raises(BundleError, f"OpenVINO can't run the model in {tmp_path}: {reason}."):
        load(tmp_path)


Change = Callable[[openvino.Model], None]


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Have every network changed as it is read."""

    def set_change(change: Change) -> None:
        def read(source: Path) -> openvino.Model:
            model = openvino.Core().read_model(source)
            change(model)
            return model

        monkeypatch.setattr("kuzov.engine.openvino.read_model", read)

    return set_change


def test_outputs_go_by_any_of_their_names(foreign: Path, changed: Callable[[Change], None]) -> None:
    changed(lambda model: model.output("y").get_tensor().set_names({"a", "y", "z"}))
    outputs = run(load(foreign), "serving_default", {"x": np.array([[1, 2, 4]], np.float32)})
    assert {name: values.tolist() for name, values in outputs.items()} == {"y": [[2.5, 3.0, 4.0]]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda model: model.output(0).get_tensor().set_names({"other"}),
            "its network has no output y, which its signature declares",
        ),
        (
            lambda model: model.input(0).get_tensor().set_names({"other"}),
            "its network has no input x, which its signature declares",
        ),
        (
            lambda model: model.add_parameters([opset13.parameter((1,), np.float32, name="further")]),
            "its network has an input without a name, which its signature does not declare",
        ),
    ],
    ids=["no output", "no input", "a further input"],
)
def test_a_network_that_is_not_what_its_signature_declares_is_told(
    foreign: Path, changed: Callable[[Change], None], change: Change, told: str
) -> None:
    changed(change)
    with raises(BundleError, f"OpenVINO can't run the model in {foreign}: {told}."):
        load(foreign)
