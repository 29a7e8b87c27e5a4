"""The recogniser and the signatures of a bundle in TensorFlow's operations.

What stands on the features is here without its values: `joined` names the constants that `kuzov.model.join`
puts in, and nothing here goes by their sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kuzov.cars.cut_out import WHOLE
from kuzov.model.familiarity import SOFTNESS
from kuzov.model.graph import cut, decode, find_cars, read_detector, with_margin
from kuzov.model.join import JOINED
from kuzov.records import MOST_CARS


def recogniser(embed: Any, *, cars: bool) -> Any:
    """What `kuzov.model.classifier.Classifier` computes on a frozen backbone; the constants are to be joined.

    Args:
        embed: A concrete function from `image` to a tuple of features, (N, D).
        cars: Whether the backbone knows cars: prototypes are then compared on axes, and there is an atlas.

    Returns:
        A concrete function from `image`, as the backbone takes it, to a tuple of `probabilities` (N, C),
        `unknown` (N,) and, of a backbone that knows cars, the atlas's probabilities (N, M), float32.
    """
    width = embed.outputs[0].shape[-1]

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(embed.inputs[0].shape, tf.float32, "image")])
    def recognise(image: tf.Tensor) -> tuple[tf.Tensor, ...]:
        (features,) = embed(image)  # (N, D)
        shown = tf.math.l2_normalize(tf.sqrt(tf.nn.relu(features)), axis=1)  # (N, D)
        logits = shown @ joined("weights", width, 2) + joined("bias", 2)  # (N, C)
        if cars:
            shown = tf.math.l2_normalize((shown - joined("centre", width)) @ joined("axes", width, 2), axis=1)
        sides = shown.shape[1]
        answers = tf.nn.softmax(logits), tf.sigmoid(_doubt(shown, sides))
        if not cars:
            return answers
        known = tf.nn.softmax(shown @ joined("atlas_weights", sides, 2) + joined("atlas_bias", 2))
        return *answers, known[:, :-1]  # the last is that of no model

    return recognise.get_concrete_function()


def _doubt(shown: tf.Tensor, sides: int) -> tf.Tensor:
    """`Prototypes.measures` of directions on the axes, weighed by the calibrator: (N,)."""
    first, second = tf.unstack(tf.math.top_k(shown @ joined("classes", sides, 2), 2).values, axis=1)
    others = SOFTNESS * tf.reduce_logsumexp(shown @ joined("background", sides, 2) / SOFTNESS, axis=1)
    measures = tf.stack([first, first - second, others], axis=1)  # (N, 3)
    return tf.reduce_sum(measures * joined("doubt_weights", 3), axis=1) + joined("doubt_bias")


def joined(name: str, *shape: int, dtype: Any = np.float32) -> tf.Tensor:
    """The place of a constant, of this rank; what stands in it, and its sizes, are for show."""
    value = np.zeros(shape, dtype) if dtype is np.float32 else np.full(shape, b"")
    return tf.constant(value, name=JOINED + name)


class Signatures:
    """The three signatures of a bundle, of a `recogniser`."""

    def __init__(self, recognise: Any) -> None:
        self._recogniser = recognise
        self._detector = read_detector()
        self._image_px = recognise.inputs[0].shape[1]

    def specs(self) -> dict[str, tf.TensorSpec]:
        """What each signature takes."""
        photos = tf.TensorSpec((None,), tf.string, "image_bytes")
        return {
            "serving_default": tf.TensorSpec((None, self._image_px, self._image_px, 3), tf.float32, "image"),
            "image_bytes": photos,
            "cars": photos,
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
        label = tf.gather(joined("labels", 2, dtype=bytes), tf.argmax(answers["probabilities"], axis=1))
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
            name: tf.scatter_nd(rows, answer, tf.concat([places, tf.shape(answer, tf.int64)[1:]], axis=0))
            for name, answer in self._answers(tf.gather_nd(images, rows)).items()
        }
        return {"boxes": boxes, "scores": scores, **by_place}

    def _answers(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """What is told of each car."""
        probabilities, unknown, *atlas = self._recogniser(image)
        answers = {"probabilities": probabilities, "unknown": unknown}
        if atlas:
            (known,) = atlas
            answers["look_alike"] = tf.gather(joined("models", 2, dtype=bytes), tf.argmax(known, axis=1))
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
