"""What classes may be called, and classes.toml, written so that what the user wrote in it stays.

A file that is not valid TOML, in UTF-8, is a RefusedError.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.atomic import written_whole
from kuzov.data.files import is_ignored
from kuzov.data.folder_names import why_no_class_name
from kuzov.data.names import NAMES_FILE
from kuzov.records import ClassName
from kuzov.teach.refusal import RefusedError

LONGEST_NAME_BYTES = 100


def checked_name(name: ClassName) -> ClassName:
    """The same, composed and without spaces around it; refused where it can't be shown, or be a folder's."""
    label, en, ru = (unicodedata.normalize("NFC", each).strip() for each in (name.id, name.en, name.ru))
    for each in (label, en, ru):
        if not each or not each.isprintable() or len(each.encode("utf-8", "replace")) > LONGEST_NAME_BYTES:
            raise RefusedError(
                "class_name",
                f"A car can't be called {each[:LONGEST_NAME_BYTES]!r}: give letters, digits and other "
                f"characters that can be shown, 1 to {LONGEST_NAME_BYTES} bytes of them.",
            )
    if set(label) & set("/\\") or is_ignored(label) or why_no_class_name(label):
        raise RefusedError("class_name", f"A car's folder can't be called {label}; give it another name.")
    return ClassName(id=label, en=en, ru=ru)


@contextmanager
def edited_names(folder: Path, *, gone: str | None, new: ClassName | None) -> Iterator[None]:
    """Take out the names of a class that is gone, append those of a new one, once the context has ended well.

    A new one that is named already is left as it is. A class without a folder may have no names, so one whose
    names the user wrote is refused. What is refused is so before the context begins.
    """
    before = _read(folder)
    text = before if gone is None else _without(folder, before, gone)
    text = text if new is None else _with(folder, text, new)
    if text == before:
        yield
        return
    with written_whole(folder / NAMES_FILE) as file:
        file.write_text(text, encoding="utf-8")
        yield


def _with(folder: Path, text: str, name: ClassName) -> str:
    if {name.en, name.ru} == {name.id} or name.id in _tables(folder, text):
        return text
    separator = "\n" if text and not text.endswith("\n") else ""
    return f"{text}{separator}{_table(name)}"


def _without(folder: Path, text: str, label: str) -> str:
    table = _tables(folder, text).get(label)
    if table is None:
        return text
    written = _table(ClassName(id=label, en=str(table.get("en")), ru=str(table.get("ru"))))
    if written not in text:
        raise RefusedError(
            "names_file",
            f"{folder / NAMES_FILE} has names for {label}, so its last photo stays. Remove them there first.",
        )
    return text.replace(written, "", 1)


def _table(name: ClassName) -> str:
    # A JSON string of printable characters is a TOML string too.
    label, en, ru = (json.dumps(each, ensure_ascii=False) for each in (name.id, name.en, name.ru))
    return f"\n[{label}]\nen = {en}\nru = {ru}\n"


def _read(folder: Path) -> str:
    file = folder / NAMES_FILE
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except UnicodeDecodeError as error:
        raise RefusedError("names_file", f"{file} is not in UTF-8; save it in that encoding.") from error


def _tables(folder: Path, text: str) -> dict[str, dict[str, object]]:
    try:
        return {key: table for key, table in tomllib.loads(text).items() if isinstance(table, dict)}
    except tomllib.TOMLDecodeError as error:
        raise RefusedError("names_file", f"{folder / NAMES_FILE} is not valid TOML: {error}.") from error
