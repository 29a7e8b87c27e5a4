"""Join a head to a frozen network, in TensorFlow's form and in OpenVINO's, without TensorFlow.

TensorFlow's form has a place for each of a head's constants, and gets them by name; nothing in it goes by how
many classes there are. In OpenVINO's form the same operations are put behind the features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13 as ops

from kuzov.model.classifier import Classifier
from kuzov.model.familiarity import SOFTNESS, Prototypes
from kuzov.model.frozen import FrozenNetwork, mark
from kuzov.wire.messages import MetaGraphDef, NodeDef, SavedModel
from kuzov.wire.tensors import from_numpy, to_numpy

JOINED = "joined/"
"""Begins the names of a head's constants in both forms."""

Constants = Mapping[str, npt.NDArray[Any]]


def constants(classifier: Classifier, labels: Sequence[str]) -> Constants:
    """What stands on the features, by the names of its places in the graph; floats are float32."""
    head, prototypes = classifier.head.divided(classifier.temperature), classifier.prototypes
    found: dict[str, npt.NDArray[Any]] = {
        "weights": head.weights,  # (D, C)
        "bias": head.bias,  # (C,)
        "classes": prototypes.classes,  # (K, C)
        "background": _background(prototypes),  # (K, M)
        "doubt_weights": classifier.calibrator.weights,  # (3,)
        "doubt_bias": np.asarray(classifier.calibrator.bias),
    }
    if prototypes.discriminants is not None:
        found |= {"centre": prototypes.discriminants.centre, "axes": prototypes.discriminants.axes}
    if (atlas := classifier.atlas) is not None:
        # The last column is that of "none of them".
        columns = np.pad(atlas.scale * atlas.prototypes, [(0, 0), (0, 1)])  # (K, M + 1)
        found |= {
            "atlas_weights": columns,
            "atlas_bias": np.append(np.zeros(len(atlas.models)), atlas.stranger),
        }
    floats = {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}
    models = {} if atlas is None else {"models": _strings(atlas.models)}
    return {**floats, "labels": _strings(labels), **models}


def join_saved_model(network: FrozenNetwork, head: Constants) -> bytes:
    """A SavedModel with this head; the same arguments make the same bytes.

    Raises:
        ValueError: The network has other places than there are constants.
    """
    model = SavedModel.FromString(network.saved_model)
    (graph,) = model.meta_graphs
    places = list(_places(graph))
    if (known := {name for name, _ in places}) != head.keys():
        raise ValueError(f"The network takes {sorted(known)}, but the head has {sorted(head)}.")
    for name, node in places:
        node.attr["value"].tensor.CopyFrom(from_numpy(head[name], as_content=True))
    for signature in graph.signature_def.values():
        signature.outputs["probabilities"].tensor_shape.dim[-1].size = len(head["bias"])
    return model.SerializeToString(deterministic=True)


def joined_constants(saved_model: bytes) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The head's constants in a SavedModel, each as often as it stands there."""
    (graph,) = SavedModel.FromString(saved_model).meta_graphs
    for name, node in _places(graph):
        yield name, to_numpy(node.attr["value"].tensor)


def join_openvino(features: openvino.Model, head: Constants, *, weights: str = "") -> openvino.Model:
    """A network with this head, from `image` to `probabilities`, `unknown` and, with an atlas, `atlas`.

    `features` is one of the OpenVINO forms of a `FrozenNetwork`, `weights` as there.
    """
    model = features.clone()

    def joined(name: str) -> Any:
        return ops.constant(head[name], name=JOINED + name)

    shown = model.output("features").get_node().input_value(0)
    shown = _normalised(ops.sqrt(ops.relu(shown)))  # (N, D)
    logits = ops.add(ops.matmul(shown, joined("weights"), False, False), joined("bias"))
    if "axes" in head:
        centred = ops.subtract(shown, joined("centre"))
        shown = _normalised(ops.matmul(centred, joined("axes"), False, False))  # (N, K)
    nearest = ops.topk(ops.matmul(shown, joined("classes"), False, False), np.int32(2), 1, "max", "value")
    first, second = ops.split(nearest.output(0), 1, 2).outputs()
    # A cosine is 1 at most, so no exponent is too large.
    near = ops.exp(ops.divide(ops.matmul(shown, joined("background"), False, False), np.float32(SOFTNESS)))
    others = ops.multiply(ops.log(ops.reduce_sum(near, 1, keep_dims=True)), np.float32(SOFTNESS))
    measures = ops.concat([first, ops.subtract(first, second), others], 1)  # (N, 3)
    doubt = ops.add(ops.matmul(measures, joined("doubt_weights"), False, False), joined("doubt_bias"))
    answers = {"probabilities": ops.softmax(logits, 1), "unknown": ops.sigmoid(doubt)}
    if "atlas_weights" in head:
        scores = ops.add(ops.matmul(shown, joined("atlas_weights"), False, False), joined("atlas_bias"))
        answers["atlas"] = ops.slice(ops.softmax(scores, 1), [0], [-1], [1], [1])
    for name, node in answers.items():
        node.output(0).get_tensor().set_names({name})
    whole = openvino.Model([node.output(0) for node in answers.values()], model.get_parameters(), "kuzov")
    mark(whole, weights)
    return whole


def _normalised(rows: Any) -> Any:
    return ops.normalize_l2(rows, [1], 1e-12, "max")


def _background(prototypes: Prototypes) -> npt.NDArray[np.float32]:
    """Where no model is left in the background, one that is as far from everything, which measures 0."""
    found = prototypes.background
    return found if found.shape[1] else np.zeros((len(found), 1), np.float32)


def _strings(names: Sequence[str]) -> npt.NDArray[np.object_]:
    return np.array([name.encode() for name in names], np.object_)


def _places(graph: MetaGraphDef) -> Iterator[tuple[str, NodeDef]]:
    """The nodes whose values are a head's, by their names there."""
    for function in graph.graph_def.library.function:
        for node in function.node_def:
            if node.name.startswith(JOINED):
                yield node.name.removeprefix(JOINED), node
