"""The methods' formulas on maps made by hand, then sanity checks of what they find in whole networks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kuzov.bundle.layout import SAVED_MODEL
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import read_cut_out
from kuzov.explain.explainer import Explainer
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
from kuzov.explain.network import Array, Grid, Network
from kuzov.images.framing import Pixels

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

SQUARE_PX = 16
GREYED_PARTS = (0.1, 0.2, 0.3, 0.4)
"""Of a frame's squares; the probability is averaged over them."""


class HandMade(Network):
    """Two maps of 2 by 2 places, and a gradient for each pixel of an image."""

    def __init__(self, gradients: Any, image_gradient: Any = 0) -> None:
        self.maps = np.array([[[1, 0], [2, 0]], [[3, 0], [0, 5]]], np.float32)  # (2, 2, 2)
        self.gradients = np.array(gradients, np.float32)
        self.of_image = np.array(image_gradient, np.float32)
        self.seen: list[Array] = []

    def feature_maps(self, images: Array, column: int, grid: Grid) -> tuple[Array, Array]:
        assert (images.shape, column) == ((1, 2, 2, 3), 4)
        self.grid = grid
        return self.maps[np.newaxis], self.gradients[np.newaxis]

    def image_gradient(self, images: Array, column: int) -> Array:
        assert column == 4
        self.seen.extend(images)
        return np.stack([self.of_image] * len(images))


FRAME = np.array([[[0, 0, 0], [100, 0, 0]], [[0, 200, 0], [0, 0, 50]]], np.float32)


def test_layer_cam_weighs_each_place() -> None:
    network = HandMade([[[2, 1], [-1, 1]], [[1, 1], [1, 2]]])
    np.testing.assert_allclose(layer_cam(network, FRAME, 4), [[2, 0], [3, 10]])
    assert network.grid is Grid.NEXT_TO_LAST


def test_grad_cam_plus_plus_weighs_each_map() -> None:
    network = HandMade([[[1, -1], [1, -1]], [[1, -1], [1, -1]]])
    # The first map sums to 6: alpha is 1 / (2 + 6) at each place. The second one speaks against the class.
    np.testing.assert_allclose(grad_cam_plus_plus(network, FRAME, 4), 4 / 8 * network.maps[..., 0])
    assert network.grid is Grid.LAST


def test_grad_cam_plus_plus_of_a_flat_network_is_dark() -> None:
    assert not grad_cam_plus_plus(HandMade(np.zeros((2, 2, 2))), FRAME, 4).any()


def test_the_gradient_is_told_by_its_largest_channel() -> None:
    gradient = [[[1, -2, 0], [0, 0, 0]], [[3, 1, 1], [0, 0, -5]]]
    found = vanilla_gradient(HandMade(np.zeros((2, 2, 2)), gradient), FRAME, 4)
    np.testing.assert_allclose(found, [[2, 0], [3, 5]])


def test_smoothgrad_looks_at_noisy_copies_and_always_the_same() -> None:
    networks = [HandMade(np.zeros((2, 2, 2)), FRAME) for _ in range(2)]
    first, second = (smoothgrad(network, FRAME, 4) for network in networks)
    np.testing.assert_allclose(first, NOISY_COPIES * FRAME.max(axis=-1))
    seen = np.stack(networks[0].seen)
    np.testing.assert_array_equal(seen, np.stack(networks[1].seen))
    assert len({copy.tobytes() for copy in seen}) == NOISY_COPIES
    assert np.std(seen - FRAME) == pytest.approx(NOISE * 200, rel=0.15)
    np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def shuffled(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    """The same graph, but the numbers within each of its kernels have changed places."""
    folder = tmp_path_factory.mktemp("shuffled") / "1"
    shutil.copytree(trained.bundle, folder)
    model = SavedModel.FromString((folder / SAVED_MODEL).read_bytes())
    rng = np.random.default_rng(0)
    for kernel in _kernels(model):
        dtype = np.float16 if kernel.dtype == 19 else np.float32
        numbers = rng.permutation(np.frombuffer(kernel.tensor_content, dtype))
        kernel.tensor_content = numbers.tobytes()
    (folder / SAVED_MODEL).write_bytes(model.SerializeToString())
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


def probability_left(explainer: Explainer, frames: list[Pixels], heats: list[Array]) -> float:
    """The deletion curve's height: of the top class, while the hottest squares are greyed out.

    Petsiuk et al. 2018, arXiv 1806.07421, with squares in place of pixels: single grey pixels are noise of a
    kind that no photo has, and a network would be judged by how it takes that.
    """
    network = explainer._network
    images = np.stack(frames).astype(np.float32)
    top = network.recognise(images)[0].argmax(axis=1)
    side = images.shape[1] // SQUARE_PX
    squares = np.stack(heats).reshape(-1, side, SQUARE_PX, side, SQUARE_PX).mean(axis=(2, 4))
    ranks = np.argsort(np.argsort(-squares.reshape(len(frames), -1)), axis=1).reshape(squares.shape)
    left = []
    for part in GREYED_PARTS:
        greyed = (ranks < part * side**2).repeat(SQUARE_PX, axis=1).repeat(SQUARE_PX, axis=2)
        seen = np.where(greyed[..., np.newaxis], images.mean(axis=(1, 2), keepdims=True), images)
        left.append(network.recognise(seen)[0][np.arange(len(top)), top].mean())
    return float(np.mean(left))


def in_random_order(frames: list[Pixels]) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.uniform(size=each.shape[:2]).astype(np.float32) for each in frames]


@pytest.mark.slow
def test_what_is_hot_matters_more_than_the_rest_of_a_drawn_car(
    explainer: Explainer, synthetic_photos: Path
) -> None:
    photos = sorted((synthetic_photos / "validation").rglob("*.jpg"))
    frames = [read_cut_out(photo, explainer.card.image_px, explainer.card.framing).pixels for photo in photos]
    assert len(frames) == 9
    heats = [explainer.explain_frame(frame) for frame in frames]
    hot, random = (probability_left(explainer, frames, each) for each in (heats, in_random_order(frames)))
    assert hot < random - 0.1


@pytest.fixture(scope="module")
def real_cars(real_photos: Path) -> tuple[Explainer, list[Pixels], float]:
    """The ready model, a photo of each class, and what is left of them greyed out in a random order."""
    ready = Explainer.load(ready_model())
    photos = [min(folder.iterdir()) for folder in sorted((real_photos / "validation").iterdir())]
    frames = [read_cut_out(photo, ready.card.image_px, ready.card.framing).pixels for photo in photos]
    return ready, frames, probability_left(ready, frames, in_random_order(frames))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_what_is_hot_matters_more_than_the_rest_of_a_real_car(
    real_cars: tuple[Explainer, list[Pixels], float], method: str
) -> None:
    ready, frames, random_left = real_cars
    heats = [ready.explain_frame(frame, method=method) for frame in frames]
    least = 0.2 if method == DEFAULT_METHOD else 0.05
    assert probability_left(ready, frames, heats) < random_left - least
