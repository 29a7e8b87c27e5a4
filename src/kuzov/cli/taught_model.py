"""The model that `kuzov serve --teach` teaches, which need not be there yet."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from kuzov.atomic import place
from kuzov.bundle.layout import misplaced, newest, versions
from kuzov.bundle.ready import USERS_MODEL, ready_model
from kuzov.cli.language import note
from kuzov.errors import KuzovError, reason_of
from kuzov.serve.repository.config import ModelConfig
from kuzov.words import Words

FIRST_VERSION = "1"
BEGINS_AS_COPY = Words(
    "There was no recogniser in {folder}: it begins as a copy of the one that comes with kuzov. To start "
    "from nothing, name another folder: --model-base-path FOLDER",
    "В {folder} распознавателя не было: там теперь копия того, что поставляется с kuzov. Чтобы начать с "
    "нуля, укажите другую папку: --model-base-path ПАПКА",
)
BEGINS_EMPTY = Words(
    "There is no recogniser in {folder} yet: open the page, and teach it a first car.",
    "В {folder} распознавателя ещё нет: откройте страницу и научите его первой машине.",
)
NO_FOLDER = Words(
    "The model folder {folder} can't be made: {why}.", "Папку модели {folder} не создать: {why}."
)


def taught_model(name: str, named: Path | None) -> ModelConfig:
    """The model in the folder that the user named, which may be empty or missing.

    Where none is named, models/img_classifier: without a version it begins as a copy of the model that comes
    with kuzov, which itself is never changed.

    Raises:
        KuzovError: The folder can't be made, or the copy not written.
    """
    folder = USERS_MODEL if named is None else named
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not versions(folder) and misplaced(folder) is None
        if is_empty and named is None:
            _copy_ready_model(folder)
            note(BEGINS_AS_COPY.fill(folder=str(folder)))
        elif is_empty:
            note(BEGINS_EMPTY.fill(folder=str(folder)))
    except OSError as error:
        raise KuzovError(NO_FOLDER.fill(folder=str(folder), why=reason_of(error))) from error
    # One version's own folder, say, is named by mistake, which starting the server tells.
    return ModelConfig(name=name, base_path=folder, awaited=is_empty)


def _copy_ready_model(folder: Path) -> None:
    """Whole or not at all, as every version."""
    copy = folder / f".{FIRST_VERSION}.{secrets.token_hex(4)}"
    try:
        shutil.copytree(newest(ready_model()), copy)
        place(copy, folder / FIRST_VERSION)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
