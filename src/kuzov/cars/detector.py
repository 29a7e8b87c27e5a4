"""Where the cars are in a photo.

The network is a small SSD (Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016); docs/adr/0017 says
where it comes from, and what its input's size was chosen by. `kuzov.model.graph.find_cars` states what
follows it once more in TensorFlow's operations, and a test holds the two together on real photos.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13
from PIL import Image

from kuzov.cores import usable_cores
from kuzov.errors import KuzovError
from kuzov.images.framing import resize_box
from kuzov.network import Network, NetworkSettings, own_words
from kuzov.records import MOST_CARS, Car

NETWORK = Path(__file__).with_name("detector.pb")
INPUT_PX = 192
LEAST_SCORE = 0.25
# Boxes that share more than this of what they cover together (intersection over union) are of one car.
MOST_OVERLAP = 0.5

Boxes = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]


def find_cars(image: Image.Image) -> tuple[Car, ...]:
    """The cars in an RGB photo, at most eight, the most prominent first; none where it shows none.

    Raises:
        KuzovError: The detector can't be loaded.
    """
    pixels = resize_box(image, (0, 0, *image.size), INPUT_PX)
    outputs = load_detector()({"image": pixels[np.newaxis].astype(np.float32)})
    boxes, scores = outputs["boxes"][0], outputs["scores"][0]
    kept = distinct(boxes, scores)
    kept = kept[np.argsort(-prominence(boxes[kept], scores[kept]), kind="stable")]
    return tuple(
        Car(box=(left, top, right, bottom), score=float(scores[row]))
        for row in kept
        for left, top, right, bottom in [boxes[row].tolist()]
    )


def distinct(boxes: Boxes, scores: Scores) -> npt.NDArray[np.int64]:
    """Rows of one box a car, the surest first: what overlaps a surer box is the same car.

    Args:
        boxes: (N, 4), left, top, right, bottom.
        scores: (N,) in 0..1; what is under LEAST_SCORE is no car.
    """
    rows = np.argsort(-scores, kind="stable")
    rows = rows[scores[rows] >= LEAST_SCORE]
    kept: list[int] = []
    while len(rows) and len(kept) < MOST_CARS:
        kept.append(int(rows[0]))
        rows = rows[1:][overlap(boxes[rows[1:]], boxes[rows[0]]) <= MOST_OVERLAP]
    return np.array(kept, np.int64)


def overlap(boxes: Boxes, box: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union of boxes (N, 4) with one box (4,): (N,) in 0..1."""
    corner, end = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.maximum(end - corner, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9))


def prominence(boxes: Boxes, scores: Scores) -> npt.NDArray[np.float32]:
    """By what the main car is chosen, (N,): score, times the box's mean side, halved towards the corners."""
    sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    off_centre = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5).max(axis=1)  # 0..0.5
    return np.asarray(scores * sides * (1 - off_centre))


@functools.cache
def load_detector() -> Network:
    """The detector, made once a process: as many photos at a time as there are cores.

    Raises:
        KuzovError: It is missing or broken.
    """
    try:
        model = openvino.Core().read_model(NETWORK)
        for output in model.outputs:
            name = "boxes" if len(output.get_partial_shape()) == 3 else "scores"
            output.get_tensor().set_names({name})
        model.input(0).get_tensor().set_names({"image"})
        _widen(model)
        settings = NetworkSettings(precision="f32", streams=usable_cores(), lone_calls=False, rows_apart=True)
        return Network(model, settings)
    except RuntimeError as error:
        raise KuzovError(
            f"The detector of cars, {NETWORK}, can't be loaded; install kuzov anew: {own_words(error)}"
        ) from error


def _widen(model: openvino.Model) -> None:
    """Make constants in float32 of the kernels in eight bits and their scales.

    OpenVINO would do it too, but where it computes several photos at a time it then mixes kernels up, and
    finds cars where there are none (2026.4.1; a test asks it so).
    """
    for product in model.get_ordered_ops():
        if product.get_type_name() != "Multiply":
            continue
        levels, scale = (each.get_source_output().get_node() for each in product.inputs())
        if levels.get_type_name() == "Convert" and scale.get_type_name() == "Constant":
            kernel = levels.input(0).get_source_output().get_node().data * scale.data
            product.output(0).replace(opset13.constant(kernel.astype(np.float32)).output(0))
