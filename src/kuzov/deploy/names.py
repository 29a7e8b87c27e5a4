"""Names as images, addresses and Kubernetes' objects take them."""

from __future__ import annotations

import re

from kuzov.errors import ConfigError
from kuzov.words import Words

IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")

_OBJECT_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
# Without quotes, YAML takes these words for something else than text.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

NOT_OF_ITS_FORM = Words(
    '{option} "{value}" can\'t be used; it has to look like {example}.',
    "{option} «{value}» не годится; должно быть похоже на {example}.",
)
NO_OBJECT_NAME = Words(
    'The model name "{name}" can\'t name an object of Kubernetes: that takes up to {longest} letters, digits '
    "and hyphens, a letter first. {remedy}",
    "Именем модели «{name}» нельзя назвать объект Kubernetes: там до {longest} латинских букв, цифр и "
    "дефисов, первой — буква. {remedy}",
)


def check(value: str, form: re.Pattern[str], option: str, example: str) -> None:
    """Refuse an option's value that is not of its form; the example is."""
    if form.fullmatch(value) is None:
        raise ConfigError(NOT_OF_ITS_FORM.fill(option=option, value=value, example=example))


def object_name(model_name: str, *, longest: int, remedy: Words) -> str:
    """The model's name as Kubernetes takes it for objects and namespaces, of so many characters at most.

    The remedy is a sentence: how the user names the model differently.
    """
    name = re.sub(r"[^a-z0-9]+", "-", model_name.lower()).strip("-")
    if _OBJECT_NAME.fullmatch(name) is None or len(name) > longest or name in _YAML_WORDS:
        raise ConfigError(NO_OBJECT_NAME.fill(name=model_name, longest=longest, remedy=remedy))
    return name
