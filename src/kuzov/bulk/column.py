"""Names of photos in a column of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow.parquet
from pyarrow import types

from kuzov.bulk import remote
from kuzov.errors import ConfigError, SourceError
from kuzov.words import Words

NO_PARQUET = Words("{name} can't be read as Parquet: {why}.", "{name} не читается как Parquet: {why}.")
WHICH_COLUMN = Words(
    "Which column of {name} names the photos? Give --column, of: {known}.",
    "В каком столбце {name} названы фотографии? Укажите --column, один из: {known}.",
)
NO_COLUMN = Words(
    "{name} has no column {column} of strings. Its columns of strings: {known}.",
    "В {name} нет столбца строк {column}. Столбцы строк: {known}.",
)
NONE = Words("none", "нет ни одного")

USUAL_COLUMN = "photo"

_ROWS_AT_ONCE = 8192


def strings_of(files: Sequence[str], column: str | None) -> Iterator[str]:
    """The strings of a column that are not empty, by default of the only one of strings or `photo`."""
    for name in files:  # all of them, before the first row is used
        with _opened(name) as table:
            _choose(name, table.schema_arrow, column)
    return (each for name in files for each in _strings(name, column))


def _strings(name: str, column: str | None) -> Iterator[str]:
    with _opened(name) as table:
        chosen = _choose(name, table.schema_arrow, column)
        try:
            for batch in table.iter_batches(_ROWS_AT_ONCE, columns=[chosen]):
                yield from (each for each in batch.column(0).to_pylist() if each)
        except (pyarrow.ArrowException, OSError) as error:
            raise _broken(name, error) from error


def _opened(name: str) -> Any:
    try:
        source = remote.opened(name) if remote.is_remote(name) else name
        return pyarrow.parquet.ParquetFile(source)
    except (pyarrow.ArrowException, OSError) as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> SourceError:
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    return SourceError(NO_PARQUET.fill(name=name, why=reason))


def _choose(name: str, schema: Any, column: str | None) -> str:
    def of_strings(kind: Any) -> bool:
        inner = kind.value_type if types.is_dictionary(kind) else kind
        return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_string_view(inner))

    found = [field.name for field in schema if of_strings(field.type)]
    known = ", ".join(found) or NONE
    if column is None:
        column = found[0] if len(found) == 1 else USUAL_COLUMN
        if column not in found:
            raise ConfigError(WHICH_COLUMN.fill(name=name, known=known))
    if column not in found:
        raise ConfigError(NO_COLUMN.fill(name=name, column=repr(column), known=known))
    return column
