"""What both forms of results share: who may write them, and why they are refused, in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from kuzov.atomic import sync
from kuzov.bulk.answers import ModelName
from kuzov.errors import ResultsError, reason_of
from kuzov.locks import lock
from kuzov.words import Words

ANOTHER_WRITES = Words(
    "Another kuzov classify writes to {path}; wait for its end, or give another --out.",
    "В {path} пишет другой kuzov classify; дождитесь его конца или укажите другой --out.",
)
UNWRITABLE = Words(
    "Results can't be written to {path}: {why}. What was done is kept.",
    "Результаты не записать в {path}: {why}. Сделанное сохранено.",
)
NO_SPACE = Words(
    "Results can't be written to {path}: there is no space left. What was done is kept; free some space, and "
    "the same command goes on.",
    "Результаты не записать в {path}: на диске нет места. Сделанное сохранено; освободите место, и та же "
    "команда продолжит.",
)
A_FILE = Words("{path} is a file", "{path} — файл")
IN_THE_WAY = Words(
    "{held} Give another --out, or --restart to begin anew in its place.",
    "{held} Укажите другой --out или --restart, чтобы начать заново на том же месте.",
)
ROWS_OF_PHOTOS = Words(
    "{path} holds a row a photo, and now a row a car is asked for.",
    "В {path} по строке на фото, а теперь нужно по строке на машину.",
)
ROWS_OF_CARS = Words(
    "{path} holds a row a car, and now a row a photo is asked for.",
    "В {path} по строке на машину, а теперь нужно по строке на фото.",
)
OTHER_MODEL = Words(
    "{path} holds answers of {found}, and {model} is asked now.",
    "В {path} ответы модели {found}, а теперь отвечает модель {model}.",
)
OTHER_LABELS = Words(
    "{path} holds answers of another {model}, which knew {label}.",
    "В {path} ответы другой модели {model}, которая знала {label}.",
)


@contextmanager
def locked(path: Path, *, one_file: bool, shown: Path | None = None) -> Iterator[int]:
    """A file for reading and appending, or a folder, for this process alone; it is made if it is missing.

    Errors name `shown`, if it is given.
    """
    with told(shown or path):
        made = not path.exists()
        if one_file:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = open_to_append(path)
        else:
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if made:
            sync(path.parent)
    try:
        try:
            # `JsonLines.remove_failed` of another process may have put another file in its place.
            lock(descriptor, path)
        except BlockingIOError as error:
            raise ResultsError(ANOTHER_WRITES.fill(path=str(shown or path))) from error
        yield descriptor
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """A descriptor of a file for reading and appending; the file is made if it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Have failures to write told in words; what was written before is kept."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ResultsError(NO_SPACE.fill(path=str(path))) from error
        reason = reason_of(error)
        if isinstance(error, FileExistsError):  # as mkdir says it
            reason = A_FILE.fill(path=str(error.filename))
        raise ResultsError(UNWRITABLE.fill(path=str(path), why=reason)) from error


def refuse_other_rows(path: Path, cars: Collection[int | None], *, all_cars: bool) -> None:
    """Have rows of one kind in one place, where found rows told so many cars each; None is a row a photo."""
    if all_cars and None in cars:
        held = ROWS_OF_PHOTOS
    elif not all_cars and any(each is not None for each in cars):
        held = ROWS_OF_CARS
    else:
        return
    raise ResultsError(IN_THE_WAY.fill(held=held.fill(path=str(path))))


def refuse_other_model(
    path: Path, found: ModelName, labels: Collection[str | None], model: ModelName
) -> None:
    """Have one model's answers in one place, where `found` called photos so; None if one can't be read."""
    if found != model:
        held = OTHER_MODEL.fill(path=str(path), found=found.words, model=model.words)
    elif model.labels and (others := set(labels) - model.labels - {None}):
        held = OTHER_LABELS.fill(path=str(path), model=model.words, label=min(map(str, others)))
    else:
        return
    raise ResultsError(IN_THE_WAY.fill(held=held))
