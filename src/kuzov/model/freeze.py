"""Freeze a Keras backbone, with all that stands before it and a place for what stands on it."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from kuzov.bundle.saved_model import SERVE_TAG
from kuzov.model.frozen import FrozenNetwork
from kuzov.model.signatures import Signatures, recogniser

FOLDED_BYTES = 96 * 1024
"""TensorFlow casts a constant once, when it loads the graph, only where the result is under 100 KiB."""


def freeze(backbone: keras.Model, *, cars: bool = False, weights: str = "") -> FrozenNetwork:
    """Freeze a backbone, and the place for what stands on its features; see `kuzov.model.join`.

    Args:
        backbone: Images to features.
        cars: Whether it knows cars; see `kuzov.model.signatures.recogniser`.
        weights: As in `FrozenNetwork`.
    """
    embed = freeze_backbone(backbone)
    return FrozenNetwork(
        saved_model=_saved_model(Signatures(recogniser(embed, cars=cars))),
        features=to_openvino(embed),
        weights=weights,
    )


def freeze_backbone(backbone: keras.Model) -> Any:
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


def to_openvino(embed: Any) -> openvino.Model:
    """A frozen backbone in OpenVINO's form, from `image` to `features`."""
    with tempfile.TemporaryDirectory() as folder:
        # OpenVINO reads a file several times faster than a graph in memory.
        file = Path(folder, "frozen.pb")
        file.write_bytes(embed.graph.as_graph_def().SerializeToString())
        model = openvino.Core().read_model(file)
    model.input(0).get_tensor().set_names({"image"})
    model.output(0).get_tensor().set_names({"features"})
    return model


def _saved_model(signatures: Signatures) -> bytes:
    """One graph for serving, without variables, so that nothing has to be restored or initialised."""
    saved = SavedModel(saved_model_schema_version=1)
    meta = saved.meta_graphs.add()
    meta.meta_info_def.tags.append(SERVE_TAG)
    meta.meta_info_def.tensorflow_version = tf.__version__
    with tf.Graph().as_default() as graph:
        for name, spec in signatures.specs().items():
            given = tf.compat.v1.placeholder(spec.dtype, spec.shape, f"{name}_{spec.name}")
            found = getattr(signatures, name)(given)
            outputs = {key: tf.identity(value, f"{name}_{key}") for key, value in found.items()}
            meta.signature_def[name].CopyFrom(_signature({spec.name: given}, outputs))
    meta.graph_def.CopyFrom(graph.as_graph_def())
    content: bytes = saved.SerializeToString(deterministic=True)
    return content


def _signature(inputs: dict[str, Any], outputs: dict[str, Any]) -> SignatureDef:
    definition = SignatureDef(method_name="tensorflow/serving/predict")
    for tensors, infos in ((inputs, definition.inputs), (outputs, definition.outputs)):
        for name, tensor in tensors.items():
            shape = tensor.shape.as_proto()
            info = TensorInfo(name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=shape)
            infos[name].CopyFrom(info)
    return definition
