"""Where answers are kept: a file of JSON lines or a folder of Parquet parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from kuzov.bulk.answers import ModelName, Rows
from kuzov.bulk.json_lines import JsonLines
from kuzov.bulk.writing import locked
from kuzov.errors import ConfigError, MissingExtraError

JSON_LINES = (".jsonl", ".ndjson")


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
def open_results(path: Path, model: ModelName, *, all_cars: bool = False) -> Iterator[Results]:
    """The results at a path, for one process at a time; on the way out all that was taken is on disk.

    With `all_cars` each car has a row, and otherwise each photo; one place is for one of the two.

    A name that ends in one of JSON_LINES is one file, any other a folder of Parquet parts. What is missing is
    made, and taken away again if nothing was written.

    Raises:
        ResultsError: It can't be written, or another process writes there.
        ConfigError: The path is of the other kind.
        MissingExtraError: pyarrow is not installed, which Parquet needs.
    """
    if path.parts[:1] and path.parts[0].endswith(":"):
        raise ConfigError("Results are written to a local or mounted folder, not to an address.")
    one_file = path.suffix.lower() in JSON_LINES
    if path.exists() and path.is_dir() == one_file:
        is_a = "folder, but by its name it would be a file of JSON lines"
        if not one_file:
            is_a = "file, but by its name it would be a folder of Parquet parts"
        raise ConfigError(f"{path} is a {is_a}; a name in {JSON_LINES[0]} is a file.")
    made = not path.exists()
    if not one_file:
        try:
            from kuzov.bulk.parquet_parts import ParquetParts  # noqa: PLC0415
        except ModuleNotFoundError as error:
            text = "Writing Parquet, unlike a file that ends in .jsonl,"
            raise MissingExtraError(text, "cluster") from error
    with locked(path, one_file=one_file) as descriptor:
        try:
            if one_file:
                results: Results = JsonLines(path, descriptor, model, all_cars=all_cars)
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
