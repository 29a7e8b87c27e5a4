"""Results as a folder of Parquet parts, each of which appears whole."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet

from kuzov.atomic import written_whole
from kuzov.bulk.answers import Answer, ModelName, Rows, in_utf8
from kuzov.bulk.writing import refuse_other_model, refuse_other_rows, told
from kuzov.errors import ResultsError
from kuzov.words import Words

UNREADABLE = Words(
    "{part} can't be read as Parquet. Remove it, and its photos are done again; or give another --out.",
    "{part} не читается как Parquet. Уберите файл, и его фотографии обработаются снова; или укажите другой "
    "--out.",
)
NO_RESULT = Words(
    "{part} is no result of kuzov classify. Give another --out.",
    "{part} — не результат kuzov classify. Укажите другой --out.",
)

PART_ROWS = 10_000
PART_EVERY_S = 60.0

_PART = re.compile(r"part-(\d+)\.parquet")
_UNFINISHED = ".part-*"  # readers of datasets pass over names that begin with a dot
_ASKED = ["photo", "label", "error", "model", "version"]  # of a part, to know what is done
_BATCH_ROWS = 1000  # in columns they take a tenth of the memory that they take as objects

_TOP = pyarrow.struct([("label", pyarrow.string()), ("probability", pyarrow.float32())])
_CAR = pyarrow.struct(
    [
        # Of four; but pyarrow 22 and before can't read lists of a fixed length in what may be missing.
        ("box", pyarrow.list_(pyarrow.float32())),
        ("score", pyarrow.float32()),
        ("small", pyarrow.bool_()),
    ]
)
_SCHEMA = pyarrow.schema(
    [
        ("photo", pyarrow.string()),
        ("label", pyarrow.string()),
        ("probability", pyarrow.float32()),
        ("top", pyarrow.list_(_TOP)),
        ("unknown", pyarrow.float32()),
        ("is_unknown", pyarrow.bool_()),
        ("look_alike", pyarrow.string()),
        ("look_alike_probability", pyarrow.float32()),
        ("car", _CAR),
        ("no_car", pyarrow.bool_()),
        ("cars", pyarrow.int8()),
        ("note", pyarrow.string()),
        ("error", pyarrow.string()),
        ("model", pyarrow.string()),
        ("version", pyarrow.int64()),
    ]
)


class ParquetParts:
    """Parts that are written beside, then renamed; one is begun when the last is full or old enough."""

    def __init__(self, folder: Path, model: ModelName, *, all_cars: bool = False) -> None:
        """Use a folder that is there; what else lies in it is left alone."""
        self._folder = folder
        self._model = model
        self._all_cars = all_cars
        self._answers: list[Answer] = []
        self._batches: list[Any] = []
        self._rows = 0
        self._begun = time.monotonic()
        for unfinished in folder.glob(_UNFINISHED):
            unfinished.unlink()

    def photos(self, *, failed: bool = True) -> Iterator[str]:
        """Photos that are answered already; see `Results.photos`."""
        for part in self._parts().values():
            with self._opened(part) as table:
                told_cars = "cars" in table.schema_arrow.names  # kuzov 0.1 did not
                for batch in table.iter_batches(columns=[*_ASKED, *(["cars"] if told_cars else [])]):
                    labels, names, versions = (
                        batch[each].unique().to_pylist() for each in ("label", "model", "version")
                    )
                    for name, version in zip(names, versions, strict=False):
                        found = ModelName(name=name, version=version)
                        refuse_other_model(self._folder, found, labels, self._model)
                    read = batch.filter(batch["error"].is_null())
                    cars = read["cars"].unique().to_pylist() if told_cars else [None]
                    refuse_other_rows(self._folder, cars, all_cars=self._all_cars)
                    yield from (batch if failed else read)["photo"].unique().to_pylist()

    def clear(self) -> None:
        """Remove all parts; see `Results.clear`."""
        for part in self._parts().values():
            self._opened(part).close()
            with told(self._folder):
                part.unlink()

    def remove_failed(self, meant: Callable[[str], bool]) -> None:
        """Remove rows with an error; see `Results.remove_failed`."""
        for part in self._parts().values():
            with self._opened(part) as opened:
                asked = opened.read(columns=["photo", "error"]).to_pylist()
                kept = [row["error"] is None or not meant(row["photo"]) for row in asked]
                if all(kept):
                    continue
                table = opened.read()
            with told(self._folder):
                if any(kept):
                    self._write(table.filter(pyarrow.array(kept)), part.name)
                else:
                    part.unlink()

    def add(self, rows: Rows) -> None:
        """Take all rows of a photo; see `Results.add`."""
        if not self._rows:
            self._begun = time.monotonic()
        self._answers += rows
        self._rows += len(rows)
        if len(self._answers) >= _BATCH_ROWS:
            self._pack()
        if self._rows >= PART_ROWS or time.monotonic() - self._begun >= PART_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Make a part of what was taken; see `Results.flush`."""
        self._pack()
        if not self._rows:
            return
        table = pyarrow.Table.from_batches(self._batches, _SCHEMA)
        with told(self._folder):
            self._write(table, f"part-{max(self._parts(), default=-1) + 1:05}.parquet")
        self._batches, self._rows = [], 0

    def _write(self, table: Any, name: str) -> None:
        """Have a part of this name, whole, in place of one that is there."""
        with written_whole(self._folder / name) as beside:
            pyarrow.parquet.write_table(table, beside)

    def _pack(self) -> None:
        if not self._answers:
            return
        rows = [each.to_json(self._model) | {"photo": in_utf8(each.photo)} for each in self._answers]
        self._batches.append(pyarrow.RecordBatch.from_pylist(rows, _SCHEMA))
        self._answers = []

    def _parts(self) -> dict[int, Path]:
        """Parts by number, ascending."""
        named = {_PART.fullmatch(file.name): file for file in self._folder.iterdir()}
        return dict(sorted((int(found[1]), file) for found, file in named.items() if found))

    def _opened(self, part: Path) -> Any:
        try:
            table = pyarrow.parquet.ParquetFile(part)
        except (pyarrow.ArrowException, OSError) as error:
            raise ResultsError(UNREADABLE.fill(part=str(part))) from error
        if not set(_ASKED) <= set(table.schema_arrow.names):
            table.close()
            raise ResultsError(NO_RESULT.fill(part=str(part)))
        return table
