"""Names of photos in a file, in blocks of which each is a task of Ray Data's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

_SCHEMA = pyarrow.schema([("block", pyarrow.int64()), ("photos", pyarrow.list_(pyarrow.binary()))])
_BYTES_OF_NAMES = "surrogateescape"


def write_blocks(file: Path, photos: Iterator[str], size: int) -> int:
    """Write names, `size` of them a block; returns how many blocks."""
    blocks = 0
    with pyarrow.OSFile(str(file), "wb") as sink, pyarrow.ipc.new_file(sink, _SCHEMA) as writer:
        while names := [photo.encode(errors=_BYTES_OF_NAMES) for photo in islice(photos, size)]:
            writer.write_batch(pyarrow.RecordBatch.from_pylist([{"block": blocks, "photos": names}], _SCHEMA))
            blocks += 1
    return blocks


def names_of(table: Any) -> tuple[int, list[str]]:
    """The number of the block that a table of one row is, and its photos."""
    (row,) = table.to_pylist()
    return row["block"], [name.decode(errors=_BYTES_OF_NAMES) for name in row["photos"]]


class Blocks(Datasource):
    """So many blocks of a file that `write_blocks` left, each read when it is needed, where the file is."""

    def __init__(self, file: Path, count: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._file = file
        self.count = count

    def estimate_inmemory_data_size(self) -> int:
        """Bytes of all that is read, about."""
        return self._file.stat().st_size

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002
        per_task_row_limit: int | None = None,  # noqa: ARG002
        data_context: object = None,  # noqa: ARG002
    ) -> list[ReadTask]:
        """A task a block."""
        told = BlockMetadata(num_rows=1, size_bytes=None, exec_stats=None)
        return [ReadTask(partial(_read, self._file, number), told) for number in range(self.count)]


def _read(file: Path, number: int) -> list[Any]:
    with pyarrow.OSFile(str(file)) as source:
        return [pyarrow.Table.from_batches([pyarrow.ipc.open_file(source).get_batch(number)])]
