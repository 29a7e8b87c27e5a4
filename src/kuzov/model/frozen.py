"""A network that is frozen: what is the same for every training on it."""

from __future__ import annotations

from dataclasses import dataclass

import openvino

from kuzov.bundle.layout import OPENVINO_MODEL, SAVED_MODEL, newest
from kuzov.bundle.ready import ready_model
from kuzov.network import read_model

_WEIGHTS_KEY = ["kuzov", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenNetwork:
    """The way of a photo to its features, with a place for what stands on them; see `kuzov.model.join`.

    Attributes:
        saved_model: TensorFlow's form: a SavedModel with all signatures, whose head is anybody's.
        features: OpenVINO's form, from `image` (N, image_px, image_px, 3) in 0..255 to `features` (N, D).
        weights: `Backbone.fingerprint` of what was frozen; empty for weights that are in no table.
    """

    saved_model: bytes
    features: openvino.Model
    weights: str = ""


def shipped_network(weights: str) -> FrozenNetwork | None:
    """The network of the bundle that kuzov brings; None where it was frozen from other weights than these.

    Raises:
        BundleError: That bundle is missing.
    """
    version = newest(ready_model())
    model = read_model(version / OPENVINO_MODEL)
    if not model.has_rt_info(_WEIGHTS_KEY) or model.get_rt_info(_WEIGHTS_KEY).astype(str) != weights:
        return None
    return FrozenNetwork(
        saved_model=(version / SAVED_MODEL).read_bytes(), features=_up_to_features(model), weights=weights
    )


def mark(model: openvino.Model, weights: str) -> None:
    """Have a bundle's form for OpenVINO tell what it was frozen from."""
    model.set_rt_info(weights, _WEIGHTS_KEY)


def _up_to_features(model: openvino.Model) -> openvino.Model:
    """A joined network without what stands on its features."""
    (features,) = (
        output for node in model.get_ops() for output in node.outputs() if "features" in output.get_names()
    )
    return openvino.Model([features], model.get_parameters(), "features")
