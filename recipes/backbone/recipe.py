"""The recipe as a configuration file says it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kuzov.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Some epochs at one size; small images first cost less and lose nothing (Tan and Le, 2021).

    Attributes:
        epochs: How many passes over the photos.
        image_px: Side of the square input, in pixels.
    """

    epochs: int
    image_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Random changes of a training photo; see `augment.augment`.

    Attributes:
        zoom_out: Part of the photos that are first pasted on a larger canvas.
        zoom_out_most: Largest side of that canvas against the photo's own.
        least_area: Smallest part of the area that the random crop keeps.
        aspect: Largest factor by which the crop's proportions differ from the photo's.
        brightness: Least and most.
        saturation: Least and most; 0 is grey.
        white_balance: Largest relative change of a single colour.
        blurred: Part of the photos that lose their fine detail, as a small or poor photo has.
        erased: Part of the photos of which a rectangle is covered.
        night: Part of the photos that are darkened and get a sensor's noise.
        compressed: Part of the photos that are saved as a poor JPEG in between.
    """

    zoom_out: float = 0.5
    zoom_out_most: float = 1.9
    least_area: float = 0.5
    aspect: float = 1.25
    brightness: tuple[float, float] = (0.7, 1.3)
    saturation: tuple[float, float] = (0.0, 1.6)
    white_balance: float = 0.0
    blurred: float = 0.0
    erased: float = 0.0
    night: float = 0.0
    compressed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides the result, but for the photos.

    Attributes:
        seed: Of every random draw.
        width: Of the network; see `lite_plan.plan_blocks`.
        depth: Likewise.
        weights: File of kuzov/model/weights to start from.
        frozen_blocks: So many first blocks stay as they are, and the stem; three of them take two fifths of a
            step, and see edges and spots alone.
        phases: Sizes and epochs, in order.
        batch: Photos a step.
        learning_rate: Peak of the one cycle, for the backbone.
        head_learning_rate: Peak for the head.
        warm_up: Part of the steps in which the rates rise.
        weight_decay: AdamW's.
        label_smoothing: Part of the target that goes to all models alike.
        cosine_scale: Scale of a head on normalised features and weights; 0 for a plain linear head.
        average_decay: Of the moving average of the weights, a step; 0 keeps the last weights.
        initial_share: Part of the final weights that is the initial ones', which keeps what they knew.
        held_out: Class numbers that the training never sees.
        judged_px: Sizes at which the result is judged on the validation photos.
        augmentation: Random changes of the photos.
    """

    seed: int = 0
    width: float = 1.0
    depth: float = 1.0
    weights: str = "efficientnet-lite0-imagenet.safetensors"
    frozen_blocks: int = 0
    phases: tuple[Phase, ...] = (Phase(epochs=6, image_px=224),)
    batch: int = 32
    learning_rate: float = 6e-4
    head_learning_rate: float = 6e-3
    warm_up: float = 0.2
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    cosine_scale: float = 0.0
    average_decay: float = 0.0
    initial_share: float = 0.0
    held_out: tuple[int, ...] = ()
    judged_px: tuple[int, ...] = (224, 256)
    augmentation: Augmentation = field(default_factory=Augmentation)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises:
        ConfigError: The file can't be read, or names what a recipe does not have.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        phases = tuple(Phase(**phase) for phase in values.pop("phases"))
        augmentation = Augmentation(**{k: _frozen(v) for k, v in values.pop("augmentation", {}).items()})
        return Recipe(phases=phases, augmentation=augmentation, **{k: _frozen(v) for k, v in values.items()})
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} is no recipe: {error}. recipes/backbone/cars.toml shows one.") from error


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
