"""The methods' formulas on maps made by hand, then sanity checks of what they find in whole networks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops
from scipy.stats import spearmanr
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from benchmarks.saliency import in_random_order, probability_left
from kuzov.bundle.layout import OPENVINO_MODEL, SAVED_MODEL, resolve
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import read_cut_out
from kuzov.compiled import read_model
from kuzov.engine.openvino import load
from kuzov.explain.explainer import Explainer
from kuzov.explain.feature_maps import Array, Grid, Look
from kuzov.explain.methods import (
    DEFAULT_METHOD,
    METHODS,
    NOISE,
    NOISY_COPIES,
    grad_cam_plus_plus,
    layer_cam,
    smoothgrad,
    vanilla_gradient,
)
from kuzov.images.framing import Pixels

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

GREYED_PARTS = (0.1, 0.2, 0.3, 0.4)


MAPS = np.array([[[1, 2], [3, 0]], [[0, 0], [0, 5]]], np.float32)
FRAME = np.array([[[0, 0, 0], [100, 0, 0]], [[0, 200, 0], [0, 0, 50]]], np.float32)
NOTHING = Grid(maps=np.zeros((1, 1, 1), np.float32), slopes=np.zeros((1, 1, 1), np.float32))


def seen(slopes: Any, grid: str) -> Look:
    """Two maps of 2 by 2 places in a grid, and nothing in the other."""
    grids = {"last": NOTHING, "next_to_last": NOTHING}
    grids[grid] = Grid(maps=MAPS, slopes=np.array(slopes, np.float32))
    one = np.ones(1, np.float32)
    return Look(
        probabilities=one, unknown=0, atlas=one, last=grids["last"], next_to_last=grids["next_to_last"]
    )


def test_layer_cam_weighs_each_place() -> None:
    look = seen([[[2, -1], [1, 1]], [[1, 1], [1, 2]]], "next_to_last")
    np.testing.assert_allclose(layer_cam(look), [[2, 0], [3, 10]])


def test_grad_cam_plus_plus_weighs_each_map() -> None:
    look = seen([np.ones((2, 2)), -np.ones((2, 2))], "last")
    # The first map sums to 6: alpha is 1 / (2 + 6) at each place. The second one speaks against the class.
    np.testing.assert_allclose(grad_cam_plus_plus(look), 4 / 8 * MAPS[0])


def test_grad_cam_plus_plus_of_a_flat_network_is_dark() -> None:
    assert not grad_cam_plus_plus(seen(np.zeros((2, 2, 2)), "last")).any()


def test_the_gradient_is_told_by_its_largest_channel() -> None:
    gradient = np.array([[[1, -2, 0], [0, 0, 0]], [[3, 1, 1], [0, 0, -5]]], np.float32)
    found = vanilla_gradient(lambda images, column: column * np.stack([gradient] * len(images)), FRAME, 4)
    np.testing.assert_allclose(found, [[8, 0], [12, 20]])


def test_smoothgrad_looks_at_noisy_copies_and_always_the_same() -> None:
    shown: list[Array] = []

    def gradient(images: Array, column: int) -> Array:
        assert column == 4
        shown.extend(images)
        return np.stack([FRAME] * len(images))

    first, second = (smoothgrad(gradient, FRAME, 4) for _ in range(2))
    np.testing.assert_allclose(first, NOISY_COPIES * FRAME.max(axis=-1))
    np.testing.assert_array_equal(first, second)
    copies, again = np.split(np.stack(shown), 2)
    np.testing.assert_array_equal(copies, again)
    assert len({copy.tobytes() for copy in copies}) == NOISY_COPIES
    assert np.std(copies - FRAME) == pytest.approx(NOISE * 200, rel=0.15)


@pytest.fixture(scope="module")
def shuffled(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    """The same graphs, but the numbers within each of their kernels have changed places."""
    folder = tmp_path_factory.mktemp("shuffled") / "1"
    shutil.copytree(trained.bundle, folder)
    model, rng = SavedModel.FromString((folder / SAVED_MODEL).read_bytes()), np.random.default_rng(0)
    for kernel in _kernels(model):
        dtype = np.float16 if kernel.dtype == 19 else np.float32
        kernel.tensor_content = rng.permutation(np.frombuffer(kernel.tensor_content, dtype)).tobytes()
    (folder / SAVED_MODEL).write_bytes(model.SerializeToString())
    network = read_model(folder / OPENVINO_MODEL)
    for node in network.get_ordered_ops():
        if node.get_type_name() == "Constant" and node.data.ndim > 1 and node.data.dtype.kind == "f":
            numbers = rng.permutation(node.data.ravel()).reshape(node.data.shape)
            new = ops.constant(numbers)
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(new.output(0))
    openvino.save_model(network, folder / OPENVINO_MODEL, compress_to_fp16=False)
    return Explainer.load(folder)


def _kernels(model: SavedModel) -> Iterator[TensorProto]:
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            tensor = node.attr["value"].tensor if node.op == "Const" else None
            if tensor is not None and tensor.dtype in {1, 19} and len(tensor.tensor_shape.dim) > 1:
                yield tensor


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_other_weights_look_elsewhere(
    explainer: Explainer, shuffled: Explainer, synthetic_photos: Path, method: str
) -> None:
    """Adebayo et al. 2018, arXiv 1810.03292: a map that did not change would tell of the photo alone."""
    frames = [
        read_cut_out(each, explainer.card.image_px, explainer.card.framing).pixels
        for each in (synthetic_photos / "test").iterdir()
    ]
    correlations = [
        spearmanr(
            *(each.explain_frame(frame, method=method, label="suv").ravel() for each in (explainer, shuffled))
        ).statistic
        for frame in frames
    ]
    assert np.mean(correlations) < 0.5


def left(bundle: Path, frames: list[Pixels], heats: list[Array]) -> float:
    engine = load(resolve(bundle), "f32")
    return probability_left(
        lambda images: engine.recognise(images)["probabilities"], frames, heats, GREYED_PARTS
    )


@pytest.mark.slow
def test_what_is_hot_matters_more_than_the_rest_of_a_drawn_car(
    explainer: Explainer, trained: TrainResult, synthetic_photos: Path
) -> None:
    photos = sorted((synthetic_photos / "validation").rglob("*.jpg"))
    frames = [read_cut_out(photo, explainer.card.image_px, explainer.card.framing).pixels for photo in photos]
    assert len(frames) == 9
    heats = [explainer.explain_frame(frame) for frame in frames]
    hot, random = (left(trained.bundle, frames, each) for each in (heats, in_random_order(frames)))
    assert hot < random - 0.1


@pytest.fixture(scope="module")
def real_cars(real_photos: Path) -> tuple[Explainer, list[Pixels], float]:
    """The ready model, two photos of each class, and what is left of them greyed out in a random order."""
    ready = Explainer.load(ready_model())
    folders = sorted((real_photos / "validation").iterdir())
    photos = [photo for folder in folders for photo in sorted(folder.iterdir())[:2]]
    frames = [read_cut_out(photo, ready.card.image_px, ready.card.framing).pixels for photo in photos]
    return ready, frames, left(ready_model(), frames, in_random_order(frames))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_what_is_hot_matters_more_than_the_rest_of_a_real_car(
    real_cars: tuple[Explainer, list[Pixels], float], method: str
) -> None:
    ready, frames, random_left = real_cars
    heats = [ready.explain_frame(frame, method=method) for frame in frames]
    least = 0.2 if method == DEFAULT_METHOD else 0.05
    assert left(ready_model(), frames, heats) < random_left - least
