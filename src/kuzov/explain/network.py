"""A bundle's network with its inside: what TensorFlow computes on the way to an answer, and its gradients."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kuzov.errors import BundleError, MissingExtraError

Array = npt.NDArray[np.float32]


class Grid(IntEnum):
    """Which of a network's grids of feature maps, counted from its end; each is finer than the one after."""

    LAST = -1
    NEXT_TO_LAST = -2


class Network:
    """A recogniser over constants, its weights, that tells its gradients too.

    Its images are RGB float32 (N, image_px, image_px, 3) in 0..255; a column is that of a class.
    """

    def __init__(self, recogniser: Any) -> None:
        """Open a concrete function from `image` to probabilities (N, C), a softmax, `unknown` (N,), and more.

        Raises:
            BundleError: It is not built so, or sees no feature maps.
        """
        import tensorflow as tf  # noqa: PLC0415
        from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415
            convert_variables_to_constants_v2,
        )

        # It puts what a function does in place of its call; inside a call no tensor can be got at.
        flat = convert_variables_to_constants_v2(recogniser)
        (image,), (probabilities, unknown, *_) = flat.inputs, flat.outputs
        logits = _logits(probabilities)
        grids = _grids(flat.graph, logits)
        with flat.graph.as_default():
            column = tf.compat.v1.placeholder(tf.int32, ())
            (slope,) = tf.gradients(tf.gather(logits, column, axis=1), grids[Grid.LAST])
            # The slope of a square root, through which the head sees the features, is infinite at 0.
            slope = tf.where(tf.math.is_finite(slope), slope, 0.0)
            tensors = [*(grids[grid] for grid in Grid), image]
            *gradients, self._image_gradient = tf.gradients(grids[Grid.LAST], tensors, grad_ys=slope)
            self._inside = {grid: (grids[grid], found) for grid, found in zip(Grid, gradients, strict=True)}
        self._outputs = (probabilities, unknown)
        # By name: while TensorFlow is eager, a tensor can't be a dictionary's key.
        self._image, self._column = image.name, column.name
        self._session = tf.compat.v1.Session(graph=flat.graph)

    @classmethod
    def load(cls, version_dir: Path) -> Network:
        """Load the network of a bundle.

        Raises:
            BundleError: TensorFlow can't load it, or it is not built as kuzov's are.
            MissingExtraError: TensorFlow is not installed.
        """
        try:
            import tensorflow as tf  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError("Showing where a model looks", "train") from error
        try:
            model = tf.saved_model.load(str(version_dir))
        except Exception as error:  # of TensorFlow's many kinds, all of which mean a bad model
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise BundleError(f"TensorFlow can't load the model in {version_dir}: {reason}.") from error
        # As kuzov.model.graph.ServingModule keeps it; the signatures tell no `unknown` of an image.
        recogniser = getattr(model, "_recogniser", None)
        if recogniser is None:
            raise BundleError(f"The model in {version_dir} is not kuzov's, so where it looks can't be told.")
        return cls(recogniser)

    def recognise(self, images: Array) -> tuple[Array, Array]:
        """Probabilities (N, C) and `unknown` (N,)."""
        probabilities, unknown = self._session.run(self._outputs, {self._image: images})
        return probabilities, unknown

    def image_gradient(self, images: Array, column: int) -> Array:
        """How a class's logit changes with each value of each image: shaped as the images."""
        gradient: Array = self._session.run(self._image_gradient, self._feed(images, column))
        return gradient

    def feature_maps(self, images: Array, column: int, grid: Grid) -> tuple[Array, Array]:
        """The last feature maps of a grid (N, h, w, K), and how a class's logit changes with them."""
        maps, gradients = self._session.run(self._inside[grid], self._feed(images, column))
        return maps, gradients

    def _feed(self, images: Array, column: int) -> dict[str, Array | int]:
        return {self._image: images, self._column: column}


def _logits(probabilities: Any) -> Any:
    """What the softmax is taken of, in a graph that may hand its result on by another name."""
    operation = probabilities.op
    while operation.type == "Identity":
        operation = operation.inputs[0].op
    if operation.type != "Softmax":
        raise BundleError(f"The model's probabilities come from {operation.type}, where a softmax is needed.")
    return operation.inputs[0]


def _grids(graph: Any, logits: Any) -> dict[Grid, Any]:
    """The last tensor of each of the two coarsest grids on the way to the logits; a lone one twice."""
    needed, pending = set(), [logits.op]
    while pending:
        operation = pending.pop()
        if operation.name not in needed:
            needed.add(operation.name)
            pending += [tensor.op for tensor in operation.inputs]
    by_height = {
        tensor.shape[1]: tensor
        for operation in graph.get_operations()  # each after those that it needs
        if operation.name in needed
        for tensor in operation.outputs
        # Those of images; a weight has its first size too, and a picture of one pixel has no places.
        if tensor.shape.rank == 4 and tensor.shape[0] is None and (tensor.shape[1] or 0) > 1
    }
    if not by_height:
        raise BundleError("The model has no feature maps, so where it looks can't be told.")
    coarsest, *finer = sorted(by_height)
    return {
        Grid.LAST: by_height[coarsest],
        Grid.NEXT_TO_LAST: by_height[finer[0] if finer else coarsest],
    }
