"""The table of backbones. A new one is one entry."""

from __future__ import annotations

import difflib
import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kuzov.atlas.names import car_models
from kuzov.errors import ConfigError, MissingExtraError
from kuzov.model.atlas import Atlas
from kuzov.model.calibrator import SHIPPED
from kuzov.model.familiarity import Discriminants
from kuzov.model.frozen import FrozenNetwork, shipped_network
from kuzov.model.weight_files import (
    ATLAS_PROTOTYPES,
    ATLAS_SCORES,
    AXES,
    BACKGROUND,
    CENTRE,
    WEIGHTS,
    read_weights,
)
from kuzov.words import Words

_THE_BACKBONE = Words("The backbone {name}", "Основа {name}")
_NO_BACKBONE = Words(
    "There is no backbone {name}.{hint} Available: {known}.", "Основы {name} нет.{hint} Есть такие: {known}."
)
_NEAR = Words(" Did you mean {near}?", " Может быть, {near}?")

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A convolutional network from images to features.

    Attributes:
        name: Key in the table.
        image_px: Side of the square input, in pixels.
        build: Makes the Keras model: RGB float32 (N, image_px, image_px, 3) in 0..255 to float32 (N, D).
        weights: File in kuzov/model/weights, float16 safetensors named `layer/weight`; None where `build`
            makes the model with its weights.
        calibrator: File there that recipes/calibrator has learned for these weights; None where `unknown` is
            told by the nearness to the classes alone.
        shipped: Whether the bundle that kuzov brings holds its network, so that using it needs no Keras.
        in_float: Whether to do without the int8 form of that network.
    """

    name: str
    image_px: int
    build: Callable[[], keras.Model]
    weights: str | None = None
    calibrator: str | None = None
    shipped: bool = False
    in_float: bool = False

    def load(self) -> keras.Model:
        """Build the Keras model with its weights, none of them trainable."""
        model = self.build()
        if self.weights is not None:
            set_weights(model, read_weights(self.weights))
        model.trainable = False
        return model

    def background(self) -> npt.NDArray[np.float32]:
        """Prototypes of the car models that it was trained on, (M, D), rows of length 1; none for M = 0.

        They are means of `kuzov.model.head.directions`.
        """
        tensors = {} if self.weights is None else read_weights(self.weights)
        if BACKGROUND not in tensors:
            width = self.frozen().features.output("features").get_partial_shape()[1].get_length()
            return np.zeros((0, width), np.float32)
        return tensors[BACKGROUND].astype(np.float32)

    def discriminants(self) -> Discriminants | None:
        """The axes on which prototypes of its features are compared; None for the features' own."""
        if self.calibrator is None:
            return None
        tensors = read_weights(self.calibrator)
        return Discriminants(centre=tensors[CENTRE].astype(np.float32), axes=tensors[AXES].astype(np.float32))

    def atlas(self) -> Atlas | None:
        """The models that it knows by itself; None where it knows none."""
        if self.calibrator is None or (axes := self.discriminants()) is None:
            return None
        tensors = read_weights(self.calibrator)
        scale, stranger = tensors[ATLAS_SCORES].tolist()
        return Atlas(
            models=tuple(car_models()),
            discriminants=axes,
            prototypes=tensors[ATLAS_PROTOTYPES].astype(np.float32),
            scale=scale,
            stranger=stranger,
        )

    def frozen(self) -> FrozenNetwork:
        """Its network: the one that kuzov brings, or frozen by Keras; made once a process.

        Raises:
            MissingExtraError: It needs Keras, which is not installed.
        """
        return _frozen(self)

    def fingerprint(self) -> str:
        """Changes whenever the weights do."""
        weights = b"" if self.weights is None else (WEIGHTS / self.weights).read_bytes()
        return hashlib.sha256(self.name.encode() + weights).hexdigest()[:16]


@functools.cache
def _frozen(backbone: Backbone) -> FrozenNetwork:
    weights = backbone.fingerprint()
    if backbone.shipped and (brought := shipped_network(weights)) is not None:
        return replace(brought, quantised=None) if backbone.in_float else brought
    try:
        from kuzov.model.freeze import freeze  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(_THE_BACKBONE.fill(name=backbone.name), "fine-tune") from error
    return freeze(backbone.load(), cars=backbone.calibrator is not None, weights=weights)


def set_weights(model: keras.Model, tensors: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Put the tensors of a weights file, by their names there, into a model."""
    for layer in model.layers:
        values = [tensors[weight_key(layer, weight)] for weight in layer.weights]
        layer.set_weights([value.astype(np.float32) for value in values])


def weight_key(layer: keras.Layer, weight: keras.Variable) -> str:
    """Name of a weight in the safetensors file: "stem_conv/kernel"."""
    return f"{layer.name}/{weight.name}"


def _lite0(image_px: int) -> keras.Model:
    from kuzov.model.efficientnet_lite import efficientnet_lite  # noqa: PLC0415

    return efficientnet_lite(width=1.0, depth=1.0, image_px=image_px, name="backbone")


BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            name="efficientnet-lite0-cars",
            image_px=192,
            build=partial(_lite0, 192),
            weights="efficientnet-lite0-cars.safetensors",
            calibrator=SHIPPED,
            shipped=True,
        ),
        Backbone(
            name="efficientnet-lite0-imagenet",
            image_px=224,
            build=partial(_lite0, 224),
            weights="efficientnet-lite0-imagenet.safetensors",
        ),
    )
}


def find_backbone(name: str) -> Backbone:
    """Look up a backbone.

    Raises:
        ConfigError: The table has none of this name; lists those that it has.
    """
    if name not in BACKBONES:
        near = difflib.get_close_matches(name, BACKBONES, n=1)
        hint = _NEAR.fill(near=near[0]) if near else ""
        raise ConfigError(_NO_BACKBONE.fill(name=repr(name), hint=hint, known=", ".join(BACKBONES)))
    return BACKBONES[name]
