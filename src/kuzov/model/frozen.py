"""A network that is frozen: what is the same for every training on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import openvino

from kuzov.bundle.layout import OPENVINO_INT8_MODEL, OPENVINO_MODEL, SAVED_MODEL, newest
from kuzov.bundle.ready import ready_model
from kuzov.compiled import read_model

_WEIGHTS_KEY = ["kuzov", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenNetwork:
    """The way of a photo to its features, with a place for what stands on them; see `kuzov.model.join`.

    Attributes:
        saved_model: TensorFlow's form: a SavedModel with all signatures, whose head is anybody's.
        features: OpenVINO's form, from `image` (N, image_px, image_px, 3) in 0..255 to `features` (N, D).
        quantised: The same in int8, by which photos are embedded and served; None where there is none.
        weights: `Backbone.fingerprint` of what was frozen; empty for weights that are in no table.
    """

    saved_model: bytes
    features: openvino.Model
    quantised: openvino.Model | None = None
    weights: str = ""

    @property
    def embedding(self) -> openvino.Model:
        """What heads are fitted to: the int8 form, if any, as that will be served (docs/adr/0023)."""
        return self.features if self.quantised is None else self.quantised

    @property
    def precision(self) -> str:
        """Of `embedding`: "int8" or "f32"."""
        return "f32" if self.quantised is None else "int8"

    def form(self) -> str:
        """Changes with whatever was rounded how in `embedding`; "f32" where nothing was."""
        if self.quantised is None:
            return "f32"
        digest = hashlib.sha256()
        for node in self.quantised.get_ordered_ops():
            if node.get_type_name() == "Constant":
                digest.update(node.get_data().tobytes())
        return digest.hexdigest()[:16]


def shipped_network(weights: str) -> FrozenNetwork | None:
    """The network of the bundle that kuzov brings; None where it was frozen from other weights than these.

    Raises:
        BundleError: That bundle is missing.
    """
    version = newest(ready_model())
    model = read_model(version / OPENVINO_MODEL)
    if not model.has_rt_info(_WEIGHTS_KEY) or model.get_rt_info(_WEIGHTS_KEY).astype(str) != weights:
        return None
    int8 = version / OPENVINO_INT8_MODEL
    return FrozenNetwork(
        saved_model=(version / SAVED_MODEL).read_bytes(),
        features=_up_to_features(model),
        quantised=_up_to_features(read_model(int8)) if int8.is_file() else None,
        weights=weights,
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
