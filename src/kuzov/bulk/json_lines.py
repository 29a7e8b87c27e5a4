"""Results as one file of JSON lines."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kuzov.atomic import place
from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.writing import lock, open_to_append, refuse_other_model, told
from kuzov.errors import ResultsError

_FLUSH_EVERY_S = 1.0
_log = logging.getLogger(__name__)
_START = b'{"photo": '


class JsonLines:
    """A log that grows by whole lines; what a power cut left of others is removed by the next run."""

    def __init__(self, path: Path, descriptor: int, model: ModelName) -> None:
        """Use an open file; the caller closes its descriptor, which is for reading and appending."""
        self._path = path
        self._file = path.resolve()  # where it is replaced, a link to it stays one
        self._beside = self._file.with_name(f".{self._file.name}.unfinished")
        self._descriptor = descriptor
        self._model = model
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()
        self._beside.unlink(missing_ok=True)

    def photos(self, *, failed: bool = True) -> Iterator[str]:
        """Photos that are answered already; see `Results.photos`."""
        read = whole = whole_until = 0
        first = b""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                first, read = first or line, read + len(line)
                if _is_damaged(line):
                    continue
                photo, error = self._row(number, line)
                whole, whole_until = whole + len(line), read
                if failed or error is None:
                    yield photo
        if whole == read:
            return
        if not whole:
            self._refuse_foreign(first)
        with told(self._path):
            if whole == whole_until:
                os.ftruncate(self._descriptor, whole)
            else:
                self._keep(lambda line: not _is_damaged(line))
        _log.warning(
            "%s was damaged, as by a power cut: %d bytes of it were no whole rows, and are removed. The "
            "photos that they told of are done again.",
            self._path,
            read - whole,
        )

    def clear(self) -> None:
        """Remove all lines; see `Results.clear`."""
        with self._path.open("rb") as file:
            self._refuse_foreign(file.readline())
        with told(self._path):
            os.ftruncate(self._descriptor, 0)

    def remove_failed(self, meant: Callable[[str], bool]) -> None:
        """Remove rows with an error; see `Results.remove_failed`."""

        def stays(line: bytes) -> bool:
            row = json.loads(line)
            return row["error"] is None or not meant(row["photo"])

        with told(self._path):
            self._keep(stays)

    def add(self, answer: Answer) -> None:
        """Take an answer; see `Results.add`."""
        self._lines.append(answer.to_line(self._model))
        if time.monotonic() - self._flushed >= _FLUSH_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Append what was taken; see `Results.flush`."""
        text, self._lines, self._flushed = b"".join(self._lines), [], time.monotonic()
        with told(self._path):
            size = os.fstat(self._descriptor).st_size
            try:
                while text:
                    text = text[os.write(self._descriptor, text) :]
                os.fsync(self._descriptor)
            except OSError:
                os.ftruncate(self._descriptor, size)
                raise

    def _keep(self, stays: Callable[[bytes], bool]) -> None:
        """Have another file in the place of this one, with some of its lines."""
        descriptor = open_to_append(self._beside)
        try:
            with self._path.open("rb") as file, open(descriptor, "wb", closefd=False) as kept:
                kept.writelines(line for line in file if stays(line))
            os.fchmod(descriptor, os.fstat(self._descriptor).st_mode)
            lock(descriptor)  # before it has a name that another process may ask for
            place(self._beside, self._file)
            os.dup2(descriptor, self._descriptor, inheritable=False)
        finally:
            os.close(descriptor)
            self._beside.unlink(missing_ok=True)

    def _row(self, number: int, line: bytes) -> tuple[str, str | None]:
        """The photo that a line is about, and why it could not be read."""
        try:
            row = json.loads(line)
            photo, label, reason = row["photo"], row["label"], row["error"]
            model = ModelName(name=row["model"], version=row["version"])
        except (ValueError, TypeError, KeyError) as error:
            raise self._foreign(number) from error
        refuse_other_model(self._path, model, [label], self._model)
        return str(photo), reason

    def _refuse_foreign(self, first: bytes) -> None:
        """Refuse a file whose first line does not begin as a row, but for zeros that a power cut left."""
        begins = first.lstrip(b"\0")[: len(_START)]
        if not _START.startswith(begins):
            raise self._foreign(1)

    def _foreign(self, number: int) -> ResultsError:
        return ResultsError(
            f"Line {number} of {self._path} is no result of kuzov classify. Give another --out."
        )


def _is_damaged(line: bytes) -> bool:
    """Whether a line was never written to its end: it has none, or zeros, which JSON would spell out."""
    return not line.endswith(b"\n") or b"\0" in line
