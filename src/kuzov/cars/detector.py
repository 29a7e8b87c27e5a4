"""Where the cars are in a photo.

The network is a small SSD (Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016); docs/adr/0017 says
where it comes from, and what its input's size was chosen by. It is kept in OpenVINO's own form and, for the
graph that TensorFlow Serving computes, in TensorFlow's. `kuzov.model.graph.find_cars` states what follows it
once more in TensorFlow's operations, and a test holds the two together on real photos.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from openvino.passes import ConstantFolding, Manager
from PIL import Image

from kuzov.cores import usable_cores
from kuzov.errors import KuzovError
from kuzov.images.framing import resize_box
from kuzov.network import Network, NetworkSettings, own_words, read_model
from kuzov.records import MOST_CARS, Car

NETWORK = Path(__file__).with_name("detector.xml")  # and detector.bin
GRAPH = Path(__file__).with_name("detector.pb")
INPUT_PX = 192
LEAST_SCORE = 0.25
# Boxes that share more than this of what they cover together (intersection over union) are of one car.
MOST_OVERLAP = 0.5

_LOADING = threading.Lock()  # else two threads that ask for it at the same moment would each make one

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


def load_detector() -> Network:
    """The detector, made once a process: as many photos at a time as there are cores.

    Raises:
        KuzovError: It is missing or broken.
    """
    with _LOADING:
        return _load()


@functools.cache
def _load() -> Network:
    try:
        model = read_model(NETWORK)
        # Kernels are stored in eight bits. OpenVINO would make numbers in float32 of them too, but mixes some
        # up, and may find cars where there are none (2026.4.1; a test compares it with TensorFlow).
        folding = Manager()
        folding.register_pass(ConstantFolding())
        folding.run_passes(model)
        settings = NetworkSettings(precision="f32", streams=usable_cores(), lone_calls=False, rows_apart=True)
        return Network(model, settings)
    except RuntimeError as error:
        raise KuzovError(
            f"The detector of cars, {NETWORK}, can't be loaded; install kuzov anew: {own_words(error)}"
        ) from error
