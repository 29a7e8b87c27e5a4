"""What people see in place of class ids, in English and Russian."""

from __future__ import annotations

import difflib
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from kuzov.errors import DatasetError
from kuzov.records import ClassName

NAMES_FILE = "classes.toml"
_LANGUAGES = ("en", "ru")


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
        raise DatasetError(f"The names in {file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file} is not in UTF-8; save it in that encoding.") from error
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(f"{file} is not valid TOML: {error}.") from error
    names = {}
    for key, table in tables.items():
        label = unicodedata.normalize("NFC", key)
        if label not in classes:
            near = difflib.get_close_matches(label, classes, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"the classes are {', '.join(classes)}."
            raise DatasetError(f"{file} names the class {label}, which has no folder; {hint}")
        names[label] = _checked(table, label, file)
    return names


def _checked(table: object, label: str, file: Path) -> Mapping[str, str]:
    """The class's names, where the table holds nothing else."""
    if not isinstance(table, dict):
        raise DatasetError(f'{file} gives {label} no table; write [{label}] and below it en = "…".')
    for key, value in table.items():
        if key not in _LANGUAGES:
            raise DatasetError(f"{file} gives {label} the unknown key {key}; the keys are en and ru.")
        if not isinstance(value, str) or not value.strip():
            raise DatasetError(f"{file} gives {label} the {key} name {value!r}; it must be a text in quotes.")
    return table
