"""The image of kuzov serve with one model inside: what Docker builds it from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath

from kuzov.bundle.layout import resolve
from kuzov.deploy.render import Content, read_templates
from kuzov.deploy.wheel import build_wheel
from kuzov.errors import ConfigError
from kuzov.words import Words

# What goes into paths, variables and commands as it is.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
NO_MODEL_NAME = Words(
    'The folder "{name}" would name the model in the image; rename it so that it has only Latin letters, '
    "digits, dots, hyphens and underscores, and begins with a letter or a digit.",
    "В образе модель называлась бы по папке «{name}»; переименуйте папку так, чтобы в имени были только "
    "латинские буквы, цифры, точки, дефисы и подчёркивания, а первой — буква или цифра.",
)


def image_files(model: Path, flags: Sequence[str]) -> dict[PurePath, Content]:
    """The Dockerfile and all that it copies: kuzov as a wheel, the packages it needs, the model.

    Of a model folder the newest version goes along. The flags are options of kuzov serve, unless whoever
    starts the image gives others.
    """
    models = model_files(model)
    wheel, packed = build_wheel()
    values = {
        "wheel": wheel,
        "model_name": model_name(model),
        "flags": json.dumps(list(flags)).strip("[]"),
    }
    return {**read_templates("image", values), PurePosixPath(wheel): packed, **models}


def model_name(model: Path) -> str:
    """The model's name in the API's paths: that of its folder, if an image's variables can hold it."""
    name = resolve(model).resolve().parent.name
    if not _NAME.fullmatch(name):
        raise ConfigError(NO_MODEL_NAME.fill(name=name))
    return name


def model_files(model: Path) -> dict[PurePath, Content]:
    """The newest version of a model, or the one that is given, as models/NAME/VERSION/…."""
    version = resolve(model).resolve()
    folder = PurePosixPath("models", model_name(model), version.name)
    return {
        folder / file.relative_to(version).as_posix(): file
        for file in sorted(version.rglob("*"))
        if file.is_file()
    }
