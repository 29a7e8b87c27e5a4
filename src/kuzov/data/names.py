"""What people see in place of class ids, in English and Russian."""

from __future__ import annotations

import difflib
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from kuzov.errors import DatasetError, reason_of
from kuzov.records import ClassName
from kuzov.words import Words

NAMES_FILE = "classes.toml"
_LANGUAGES = ("en", "ru")
_UNREADABLE = Words("The names in {file} can't be read: {why}.", "Названия в {file} не прочитать: {why}.")
_NOT_UTF_8 = Words(
    "{file} is not in UTF-8; save it in that encoding.", "{file} не в UTF-8; сохраните его в этой кодировке."
)
_NOT_TOML = Words("{file} is not valid TOML: {why}.", "В {file} неверный TOML: {why}.")
_NO_FOLDER = Words(
    "{file} names the class {label}, which has no folder; {hint}",
    "В {file} назван класс {label}, а папки у него нет; {hint}",
)
_NEAR = Words("did you mean {near}?", "может быть, {near}?")
_CLASSES = Words("the classes are {classes}.", "классы: {classes}.")
_NO_TABLE = Words(
    '{file} gives {label} no table; write [{label}] and below it en = "…".',
    'В {file} у {label} нет таблицы; напишите [{label}] и ниже en = "…".',
)
_UNKNOWN_KEY = Words(
    "{file} gives {label} the unknown key {key}; the keys are en and ru.",
    "В {file} у {label} неизвестный ключ {key}; ключи — en и ru.",
)
_NO_TEXT = Words(
    "{file} gives {label} the {key} name {value}; it must be a text in quotes.",
    "В {file} у {label} название {key} — {value}; нужен текст в кавычках.",
)


def load_names(folder: Path, classes: Sequence[str]) -> tuple[ClassName, ...]:
    """Find the display names of the classes, in their order.

    A class is looked up in `classes.toml` in the folder, then among the demo's five models; a name that
    is given in neither is the class id. The file has one table a class, with either or both languages:

        [bmw_x5]
        en = "BMW X5 (E70)"
        ru = "БМВ X5 (E70)"

    Raises:
        DatasetError: The file can't be read, names a class that is not among `classes`, or gives it
            something other than the two names.
    """
    names = _shipped_names() | _own_names(folder / NAMES_FILE, classes)
    return tuple(
        ClassName(id=each, **{language: names.get(each, {}).get(language, each) for language in _LANGUAGES})
        for each in classes
    )


def _shipped_names() -> dict[str, Mapping[str, str]]:
    text = resources.files("kuzov.data").joinpath("russian_cars_5.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def _own_names(file: Path, classes: Sequence[str]) -> dict[str, Mapping[str, str]]:
    if not file.exists():
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(_UNREADABLE.fill(file=str(file), why=reason_of(error))) from error
    except UnicodeDecodeError as error:
        raise DatasetError(_NOT_UTF_8.fill(file=str(file))) from error
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(_NOT_TOML.fill(file=str(file), why=str(error))) from error
    names = {}
    for key, table in tables.items():
        label = unicodedata.normalize("NFC", key)
        if label not in classes:
            near = difflib.get_close_matches(label, classes, n=1, cutoff=0.4)
            hint = _NEAR.fill(near=near[0]) if near else _CLASSES.fill(classes=", ".join(classes))
            raise DatasetError(_NO_FOLDER.fill(file=str(file), label=label, hint=hint))
        names[label] = _checked(table, label, file)
    return names


def _checked(table: object, label: str, file: Path) -> Mapping[str, str]:
    """The class's names, where the table holds nothing else."""
    if not isinstance(table, dict):
        raise DatasetError(_NO_TABLE.fill(file=str(file), label=label))
    for key, value in table.items():
        if key not in _LANGUAGES:
            raise DatasetError(_UNKNOWN_KEY.fill(file=str(file), label=label, key=key))
        if not isinstance(value, str) or not value.strip():
            told = {"file": str(file), "label": label, "key": key, "value": repr(value)}
            raise DatasetError(_NO_TEXT.fill(**told))
    return table
