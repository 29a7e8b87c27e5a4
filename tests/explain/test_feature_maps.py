from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from kuzov.errors import BundleError
from kuzov.explain.feature_maps import FeatureMaps, Grid
from tests.errors import raises
from tests.explain.networks import CLASSES, IMAGE_PX, Array, head, model, numbers, recogniser, stem


@pytest.fixture(scope="module")
def frames() -> list[Array]:
    rng = np.random.default_rng(3)
    return list(rng.uniform(0, 255, (4, IMAGE_PX, IMAGE_PX, 3)).astype(np.float32))


def answers(network: openvino.Model, frame: Array) -> list[Array]:
    compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled([frame[np.newaxis]])
    return [np.array(found[name][0]) for name in ("probabilities", "unknown")]


def odds_by_maps(network: openvino.Model, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """The logarithms of the probabilities, of the last maps of a shape in place of a photo."""
    nodes = [each for each in network.get_ordered_ops() if each.get_type_name() == "Clamp"]
    (cut,) = (each for each in nodes if [*each.get_output_partial_shape(0)][1:] == [*shape])
    given = ops.parameter([1, *shape], np.float32)
    for target in cut.output(0).get_target_inputs():
        target.replace_source_output(given.output(0))
    tail = openvino.Model([network.output("probabilities").get_node()], [given], "tail")
    compiled = openvino.Core().compile_model(tail, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda maps: np.log(compiled([maps[np.newaxis]])[0][0].astype(np.float64))


def test_it_answers_as_the_recogniser_does(frames: list[Array]) -> None:
    network = recogniser(5, 6)
    expected = [answers(network, frame) for frame in frames]
    looks = [FeatureMaps(network).look(frame) for frame in frames[:1]]
    for look, (probabilities, unknown) in zip(looks, expected, strict=False):
        np.testing.assert_allclose(look.probabilities, probabilities, atol=1e-5)
        assert look.unknown == pytest.approx(float(unknown), abs=1e-5)


@pytest.mark.parametrize("grid", ["last", "next_to_last"])
def test_a_step_along_the_slopes_changes_the_logit_as_they_say(frames: list[Array], grid: str) -> None:
    network = recogniser(5, 6)
    untouched = network.clone()
    seeing = FeatureMaps(network)
    found: list[Grid] = [getattr(seeing.look(frames[0], column), grid) for column in range(2)]
    maps, slope = found[0].maps, found[0].slopes - found[1].slopes
    assert maps.shape == slope.shape == {"last": (6, 4, 4), "next_to_last": (5, 8, 8)}[grid]
    np.testing.assert_array_equal(maps, found[1].maps)
    ask = odds_by_maps(untouched, maps.shape)
    # Along the slopes a value at its bound would pass it.
    step = np.where((maps > 0.01) & (maps < 5.99), 1e-3 * slope / np.abs(slope).max(), 0).astype(np.float32)
    change = ask(maps + step) - ask(maps - step)
    assert change[0] - change[1] == pytest.approx(2 * (slope * step).sum(), rel=0.05)


def test_the_class_may_be_left_to_the_network(frames: list[Array]) -> None:
    seeing, chosen = FeatureMaps(recogniser(5, 6)), set()
    for frame in frames:
        look = seeing.look(frame)
        chosen.add(column := int(look.probabilities.argmax()))
        by_column = [seeing.look(frame, each).last.slopes for each in range(CLASSES)]
        assert [(each == look.last.slopes).all() for each in by_column].index(True) == column


@pytest.mark.parametrize("kept", [(0, 1, 1), (0, 0, 0)])
def test_a_feature_that_is_0_has_no_slope(frames: list[Array], kept: tuple[int, ...]) -> None:
    image, seen = stem()
    dead = ops.multiply(ops.clamp(seen, 0, 6), ops.constant(np.array(kept, np.float32).reshape(1, 3, 1, 1)))
    logits, _ = head(ops.reduce_mean(dead, ops.constant([2, 3])))
    look = FeatureMaps(model(image, ops.softmax(logits, 1))).look(frames[0])
    assert np.isfinite(look.last.slopes).all()
    assert [each.any() for each in look.last.slopes] == [bool(each) for each in kept]


def test_one_grid_is_both(frames: list[Array]) -> None:
    image, seen = stem()
    logits, _ = head(ops.reduce_mean(ops.clamp(seen, 0, 6), ops.constant([2, 3])))
    look = FeatureMaps(model(image, ops.softmax(logits, 1))).look(frames[0])
    np.testing.assert_array_equal(look.last.maps, look.next_to_last.maps)
    np.testing.assert_array_equal(look.last.slopes, look.next_to_last.slopes)


def test_several_threads_may_ask(frames: list[Array]) -> None:
    seeing = FeatureMaps(recogniser(5, 6))
    alone = [seeing.look(frame).last.slopes for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        for expected, found in zip(alone * 8, pool.map(seeing.look, frames * 8), strict=True):
            np.testing.assert_array_equal(found.last.slopes, expected)


def pooled(image: Any) -> Any:
    return ops.reduce_mean(image, ops.constant([2, 3]))


def by_sigmoid() -> openvino.Model:
    image, seen = stem()
    return model(image, ops.sigmoid(pooled(seen)))


def without_a_product() -> openvino.Model:
    image, seen = stem()
    return model(image, ops.softmax(ops.exp(pooled(seen)), 1))


def without_places() -> openvino.Model:
    image = ops.parameter([-1, 3], np.float32, "image")
    image.output(0).get_tensor().set_names({"image"})
    return model(image, ops.softmax(head(image)[0], 1))


def with_further_features() -> openvino.Model:
    image, seen = stem()
    features = ops.matmul(pooled(seen), ops.constant(numbers(3, 5)), False, False)
    return model(image, ops.softmax(head(features)[0], 1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (by_sigmoid, "its probabilities come from Sigmoid, not from Softmax"),
        (without_a_product, "its logits come from Exp"),
        (without_places, "it has no feature maps"),
        (with_further_features, "its head does not see the means of its last feature maps"),
    ],
)
def test_a_model_of_another_kind_is_told(make: Callable[[], openvino.Model], reason: str) -> None:
    text = f"The model is not built as kuzov's are: {reason}. So where it looks can't be told."
    with raises(BundleError, text):
        FeatureMaps(make())


def test_a_bundle_without_its_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        FeatureMaps.load(tmp_path)
    assert str(caught.value).startswith(f"OpenVINO can't run the model in {tmp_path}: ")
    assert "\n" not in str(caught.value)


def test_a_network_without_the_outputs_of_kuzovs_is_told(tmp_path: Path) -> None:
    image, seen = stem()
    file = tmp_path / "assets.extra" / "openvino" / "model.xml"
    file.parent.mkdir(parents=True)
    openvino.save_model(openvino.Model([ops.result(seen)], [image], "other"), file)
    with pytest.raises(BundleError) as caught:
        FeatureMaps.load(tmp_path)
    assert str(caught.value).startswith(f"OpenVINO can't run the model in {tmp_path}: ")
