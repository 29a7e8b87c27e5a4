"""Where a bundle's model looks in a photo."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.layout import resolve
from kuzov.cars.cut_out import CutOut, read_cut_outs
from kuzov.errors import ConfigError
from kuzov.explain.feature_maps import MOST_PROBABLE, Array, FeatureMaps, Look
from kuzov.explain.image_gradient import ImageGradient
from kuzov.explain.methods import DEFAULT_METHOD, METHODS, OF_FEATURE_MAPS, OF_PIXELS
from kuzov.images.decode import MAX_PIXELS
from kuzov.images.framing import Pixels
from kuzov.records import Prediction
from kuzov.words import Words

_NO_METHOD = Words(
    "There is no method {method} to explain by; take one of {known}.",
    "Способа объяснения {method} нет; выберите один из: {known}.",
)
_NO_CLASS = Words(
    "The model knows no class {label}; it knows {known}.",
    "Класса {label} модель не знает; она знает {known}.",
)

PhotoSource = str | os.PathLike[str] | bytes

BRIGHTEST_PERCENTILE = 99.5
"""Of a heat map, shown at its brightest: a single pixel's gradient would leave all the others dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saliency:
    """Where the model looks in a photo, to answer with a class.

    Attributes:
        prediction: What the model says of the photo.
        label: Class id that is explained, the most probable one or another.
        method: How, by its name in `kuzov.explain.methods.METHODS`.
        part: What the network sees of the photo.
        heat: How much each of its pixels counts for the class, float32 (image_px, image_px) in 0..1.
    """

    prediction: Prediction
    label: str
    method: str
    part: CutOut
    heat: Array

    def to_json(self) -> dict[str, object]:
        """The object that `--json` prints: the prediction, and what was explained how."""
        return {**self.prediction.to_json(), "explained": self.label, "method": self.method}


class Explainer:
    """A loaded bundle that shows where its model looks. Safe to use from several threads at once."""

    def __init__(self, card: Card, version_dir: Path, feature_maps: FeatureMaps) -> None:
        self.card = card
        self._version_dir = version_dir
        self._feature_maps = feature_maps

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Explainer:
        """Load a bundle.

        Args:
            path: A model folder, whose newest version is taken, or one version's folder.

        Raises:
            BundleError: It is missing, incomplete, broken or not kuzov's.
        """
        version_dir = resolve(Path(path))
        return cls(read_card(version_dir), version_dir, FeatureMaps.load(version_dir))

    def explain(
        self,
        photo: PhotoSource,
        *,
        method: str = DEFAULT_METHOD,
        label: str | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Saliency:
        """Recognise a photo, and tell where the model looks to see a class in it.

        Args:
            photo: A file's path, or an encoded photo: JPEG, PNG, WebP, BMP.
            method: "layer-cam", "grad-cam++", "smoothgrad" or "gradient"; see `kuzov.explain.methods`.
            label: Id of the class; the most probable one if None.
            max_pixels: The largest photo that is decoded, by the size that its header tells.

        Raises:
            PhotoError: The photo can't be read.
            ConfigError: There is no such method or class.
            MissingExtraError: The method needs TensorFlow, which is not installed.
        """
        (part,) = read_cut_outs(photo, self.card.image_px, self.card.framing, max_pixels=max_pixels)
        look, heat = self._look(part.pixels, method, label)
        name = "photo" if isinstance(photo, bytes) else os.fspath(photo)
        prediction = self.card.prediction(
            name,
            look.probabilities.tolist(),
            look.unknown,
            alike=self.card.likeliest(look.atlas.tolist()),
            car=part.car,
            no_car=part.no_car,
            note=part.note,
        )
        label = prediction.label if label is None else label
        return Saliency(prediction=prediction, label=label, method=method, part=part, heat=heat)

    def explain_frame(
        self, frame: Pixels, *, method: str = DEFAULT_METHOD, label: str | None = None
    ) -> Array:
        """The heat map of a frame that is loaded already.

        Args:
            frame: As `kuzov.cars.cut_out.read_cut_out` gives it, RGB uint8 (image_px, image_px, 3).
            method: As in `explain`.
            label: Likewise.

        Returns:
            float32 (image_px, image_px) in 0..1; all 0 where no pixel counts for the class.

        Raises:
            ConfigError: There is no such method or class.
            MissingExtraError: The method needs TensorFlow, which is not installed.
        """
        return self._look(frame, method, label)[1]

    def _look(self, frame: Pixels, method: str, label: str | None) -> tuple[Look, Array]:
        if method not in METHODS:
            raise ConfigError(_NO_METHOD.fill(method=repr(method), known=", ".join(METHODS)))
        column = MOST_PROBABLE if label is None else find_column(self.card, label)
        image = frame.astype(np.float32)
        look = self._feature_maps.look(image, column)
        if method in OF_FEATURE_MAPS:
            heat = _enlarge(OF_FEATURE_MAPS[method](look), len(image))
        else:
            column = int(look.probabilities.argmax()) if label is None else column
            heat = OF_PIXELS[method](self._image_gradient, image, column)
        brightest = np.percentile(heat, BRIGHTEST_PERCENTILE)
        return look, np.clip(heat / brightest, 0, 1) if brightest > 0 else np.zeros_like(heat)

    @cached_property
    def _image_gradient(self) -> ImageGradient:
        return ImageGradient.load(self._version_dir)


def _enlarge(heat: Array, side: int) -> Array:
    """A grid's heat at the frame's size."""
    image = Image.fromarray(heat).resize((side, side), Image.Resampling.BICUBIC)
    return np.maximum(np.asarray(image, dtype=np.float32), 0)


def find_column(card: Card, label: str) -> int:
    """The model's column of a class.

    Raises:
        ConfigError: The model does not know it.
    """
    known = [each.id for each in card.classes]
    if label not in known:
        raise ConfigError(_NO_CLASS.fill(label=repr(label), known=", ".join(known)))
    return known.index(label)
