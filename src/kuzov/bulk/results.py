"""Where answers are kept: a file of JSON lines, a table made of one, or a folder of Parquet parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from kuzov.bulk.answers import ModelName, Rows
from kuzov.bulk.json_lines import JsonLines
from kuzov.bulk.table_file import kept_up, log_of, require_own
from kuzov.bulk.tables import WRITERS
from kuzov.bulk.writing import locked
from kuzov.errors import ConfigError, MissingExtraError
from kuzov.words import Words

JSON_LINES = (".jsonl", ".ndjson")

AN_ADDRESS = Words(
    "Results are written to a local or mounted folder, not to an address.",
    "Результаты пишутся в локальную или подключённую папку, а не по адресу.",
)
OTHER_ENDING = Words(
    "Results can't be written as {name}: a name in .csv or .xlsx is a table, one in {lines} JSON lines, and "
    "one without an ending a folder of Parquet parts.",
    "Результаты не записать как {name}: имя на .csv или .xlsx — это таблица, на {lines} — строки JSON, а без "
    "окончания — папка с частями Parquet.",
)
NO_TABLE = Words(
    "{path} is a folder, but by its name it would be a table; give another --out.",
    "{path} — папка, а по имени это была бы таблица; укажите другой --out.",
)
NO_FILE = Words(
    "{path} is a folder, but by its name it would be a file of JSON lines; a name in {lines} is a file.",
    "{path} — папка, а по имени это был бы файл строк JSON; имя на {lines} — это файл.",
)
NO_FOLDER = Words(
    "{path} is a file, but by its name it would be a folder of Parquet parts; a name in {lines} is a file.",
    "{path} — файл, а по имени это была бы папка с частями Parquet; имя на {lines} — это файл.",
)
WRITING_PARQUET = Words(
    "Writing Parquet, unlike a file that ends in .jsonl,", "Запись Parquet, в отличие от файла на .jsonl"
)


class Results(Protocol):
    """Answers on disk, which outlive whatever ends the process; a ResultsError says why they can't be."""

    def photos(self, *, failed: bool = True) -> Iterator[str]:
        """Photos that are answered already on disk; without `failed` only those that were read."""

    def clear(self) -> None:
        """Remove what is there."""

    def remove_failed(self, meant: Callable[[str], bool]) -> None:
        """Remove the rows of those photos that are meant and could not be read."""

    def add(self, rows: Rows) -> None:
        """Take all that is answered of a photo; it is on disk soon, all or nothing of it."""

    def flush(self) -> None:
        """Have all that was taken on disk."""


@contextmanager
def open_results(
    path: Path, model: ModelName, *, all_cars: bool = False, shown: Path | None = None
) -> Iterator[Results]:
    """The results at a path, for one process at a time; on the way out all that was taken is on disk.

    With `all_cars` each car has a row, and otherwise each photo; one place is for one of the two.

    A name that ends in one of JSON_LINES is one file, as is one in .csv or .xlsx, a table; one without an
    ending is a folder of Parquet parts. What is missing is made, and taken away again if nothing was written.
    Errors name `shown`, if it is given.

    Raises:
        ResultsError: It can't be written, or another process writes there.
        ConfigError: The path is of the other kind, or its name has another ending.
        MissingExtraError: pyarrow is not installed, which Parquet needs.
    """
    if path.parts[:1] and path.parts[0].endswith(":"):
        raise ConfigError(AN_ADDRESS)
    if path.suffix.lower() in WRITERS:
        with _open_table(path, model, all_cars=all_cars) as table:
            yield table
        return
    one_file = _is_one_file(path)
    made = not path.exists()
    if not one_file:
        try:
            from kuzov.bulk.parquet_parts import ParquetParts  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtraError(WRITING_PARQUET, "cluster") from error
    with locked(path, one_file=one_file, shown=shown) as descriptor:
        try:
            if one_file:
                results: Results = JsonLines(path, descriptor, model, all_cars=all_cars, shown=shown)
            else:
                results = ParquetParts(path, model, all_cars=all_cars)
            try:
                yield results
            finally:
                results.flush()
        finally:
            if made:
                _remove_if_empty(path, one_file=one_file)


def _remove_if_empty(path: Path, *, one_file: bool) -> None:
    with suppress(OSError):
        if not one_file:
            path.rmdir()
        elif path.stat().st_size == 0:
            path.unlink()


@contextmanager
def _open_table(path: Path, model: ModelName, *, all_cars: bool) -> Iterator[Results]:
    if path.is_dir():
        raise ConfigError(NO_TABLE.fill(path=str(path)))
    require_own(path)
    with open_results(log_of(path), model, all_cars=all_cars, shown=path) as log, kept_up(path):
        try:
            yield log
        finally:
            log.flush()


def _is_one_file(path: Path) -> bool:
    one_file = path.suffix.lower() in JSON_LINES
    if path.suffix and not one_file and not path.exists():
        raise ConfigError(OTHER_ENDING.fill(name=path.name, lines=JSON_LINES[0]))
    if path.exists() and path.is_dir() == one_file:
        words = NO_FILE if one_file else NO_FOLDER
        raise ConfigError(words.fill(path=str(path), lines=JSON_LINES[0]))
    return one_file
