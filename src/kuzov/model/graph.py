"""The recogniser as one TensorFlow graph: what real TensorFlow Serving computes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import openvino
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from kuzov.images.framing import KEPT_FRACTION
from kuzov.model.calibration import Calibration
from kuzov.model.head import Head


def frame(photo: tf.Tensor, image_px: int) -> tf.Tensor:
    """`kuzov.images.framing.frame` of an encoded photo, in TensorFlow operations.

    Args:
        photo: Scalar string: JPEG, PNG, BMP, GIF, and WebP where this TensorFlow can.
        image_px: Side of the square, in pixels.

    Returns:
        RGB float32 (image_px, image_px, 3), whole numbers in 0..255. EXIF orientation is not applied, and
        transparency is dropped: TensorFlow's decoder knows neither.
    """
    image = tf.cond(
        tf.io.is_jpeg(photo),
        # TensorFlow's default inverse DCT is the fast one, off by up to 6 levels; Pillow's is this one.
        lambda: tf.io.decode_jpeg(photo, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(photo, channels=3, expand_animations=False),
    )
    image = tf.ensure_shape(tf.cast(image, tf.float32), (None, None, 3))
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = image_px / (KEPT_FRACTION * size)
    resized = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=[image_px, image_px],
        scale=scale,
        translation=-(1 - KEPT_FRACTION) / 2 * size * scale,
        kernel_type="triangle",
        antialias=True,
    )
    return tf.round(resized[0])


def freeze(backbone: keras.Model) -> Any:
    """Turn weights into constants.

    Returns:
        A concrete function from `image`, as the backbone takes it, to features, float32 (N, D).
    """
    function = tf.function(lambda image: backbone(image, training=False))
    image_px = backbone.input_shape[1]
    spec = tf.TensorSpec((None, image_px, image_px, 3), tf.float32, "image")
    return convert_variables_to_constants_v2(function.get_concrete_function(spec))


def frozen_recogniser(backbone: Any, head: Head, calibration: Calibration) -> Any:
    """Join a frozen backbone, a head and its calibration into one concrete function over constants.

    Returns:
        A concrete function from `image`, RGB float32 (N, image_px, image_px, 3) in 0..255, to the pair
        of `probabilities` (N, C) and `unknown` (N,), float32.
    """

    @tf.function(input_signature=[tf.TensorSpec(backbone.inputs[0].shape, tf.float32, "image")])
    def recognise(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        (features,) = backbone(image)  # (N, D)
        logits = (
            tf.math.l2_normalize(features, axis=1) @ head.weights + head.bias
        ) / calibration.temperature  # (N, C)
        ordered = tf.sort(logits, axis=1, direction="DESCENDING")
        margin = ordered[:, 0] - tf.reduce_logsumexp(ordered[:, 1:], axis=1)
        return tf.nn.softmax(logits), tf.sigmoid(calibration.least_margin - margin)

    return recognise.get_concrete_function()


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
    """A frozen recogniser with its labels, callable by the two signatures of a bundle."""

    def __init__(self, recogniser: Any, labels: Sequence[str], image_px: int) -> None:
        super().__init__()
        self._recogniser = recogniser
        self._labels = tf.constant(list(labels))
        self._image_px = image_px

    def signatures(self) -> dict[str, Any]:
        """The signatures to save: `serving_default` and `image_bytes`."""
        image = tf.TensorSpec((None, self._image_px, self._image_px, 3), tf.float32, "image")
        photos = tf.TensorSpec((None,), tf.string, "image_bytes")
        return {
            "serving_default": self.serving_default.get_concrete_function(image),
            "image_bytes": self.image_bytes.get_concrete_function(photos),
        }

    @tf.function
    def serving_default(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Images to probabilities."""
        probabilities, _ = self._recogniser(image)
        return {"probabilities": probabilities}

    @tf.function
    def image_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Encoded photos to probabilities, `unknown` and label."""
        spec = tf.TensorSpec((self._image_px, self._image_px, 3), tf.float32)
        images = tf.map_fn(lambda photo: frame(photo, self._image_px), image_bytes, fn_output_signature=spec)
        probabilities, unknown = self._recogniser(images)
        label = tf.gather(self._labels, tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "unknown": unknown, "label": label}
