"""Every number that shapes a training run, with its default; read from TOML and `--set key=value`."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from kuzov.errors import ConfigError, reason_of
from kuzov.words import Words

FILL_MODES = ("nearest", "constant", "reflect", "wrap")
MOST_SEED = 2**32 - 1
"""Keras takes none larger."""

_OUT_OF_RANGE = Words(
    "Setting {name} is {value}; it must be {allowed}.", "Настройка {name} — {value}, а должна быть {allowed}."
)
_OR_MORE = Words("{least} or more", "{least} или больше")
_BETWEEN = Words("in 0..{most}", "от 0 до {most}")
_POSITIVE = Words("a finite number over 0", "конечным числом больше 0")
_POSITIVE_LIST = Words("a list of finite numbers over 0", "списком конечных чисел больше 0")
_ONE_OF = Words("one of {all}", "одним из слов: {all}")
_OTHER_TYPE = Words(
    "Setting {name} is {value}; it must be of the type of its default, {default}.",
    "Настройка {name} — {value}, а должна быть того же типа, что и значение по умолчанию, {default}.",
)
_A_TABLE = Words(
    "Setting {name} is a table; set its parts, such as {name}.{first}.",
    "Настройка {name} — таблица; задайте её части, например {name}.{first}.",
)
_NO_SETTING = Words("There is no setting {name}.{hint}", "Настройки {name} нет.{hint}")
_NEAR = Words(" Did you mean {near}?", " Может быть, {near}?")
_KNOWN = Words(" Settings here: {known}.", " Есть такие: {known}.")
_NO_VALUE = Words(
    "--set {override} has no value; write it as key=value, such as seed=1.",
    "В --set {override} нет значения; напишите ключ=значение, например seed=1.",
)
_UNREADABLE = Words(
    "The configuration {file} can't be read: {why}.", "Файл настроек {file} не читается: {why}."
)
_NOT_TOML = Words(
    "The configuration {file} is not valid TOML: {why}.", "В файле настроек {file} неверный TOML: {why}."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationConfig:
    """Random transformations, with the names, the meaning and the values of Keras' ImageDataGenerator."""

    rotation_range: float = 40.0
    """Degrees, either way."""
    width_shift_range: float = 0.2
    """Fraction of the width, either way."""
    height_shift_range: float = 0.2
    """Fraction of the height, either way."""
    shear_range: float = 0.2
    """Degrees, either way."""
    zoom_range: float = 0.2
    """Each axis is scaled by a factor in 1 - zoom_range .. 1 + zoom_range."""
    horizontal_flip: bool = True
    """Whether half of the photos are mirrored."""
    fill_mode: str = "nearest"
    """What stands outside of the photo: nearest, constant, reflect or wrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureConfig:
    """Which views of a photo the head learns from; each costs one pass through the backbone."""

    reframed: bool = True
    """Add the car cut out with more room around it, and with a little of it cut off."""
    mirrored: bool = True
    """Add the mirror image of each framing."""
    augmented_views: int = 0
    """Random views a photo, by `augmentation`. They did not help a frozen backbone (docs/adr/0003)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadConfig:
    """The softmax head."""

    inverse_regularisation: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 100.0)
    """Candidates of C, the penalty's inverse; the one with the smallest out-of-fold log loss is taken."""
    folds: int = 5
    """Folds of the cross-validation; fewer where a class has fewer photos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneConfig:
    """The second stage: the backbone's last layers and the head, by Keras."""

    layers: int = 10
    """How many of the backbone's last layers are trained."""
    epochs: int = 30
    """Most epochs."""
    patience: int = 6
    """Epochs without a smaller loss on the held-out photos before it stops."""
    batch_size: int = 32
    """Photos a step."""
    learning_rate: float = 1e-4
    """Of Adam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """A training run."""

    seed: int = 0
    """Of the split, the folds, the random views and the fine-tuning."""
    backbone: str = "efficientnet-lite0-cars"
    """A key of the table of backbones."""
    validation_fraction: float = 0.25
    """Part of the photos kept for judging, where the folder has no validation/ of its own."""
    features: FeatureConfig = field(default_factory=FeatureConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    fine_tune: FineTuneConfig = field(default_factory=FineTuneConfig)

    def __post_init__(self) -> None:
        """Refuse values that no run could use.

        Raises:
            ConfigError: Names the setting, its value and what it may be.
        """
        counted = (_OR_MORE.fill(least=1), lambda value: value >= 1)
        part, degrees = _BETWEEN.fill(most=1), (_BETWEEN.fill(most=360), lambda value: 0 <= value <= 360)
        shift = (part, lambda value: 0 <= value <= 1)
        allowed: Mapping[str, tuple[Words, Callable[[Any], bool]]] = {
            "seed": (_BETWEEN.fill(most=MOST_SEED), lambda value: 0 <= value <= MOST_SEED),
            "validation_fraction": (part, lambda value: 0 < value < 1),
            "features.augmented_views": (_OR_MORE.fill(least=0), lambda value: value >= 0),
            "head.folds": (_OR_MORE.fill(least=2), lambda value: value >= 2),
            "head.inverse_regularisation": (
                _POSITIVE_LIST,
                lambda values: bool(values) and all(0 < value < math.inf for value in values),
            ),
            "augmentation.rotation_range": degrees,
            "augmentation.width_shift_range": shift,
            "augmentation.height_shift_range": shift,
            "augmentation.shear_range": degrees,
            "augmentation.zoom_range": (part, lambda value: 0 <= value < 1),
            "augmentation.fill_mode": (_ONE_OF.fill(all=", ".join(FILL_MODES)), FILL_MODES.__contains__),
            "fine_tune.layers": counted,
            "fine_tune.epochs": counted,
            "fine_tune.patience": counted,
            "fine_tune.batch_size": counted,
            "fine_tune.learning_rate": (_POSITIVE, lambda value: 0 < value < math.inf),
        }
        for name, (told, fine) in allowed.items():
            value = attrgetter(name)(self)
            if not fine(value):
                raise ConfigError(_OUT_OF_RANGE.fill(name=name, value=str(value), allowed=told))

    def to_json(self) -> dict[str, Any]:
        """The settings as nested JSON objects, as saved with a run."""
        return asdict(self)

    def to_toml(self) -> str:
        """The settings as `load_config` reads them."""
        values = self.to_json()
        tables = {name: value for name, value in values.items() if isinstance(value, dict)}
        lines = _toml_lines({name: value for name, value in values.items() if name not in tables})
        for name, table in tables.items():
            lines += ["", f"[{name}]", *_toml_lines(table)]
        return "\n".join(lines) + "\n"


def _toml_lines(values: Mapping[str, object]) -> list[str]:
    # Numbers, text, truth values and lists of them are written alike in JSON and TOML.
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]


def load_config(file: Path | None = None, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read the settings of a run: the defaults, then a TOML file, then `key=value` pairs.

    Args:
        file: TOML with the names of `TrainConfig`, tables for its parts.
        overrides: Such as "fine_tune.epochs=5"; the value is TOML too, text may go unquoted.

    Raises:
        ConfigError: The file can't be read, or a setting is unknown, of the wrong type or out of range.
    """
    config = TrainConfig()
    if file is not None:
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(_UNREADABLE.fill(file=str(file), why=reason_of(error))) from error
        except ValueError as error:  # a number of too many digits is no TOMLDecodeError
            raise ConfigError(_NOT_TOML.fill(file=str(file), why=str(error))) from error
        config = _merge(config, values, "")
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator:
            raise ConfigError(_NO_VALUE.fill(override=override))
        nested: Any = _parse_value(text.strip())
        for part in reversed(key.strip().split(".")):
            nested = {part: nested}
        config = _merge(config, nested, "")
    return config


def _parse_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _merge(part: Any, values: Mapping[str, object], prefix: str) -> Any:
    known = {each.name: getattr(part, each.name) for each in fields(part)}
    changes: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = _NEAR.fill(near=f"{prefix}{near[0]}") if near else _KNOWN.fill(known=", ".join(known))
            raise ConfigError(_NO_SETTING.fill(name=name, hint=hint))
        changes[key] = _convert(known[key], value, name)
    return replace(part, **changes)


def _convert(default: object, value: object, name: str) -> object:
    """Check a value against the type of the default that it replaces."""
    if is_dataclass(default):
        if not isinstance(value, Mapping):
            raise ConfigError(_A_TABLE.fill(name=name, first=fields(default)[0].name))
        return _merge(default, value, f"{name}.")
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(_convert(default[0], each, name) for each in value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):  # of a whole number that no float holds
            return float(value)
    if type(value) is not type(default):
        raise ConfigError(_OTHER_TYPE.fill(name=name, value=repr(value), default=repr(default)))
    return value
