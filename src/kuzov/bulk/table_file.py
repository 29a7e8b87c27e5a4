"""Results as a table, made of a log beside it: .NAME.jsonl, by which a later run goes on."""

from __future__ import annotations

import filecmp
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kuzov.atomic import hidden_in, written_whole
from kuzov.bulk.tables import MOST_ROWS, WRITERS, Cell, cells_of
from kuzov.bulk.writing import told
from kuzov.errors import ResultsError
from kuzov.words import Words, number

NOT_OURS = Words(
    "{table} was not made by kuzov classify, or {log}, of which it was, is gone. Give another --out, or "
    "remove it.",
    "{table} создан не kuzov classify, или {log}, из которого он создан, пропал. Укажите другой --out или "
    "уберите этот файл.",
)
CHANGED = Words(
    "{table} was changed by hand since it was written. Give another --out, or remove it to have it made "
    "anew.",
    "{table} изменён вручную после того, как был создан. Укажите другой --out или уберите этот "
    "файл, и он будет создан заново.",
)
TOO_MANY = Words(
    "{table} can hold {most} rows, and there are {count}. Give a name in .csv; what was done is kept in "
    "{log}.",
    "В {table} помещается строк: {most}, а их {count}. Укажите имя на .csv; сделанное сохранено в {log}.",
)


def log_of(table: Path) -> Path:
    """The log that a table is made of."""
    return table.with_name(f".{table.name}.jsonl")


def require_own(table: Path) -> None:
    """Refuse to write over a table that was not made of a log beside it.

    Raises:
        ResultsError: It was not, or its log is gone.
    """
    if table.exists() and not log_of(table).exists():
        raise ResultsError(NOT_OURS.fill(table=str(table), log=log_of(table).name))


@contextmanager
def kept_up(table: Path) -> Iterator[None]:
    """Write the table anew, whole, where its log has changed meanwhile; its rows are in the photos' order.

    Raises:
        ResultsError: It was changed by hand, can't be written, or has more rows than a sheet can have.
    """
    if table.exists() and _was_changed(table):
        raise ResultsError(CHANGED.fill(table=str(table)))
    before = _stamp(log_of(table))
    try:
        yield
    finally:
        after = _stamp(log_of(table))
        if after and (after != before or not table.exists()):
            with told(table), written_whole(table) as beside:
                _write(table, beside)
                os.utime(beside, ns=(after[1], after[1]))


def _was_changed(table: Path) -> bool:
    """Whether a table is no more what its log gives; one that a kill left behind its log is."""
    log = log_of(table)
    if table.stat().st_mtime_ns <= log.stat().st_mtime_ns:
        return False
    with told(table), hidden_in(table.parent, table.name) as beside:  # a copy has another time only
        try:
            _write(table, beside)
        except (ValueError, KeyError, TypeError):  # a damaged log
            return True
        return not filecmp.cmp(table, beside, shallow=False)


def _stamp(log: Path) -> tuple[int, int] | None:
    """What changes with a log; None where it holds nothing."""
    if not log.exists() or not log.stat().st_size:
        return None
    found = log.stat()
    return found.st_size, found.st_mtime_ns


def _write(table: Path, beside: Path) -> None:
    ending = table.suffix.lower()
    with log_of(table).open("rb") as log, beside.open("wb") as file:
        places = _places(log)
        if ending == ".xlsx" and len(places) > MOST_ROWS:
            told = {"most": number(MOST_ROWS), "count": number(len(places))}
            raise ResultsError(TOO_MANY.fill(table=str(table), log=str(log_of(table)), **told))
        WRITERS[ending](file, _rows(log, places))


def _places(log: IO[bytes]) -> list[int]:
    """Where the log's lines begin, in the order of their photos."""
    found: list[tuple[str, int]] = []
    at = 0
    for line in log:
        found.append((json.loads(line)["photo"], at))
        at += len(line)
    return [at for _, at in sorted(found)]


def _rows(log: IO[bytes], places: list[int]) -> Iterator[list[Cell]]:
    for at in places:
        log.seek(at)
        yield cells_of(json.loads(log.readline()))
