"""The recogniser as one TensorFlow graph: what real TensorFlow Serving computes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import tensorflow as tf

from kuzov.cars.cut_out import MARGIN, WHOLE
from kuzov.cars.detector import (
    GLIMPSED,
    GRAPH,
    INPUT_PX,
    LEAST_OVERLAP,
    LEAST_SCORE,
    MOST_INSIDE,
    MOST_OVERLAP,
    ROOM,
    SURE,
)
from kuzov.model.atlas import Atlas
from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import SOFTNESS, Discriminants, Prototypes
from kuzov.records import MOST_CARS

FOLDED_BYTES = 96 * 1024
"""TensorFlow casts a constant once, when it loads the graph, only where the result is under 100 KiB."""


OUTPUTS = ("probabilities", "unknown", "atlas")
"""What a frozen recogniser gives, the last where it has an atlas."""


def decode(photo: tf.Tensor) -> tf.Tensor:
    """`kuzov.images.decode.decode` in TensorFlow operations, as far as they go.

    Args:
        photo: Scalar string: JPEG, PNG, BMP, GIF, and WebP where this TensorFlow can.

    Returns:
        RGB float32 (height, width, 3) in 0..255. EXIF orientation is not applied, and transparency is
        dropped: TensorFlow's decoder knows neither.
    """
    image = tf.cond(
        tf.io.is_jpeg(photo),
        # TensorFlow's default inverse DCT is the fast one, off by up to 6 levels; Pillow's is this one.
        lambda: tf.io.decode_jpeg(photo, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(photo, channels=3, expand_animations=False),
    )
    return tf.ensure_shape(tf.cast(image, tf.float32), (None, None, 3))


def cut(image: tf.Tensor, box: tf.Tensor, image_px: int) -> tf.Tensor:
    """`kuzov.cars.cut_out.cut` of a box (4,) in fractions: float32 (image_px, image_px, 3), whole numbers."""
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    corner = tf.stack([box[1], box[0]]) * size
    scale = image_px / (tf.stack([box[3] - box[1], box[2] - box[0]]) * size)
    resized = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=[image_px, image_px],
        scale=scale,
        translation=-corner * scale,
        kernel_type="triangle",
        antialias=True,
    )
    return tf.round(resized[0])


def find_cars(image: tf.Tensor, detector: Any, *, every: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """`kuzov.cars.detector.find_cars`: boxes (K, 4) and scores (K,), the most prominent first."""
    boxes, scores = _look(image, tf.constant(WHOLE), detector)
    seen = _distinct(boxes, scores, GLIMPSED)
    boxes, scores = _ranked(tf.gather(boxes, seen), tf.gather(scores, seen), tf.zeros_like(seen, tf.bool))
    unsure = scores < SURE
    if not every:
        unsure &= tf.reduce_all(unsure[:1])
    closer, found = tf.map_fn(
        lambda box: _look_closer(image, box, detector),
        tf.boolean_mask(boxes, unsure),
        fn_output_signature=(tf.TensorSpec((4,), tf.float32), tf.TensorSpec((), tf.float32)),
    )
    at_once = tf.boolean_mask(scores, ~unsure)
    sure = tf.concat([at_once >= SURE, tf.zeros_like(found, tf.bool)], axis=0)
    boxes = tf.concat([tf.boolean_mask(boxes, ~unsure), closer], axis=0)
    scores = tf.concat([at_once, found], axis=0)
    trust = scores + tf.cast(sure, tf.float32)
    kept = _distinct(boxes, trust, LEAST_SCORE)
    kept = tf.boolean_mask(kept, _whole(tf.gather(boxes, kept), tf.gather(trust, kept)))
    return _ranked(tf.gather(boxes, kept), tf.gather(scores, kept), tf.gather(sure, kept))


def _look(image: tf.Tensor, box: tf.Tensor, detector: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """`kuzov.cars.detector.look`."""
    boxes, scores = detector(cut(image, box, INPUT_PX)[tf.newaxis])
    corner, sides = box[:2], box[2:] - box[:2]
    boxes = tf.ensure_shape(boxes, (1, None, 4))[0] * tf.tile(sides, [2]) + tf.tile(corner, [2])
    return boxes, tf.ensure_shape(scores, (1, None))[0]


def _look_closer(image: tf.Tensor, box: tf.Tensor, detector: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """`kuzov.cars.detector._look_closer`."""
    pixels = tf.cast(tf.shape(image)[1::-1], tf.float32)
    centre = (box[:2] + box[2:]) / 2 * pixels
    reach = tf.reduce_max((box[2:] - box[:2]) * pixels) * (0.5 + ROOM)
    corner, end = tf.maximum(centre - reach, 0) / pixels, tf.minimum(centre + reach, pixels) / pixels
    boxes, scores = _look(image, tf.concat([corner, end], axis=0), detector)
    shared = _shared(boxes, box)
    both = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=1) + tf.reduce_prod(box[2:] - box[:2]) - shared
    scores = tf.where(shared / tf.maximum(both, 1e-9) >= LEAST_OVERLAP, scores, 0)
    surest = tf.argmax(scores)
    return boxes[surest], scores[surest]


def _whole(boxes: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """`kuzov.cars.detector.whole`."""
    areas = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = _shared(boxes[:, tf.newaxis], boxes) > MOST_INSIDE * areas[:, tf.newaxis]
    return ~tf.reduce_any(inside & (scores > scores[:, tf.newaxis]), axis=1)


def _shared(boxes: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """`kuzov.cars.detector._shared`."""
    corner, end = tf.maximum(boxes[..., :2], others[..., :2]), tf.minimum(boxes[..., 2:], others[..., 2:])
    return tf.reduce_prod(tf.maximum(end - corner, 0), axis=-1)


def _distinct(boxes: tf.Tensor, scores: tf.Tensor, least_score: float) -> tf.Tensor:
    """`kuzov.cars.detector.distinct`."""
    return tf.image.non_max_suppression(boxes, scores, MOST_CARS, MOST_OVERLAP, least_score)


def _ranked(boxes: tf.Tensor, scores: tf.Tensor, sure: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`kuzov.cars.detector.ranked`."""
    sides = tf.sqrt(tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    off_centre = tf.reduce_max(tf.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5), axis=1)
    prominence = scores * sides * (1 - off_centre)
    order = tf.argsort(prominence + tf.cast(sure, tf.float32), direction="DESCENDING", stable=True)
    return tf.gather(boxes, order), tf.gather(scores, order)


def with_margin(boxes: tf.Tensor) -> tf.Tensor:
    """`kuzov.cars.cut_out.cut_box` of boxes (K, 4)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    grown = tf.concat([boxes[:, :2] - MARGIN * sides, boxes[:, 2:] + MARGIN * sides], axis=1)
    return tf.clip_by_value(grown, 0.0, 1.0)


def read_detector() -> Any:
    """The detector, of which a bundle gets a copy: a concrete function of one image to boxes and scores."""
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(GRAPH.read_bytes())

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec((1, INPUT_PX, INPUT_PX, 3), tf.float32, "image")]
    )
    def detect(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        boxes, scores = tf.graph_util.import_graph_def(definition, {"image": image}, ["boxes:0", "scores:0"])
        return boxes, scores

    return detect.get_concrete_function()


def freeze(backbone: keras.Model) -> Any:
    """Turn weights into constants, in half the bytes where that loses nothing (docs/adr/0006).

    Returns:
        A concrete function from `image`, as the backbone takes it, to a tuple of features, float32 (N, D).
    """
    trained = [variable.numpy() for variable in backbone.trainable_variables]
    fixed = [variable.numpy() for variable in backbone.non_trainable_variables]
    image_px = backbone.input_shape[1]

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec((None, image_px, image_px, 3), tf.float32, "image")]
    )
    def embed(image: tf.Tensor) -> tuple[tf.Tensor]:
        constants = ([_constant(value) for value in values] for values in (trained, fixed))
        features, _ = backbone.stateless_call(*constants, image, training=False)
        return (features,)

    return embed.get_concrete_function()


def _constant(value: npt.NDArray[Any]) -> tf.Tensor:
    """A weight as a constant: a float32 kernel that float16 holds exactly as float16 pieces and a cast."""
    if value.ndim < 2 or value.dtype != np.float32:
        return tf.constant(value)
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if not (half == value).all():
        return tf.constant(value)
    longest = int(np.argmax(value.shape))
    pieces = np.array_split(half, math.ceil(value.nbytes / FOLDED_BYTES), axis=longest)
    return tf.concat([tf.cast(tf.constant(piece), tf.float32) for piece in pieces], axis=longest)


def frozen_recogniser(backbone: Any, classifier: Classifier) -> Any:
    """Join a frozen backbone and what stands on it into one concrete function over constants.

    Returns:
        A concrete function from `image`, RGB float32 (N, image_px, image_px, 3) in 0..255, to the tuple of
        `probabilities` (N, C), `unknown` (N,) and, with an atlas, its probabilities (N, M), float32.
    """
    head, calibrator, atlas = classifier.head, classifier.calibrator, classifier.atlas
    weights = calibrator.weights.astype(np.float32)

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec(backbone.inputs[0].shape, tf.float32, "image")]
    )
    def recognise(image: tf.Tensor) -> tuple[tf.Tensor, ...]:
        (features,) = backbone(image)  # (N, D)
        directions = tf.math.l2_normalize(tf.sqrt(tf.nn.relu(features)), axis=1)  # (N, D)
        logits = (directions @ head.weights + head.bias) / classifier.temperature  # (N, C)
        measures = _measures(directions, classifier.prototypes)  # (N, 3)
        doubt = tf.reduce_sum(measures * weights, axis=1) + calibrator.bias
        answers = tf.nn.softmax(logits), tf.sigmoid(doubt)
        return answers if atlas is None else (*answers, _look_up(directions, atlas))

    return recognise.get_concrete_function()


def _measures(shown: tf.Tensor, prototypes: Prototypes) -> tf.Tensor:
    """`Prototypes.measures` of directions in TensorFlow operations."""
    if prototypes.discriminants is not None:
        shown = _project(shown, prototypes.discriminants)
    cosines = shown @ prototypes.classes
    first, second = tf.unstack(tf.math.top_k(cosines, 2).values, axis=1)
    others = tf.zeros_like(first)
    if prototypes.background.shape[1]:
        others = SOFTNESS * tf.reduce_logsumexp(shown @ prototypes.background / SOFTNESS, axis=1)
    return tf.stack([first, first - second, others], axis=1)


def _look_up(shown: tf.Tensor, atlas: Atlas) -> tf.Tensor:
    """`Atlas.probabilities` of directions in TensorFlow operations."""
    scores = atlas.scale * (_project(shown, atlas.discriminants) @ atlas.prototypes)
    none = tf.fill([tf.shape(scores)[0], 1], atlas.stranger)
    return tf.nn.softmax(tf.concat([scores, none], axis=1))[:, :-1]


def _project(shown: tf.Tensor, discriminants: Discriminants) -> tf.Tensor:
    """`Discriminants.project` in TensorFlow operations."""
    return tf.math.l2_normalize((shown - discriminants.centre) @ discriminants.axes, axis=1)


def to_openvino(frozen: Any, output_names: Sequence[str]) -> openvino.Model:
    """Convert a frozen concrete function with the one input `image`; the outputs are named in their order."""
    with tempfile.TemporaryDirectory() as folder:
        # OpenVINO reads a file several times faster than a graph in memory.
        file = Path(folder, "frozen.pb")
        file.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        model = openvino.Core().read_model(file)
    model.input(0).get_tensor().set_names({"image"})
    outputs = [model.output(tensor.name) for tensor in frozen.outputs]
    for output, name in zip(outputs, output_names, strict=True):
        output.get_tensor().set_names({name})
    return model


class ServingModule(tf.Module):
    """A frozen recogniser with its labels, callable by the three signatures of a bundle.

    `models` are the ids of its atlas; none where it has none.
    """

    def __init__(
        self, recogniser: Any, labels: Sequence[str], image_px: int, models: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._recogniser = recogniser
        self._detector = read_detector()
        self._labels = tf.constant(list(labels))
        self._models = tf.constant(list(models), tf.string)
        self._image_px = image_px

    def signatures(self) -> dict[str, Any]:
        """The signatures to save: `serving_default`, `image_bytes` and `cars`."""
        image = tf.TensorSpec((None, self._image_px, self._image_px, 3), tf.float32, "image")
        photos = tf.TensorSpec((None,), tf.string, "image_bytes")
        return {
            "serving_default": self.serving_default.get_concrete_function(image),
            "image_bytes": self.image_bytes.get_concrete_function(photos),
            "cars": self.cars.get_concrete_function(photos),
        }

    @tf.function
    def serving_default(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Images to probabilities."""
        probabilities, *_ = self._recogniser(image)
        return {"probabilities": probabilities}

    @tf.function
    def image_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Encoded photos to what their most prominent car is; without a car, what the whole photo shows."""
        images, box, score = tf.map_fn(self._main_car, image_bytes, fn_output_signature=self._parts(1))
        answers = self._answers(images[:, 0])
        label = tf.gather(self._labels, tf.argmax(answers["probabilities"], axis=1))
        return {**answers, "label": label, "car_box": box[:, 0], "car_score": score[:, 0]}

    @tf.function
    def cars(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Encoded photos to up to eight cars each, the most prominent first; score 0 is no car."""
        images, boxes, scores = tf.map_fn(
            self._each_car, image_bytes, fn_output_signature=self._parts(MOST_CARS)
        )
        rows = tf.where(scores > 0)
        places = tf.shape(scores, tf.int64)
        by_place = {
            name: tf.scatter_nd(rows, answer, tf.concat([places, answer.shape[1:]], axis=0))
            for name, answer in self._answers(tf.gather_nd(images, rows)).items()
        }
        return {"boxes": boxes, "scores": scores, **by_place}

    def _answers(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """What is told of each car."""
        probabilities, unknown, *atlas = self._recogniser(image)
        answers = {"probabilities": probabilities, "unknown": unknown}
        if atlas:
            (known,) = atlas
            answers["look_alike"] = tf.gather(self._models, tf.argmax(known, axis=1))
            answers["look_alike_probability"] = tf.reduce_max(known, axis=1)
        return answers

    def _parts(self, count: int) -> tuple[tf.TensorSpec, tf.TensorSpec, tf.TensorSpec]:
        side = self._image_px
        return (
            tf.TensorSpec((count, side, side, 3), tf.float32),
            tf.TensorSpec((count, 4), tf.float32),
            tf.TensorSpec((count,), tf.float32),
        )

    def _main_car(self, photo: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        image = decode(photo)
        boxes, scores = find_cars(image, self._detector, every=False)
        shown = tf.concat([with_margin(boxes), [WHOLE]], axis=0)[:1]
        score = tf.concat([scores, [0.0]], axis=0)[:1]
        return cut(image, shown[0], self._image_px)[tf.newaxis], shown, score

    def _each_car(self, photo: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        image = decode(photo)
        boxes, scores = find_cars(image, self._detector, every=True)
        shown = with_margin(boxes)
        side = self._image_px
        images = tf.map_fn(
            lambda box: cut(image, box, side),
            shown,
            fn_output_signature=tf.TensorSpec((side, side, 3), tf.float32),
        )
        missing = MOST_CARS - tf.shape(scores)[0]
        padded = (
            tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]]),
            tf.pad(shown, [[0, missing], [0, 0]]),
        )
        return (
            tf.ensure_shape(padded[0], (MOST_CARS, side, side, 3)),
            tf.ensure_shape(padded[1], (MOST_CARS, 4)),
            tf.ensure_shape(tf.pad(scores, [[0, missing]]), (MOST_CARS,)),
        )
