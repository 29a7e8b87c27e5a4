"""The way of a photo to the network's pixels in TensorFlow's operations: what TensorFlow Serving computes."""

from __future__ import annotations

from typing import Any

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
from kuzov.records import MOST_CARS


def decode(photo: tf.Tensor) -> tf.Tensor:
    """`kuzov.images.decode.decode` in TensorFlow operations, as far as they go.

    Args:
        photo: Scalar string: JPEG, also one that was cut short, PNG, BMP, GIF, and WebP where this TensorFlow
            can; neither HEIC nor AVIF.

    Returns:
        RGB float32 (height, width, 3) in 0..255. EXIF orientation is not applied, and transparency is
        dropped: TensorFlow's decoder knows neither.
    """
    image = tf.cond(
        tf.io.is_jpeg(photo),
        # TensorFlow's default inverse DCT is the fast one, off by up to 6 levels; Pillow's is this one.
        lambda: tf.io.decode_jpeg(
            photo, channels=3, dct_method="INTEGER_ACCURATE", try_recover_truncated=True
        ),
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
