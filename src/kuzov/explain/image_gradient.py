"""How a class's logit changes with the pixels themselves, for which the whole network is gone back through.

TensorFlow computes it, on the bundle's SavedModel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kuzov.errors import BundleError, MissingExtraError
from kuzov.explain.feature_maps import Array
from kuzov.words import Words

_SHOWING = Words(
    "Showing where a model looks by gradients of pixels", "Показ по градиентам пикселей, куда смотрит модель"
)
_NOT_LOADED = Words(
    "TensorFlow can't load the model in {folder}: {why}.",
    "TensorFlow не загружает модель из {folder}: {why}.",
)
_LACKS = Words(
    "The model has no {kind} before its probabilities, so where it looks can't be told.",
    "В модели нет {kind} перед вероятностями, поэтому не сказать, куда она смотрит.",
)


class ImageGradient:
    """The gradient of a bundle's logits, kept in a TensorFlow session."""

    def __init__(self, recogniser: Any) -> None:
        """Open a concrete function from `image` (N, px, px, 3) to probabilities (N, C), a softmax.

        Raises:
            BundleError: It is not built as kuzov's are.
        """
        import tensorflow as tf  # noqa: PLC0415
        from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415
            convert_variables_to_constants_v2,
        )

        # It puts what a function does in place of its call; inside a call no tensor can be got at.
        flat = convert_variables_to_constants_v2(recogniser)
        (image,), (probabilities,) = flat.inputs, flat.outputs
        logits = _input_of("Softmax", probabilities)
        features = _input_of("Sqrt", logits)
        with flat.graph.as_default():
            column = tf.compat.v1.placeholder(tf.int32, ())
            (slope,) = tf.gradients(tf.gather(logits, column, axis=1), features)
            # The slope of a square root, through which the head sees the features, is infinite at 0.
            slope = tf.where(tf.math.is_finite(slope), slope, 0.0)
            (self._gradient,) = tf.gradients(features, image, grad_ys=slope)
        # By name: while TensorFlow is eager, a tensor can't be a dictionary's key.
        self._image, self._column = image.name, column.name
        self._session = tf.compat.v1.Session(graph=flat.graph)

    @classmethod
    def load(cls, version_dir: Path) -> ImageGradient:
        """Load a bundle's.

        Raises:
            BundleError: TensorFlow can't load the bundle, or it is not built as kuzov's are.
            MissingExtraError: TensorFlow is not installed.
        """
        try:
            import tensorflow as tf  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError(_SHOWING, "fine-tune") from error
        try:
            recogniser = tf.saved_model.load(str(version_dir)).signatures["serving_default"]
        except Exception as error:  # of TensorFlow's many kinds, all of which mean a bad model
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise BundleError(_NOT_LOADED.fill(folder=str(version_dir), why=reason)) from error
        return cls(recogniser)

    def __call__(self, images: Array, column: int) -> Array:
        """How the logit of a class's column changes with each value of each image: shaped as the images."""
        gradient: Array = self._session.run(self._gradient, {self._image: images, self._column: column})
        return gradient


def _input_of(kind: str, tensor: Any) -> Any:
    """What the nearest operation of a kind, on the way to a tensor, is computed of."""
    waiting, seen = [tensor.op], set()
    for operation in waiting:
        if operation.type == kind:
            return operation.inputs[0]
        if operation.name not in seen:
            seen.add(operation.name)
            waiting += [each.op for each in operation.inputs]
    raise BundleError(_LACKS.fill(kind=kind))
