"""Where the cars are in a photo.

The network is a small SSD (Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016); docs/adr/0017 says
where it comes from, and what its input's size was chosen by. It is kept in OpenVINO's own form, in int8, and,
for the graph that TensorFlow Serving computes, in TensorFlow's, in float32. `kuzov.model.graph.find_cars`
states what follows it once more in TensorFlow's operations, and a test holds the two together on real photos.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kuzov.cores import usable_cores
from kuzov.errors import InstallationError
from kuzov.images.framing import resize_box
from kuzov.network import Network, NetworkSettings, own_words
from kuzov.records import MOST_CARS, Box, Car
from kuzov.words import Words

_NOT_LOADED = Words(
    "The detector of cars, {network}, can't be loaded; install kuzov anew: {why}",
    "Детектор машин {network} не загружается; установите kuzov заново: {why}",
)

NETWORK = Path(__file__).with_name("detector.xml")  # and detector.bin
GRAPH = Path(__file__).with_name("detector.pb")
INPUT_PX = 192
# A box of the first look is worth a closer one from the lowest of these scores on, and needs none from the
# highest; what has less than the middle one in the end is no car.
GLIMPSED, LEAST_SCORE, SURE = 0.1, 0.45, 0.5
# Room around a box on each side where it is looked at closer, as a part of its longer side.
ROOM = 0.5
# What a closer look finds is that car where it shares so much with the box of the first look.
LEAST_OVERLAP = 0.1
# Boxes that share more than this of what they cover together (intersection over union) are of one car.
MOST_OVERLAP = 0.5
# A box of which more than this part lies inside a surer one is of a part of that car.
MOST_INSIDE = 0.7

_LOADING = threading.Lock()  # else two threads that ask for it at the same moment would each make one

Boxes = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]


def find_cars(image: Image.Image, *, every: bool = True) -> tuple[Car, ...]:
    """The cars in an RGB photo, at most eight, the most prominent first; none where it shows none.

    What is small in the photo has few pixels when all of it is looked at: its box is rough, its score low,
    and a blur may have a higher one. So boxes that are not sure are looked at closer.

    Args:
        image: The photo.
        every: Whether all cars are wanted; else the others are left alone where the main one is sure.

    Raises:
        InstallationError: The detector can't be loaded.
    """
    boxes, scores = look(image, (0, 0, 1, 1))
    seen = distinct(boxes, scores, least_score=GLIMPSED)
    seen = seen[ranked(boxes[seen], scores[seen], np.zeros(len(seen), bool))]
    boxes, scores = boxes[seen], scores[seen]
    sure = scores >= SURE
    if every or not sure[:1].any():
        for row in np.flatnonzero(~sure):
            boxes[row], scores[row] = _look_closer(image, boxes[row])
    # What was sure at once stays as it was, and comes first, so that the main car is the same in both ways.
    trust = scores + sure
    kept = distinct(boxes, trust, least_score=LEAST_SCORE)
    kept = kept[whole(boxes[kept], trust[kept])]
    kept = kept[ranked(boxes[kept], scores[kept], sure[kept])]
    return tuple(
        Car(box=(left, top, right, bottom), score=score)
        for (left, top, right, bottom), score in zip(boxes[kept].tolist(), scores[kept].tolist(), strict=True)
    )


def look(image: Image.Image, box: Box) -> tuple[Boxes, Scores]:
    """All boxes that the detector sees in a part of a photo, (N, 4) in fractions of the photo, and scores."""
    left, top, right, bottom = box
    width, height = image.size
    pixels = resize_box(image, (left * width, top * height, right * width, bottom * height), INPUT_PX)
    outputs = load_detector()({"image": pixels[np.newaxis].astype(np.float32)})
    corner, sides = np.array([left, top], np.float32), np.array([right - left, bottom - top], np.float32)
    return outputs["boxes"][0] * np.tile(sides, 2) + np.tile(corner, 2), outputs["scores"][0]


def _look_closer(image: Image.Image, box: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """The car at a box, seen in a square around it; its score is 0 where there is none."""
    boxes, scores = look(image, surroundings(box, image.size))
    scores = np.where(overlap(boxes, box) >= LEAST_OVERLAP, scores, 0)
    surest = int(scores.argmax())
    return boxes[surest], float(scores[surest])


def surroundings(box: npt.NDArray[np.float32], size: tuple[int, int]) -> Box:
    """A square of pixels around a box, as far as the photo of this width and height goes."""
    pixels = np.array(size, np.float32)
    centre = (box[:2] + box[2:]) / 2 * pixels
    reach = ((box[2:] - box[:2]) * pixels).max() * (0.5 + ROOM)
    left, top = (np.maximum(centre - reach, 0) / pixels).tolist()
    right, bottom = (np.minimum(centre + reach, pixels) / pixels).tolist()
    return left, top, right, bottom


def whole(boxes: Boxes, scores: Scores) -> npt.NDArray[np.bool_]:
    """Which boxes (N, 4) do not lie inside a surer one, (N,): seen closer, a wheel is taken for a car."""
    shared, areas = _shared(boxes[:, np.newaxis], boxes), np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = shared > MOST_INSIDE * areas[:, np.newaxis]
    return np.asarray(~(inside & (scores > scores[:, np.newaxis])).any(axis=1))


def distinct(boxes: Boxes, scores: Scores, *, least_score: float) -> npt.NDArray[np.int64]:
    """Rows of one box a car, the surest first: what overlaps a surer box is the same car.

    Args:
        boxes: (N, 4), left, top, right, bottom.
        scores: (N,) in 0..1.
        least_score: What has less is no car.
    """
    rows = np.argsort(-scores, kind="stable")
    rows = rows[scores[rows] >= least_score]
    kept: list[int] = []
    while len(rows) and len(kept) < MOST_CARS:
        kept.append(int(rows[0]))
        rows = rows[1:][overlap(boxes[rows[1:]], boxes[rows[0]]) <= MOST_OVERLAP]
    return np.array(kept, np.int64)


def overlap(boxes: Boxes, box: Boxes) -> npt.NDArray[np.float32]:
    """Intersection over union of boxes (N, 4) with one box (4,): (N,) in 0..1."""
    shared = _shared(boxes, box)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(shared / np.maximum(areas - shared, 1e-9))


def _shared(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float32]:
    """What boxes (…, 4) and others (…, 4) cover both, (…,)."""
    corner, end = np.maximum(boxes[..., :2], others[..., :2]), np.minimum(boxes[..., 2:], others[..., 2:])
    return np.asarray(np.prod(np.maximum(end - corner, 0), axis=-1))


def ranked(boxes: Boxes, scores: Scores, sure: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Rows of boxes (N, 4), those first that are sure, (N,), the most prominent first."""
    return np.argsort(-prominence(boxes, scores) - sure, kind="stable")


def prominence(boxes: Boxes, scores: Scores) -> npt.NDArray[np.float32]:
    """By what the main car is chosen, (N,): score, times the box's mean side, halved towards the corners."""
    sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    off_centre = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5).max(axis=1)  # 0..0.5
    return np.asarray(scores * sides * (1 - off_centre))


def load_detector() -> Network:
    """The detector, made once a process: as many photos at a time as there are cores.

    Raises:
        InstallationError: It is missing or broken.
    """
    with _LOADING:
        return _load()


@functools.cache
def _load() -> Network:
    try:
        settings = NetworkSettings(
            precision="int8", streams=usable_cores(), lone_calls=False, rows_apart=True
        )
        return Network(NETWORK, settings)
    except RuntimeError as error:
        told = _NOT_LOADED.fill(network=str(NETWORK), why=own_words(error))
        raise InstallationError(told) from error
