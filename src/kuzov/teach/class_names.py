"""What people call the classes: classes.toml, written so that what the user wrote in it stays.

A file that is not valid TOML is a RefusedError.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from kuzov.atomic import written_whole
from kuzov.data.names import NAMES_FILE
from kuzov.records import ClassName
from kuzov.teach.refusal import RefusedError


def add_names(folder: Path, name: ClassName) -> None:
    """Append a class's names; one that is named already is left as it is."""
    text = _read(folder)
    if name.id not in _tables(folder, text):
        separator = "\n" if text and not text.endswith("\n") else ""
        _write(folder, f"{text}{separator}{_table(name)}")


def remove_names(folder: Path, label: str) -> None:
    """Take out a class's names, if `add_names` wrote them: a class without a folder may have none."""
    text = _read(folder)
    table = _tables(folder, text).get(label)
    if table is None:
        return
    written = _table(ClassName(id=label, en=str(table.get("en")), ru=str(table.get("ru"))))
    if written not in text:
        raise RefusedError(
            "names_file",
            f"{folder / NAMES_FILE} has names for {label}, so its last photo stays. Remove them there first.",
        )
    _write(folder, text.replace(written, "", 1))


def _table(name: ClassName) -> str:
    # A JSON string of printable characters is a TOML string too.
    label, en, ru = (json.dumps(each, ensure_ascii=False) for each in (name.id, name.en, name.ru))
    return f"\n[{label}]\nen = {en}\nru = {ru}\n"


def _read(folder: Path) -> str:
    file = folder / NAMES_FILE
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _write(folder: Path, text: str) -> None:
    with written_whole(folder / NAMES_FILE) as file:
        file.write_text(text, encoding="utf-8")


def _tables(folder: Path, text: str) -> dict[str, dict[str, object]]:
    try:
        return {key: table for key, table in tomllib.loads(text).items() if isinstance(table, dict)}
    except tomllib.TOMLDecodeError as error:
        raise RefusedError("names_file", f"{folder / NAMES_FILE} is not valid TOML: {error}.") from error
