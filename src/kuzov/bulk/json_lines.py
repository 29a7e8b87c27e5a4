"""Results as one file of JSON lines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.lock import lock, open_to_append
from kuzov.bulk.refusals import refuse_other_model, told
from kuzov.errors import ResultsError

_FLUSH_EVERY_S = 1.0
_START = b'{"photo": '


class JsonLines:
    """A log that grows by whole lines; a line that a power cut left unfinished is cut off by the next run."""

    def __init__(self, path: Path, descriptor: int, model: ModelName) -> None:
        """Use an open file.

        Args:
            path: Its name.
            descriptor: Open for reading and appending; the caller closes it.
            model: Which model answers.
        """
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
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n") and (number > 1 or line.startswith(_START[: len(line)])):
                    break
                photo, error = self._row(number, line)
                if failed or error is None:
                    yield photo
                whole += len(line)
        with told(self._path):
            if os.fstat(self._descriptor).st_size > whole:
                os.ftruncate(self._descriptor, whole)

    def clear(self) -> None:
        """Remove all lines; see `Results.clear`."""
        with self._path.open("rb") as file:
            first = file.readline()
        if not first.startswith(_START[: len(first)]):
            raise self._foreign(1)
        with told(self._path):
            os.ftruncate(self._descriptor, 0)

    def remove_failed(self, meant: Callable[[str], bool]) -> None:
        """Remove rows with an error; see `Results.remove_failed`."""
        with told(self._path):
            descriptor = open_to_append(self._beside)
            try:
                with self._path.open("rb") as file, open(descriptor, "wb", closefd=False) as kept:
                    for number, line in enumerate(file, start=1):
                        photo, error = self._row(number, line)
                        if error is None or not meant(photo):
                            kept.write(line)
                os.fchmod(descriptor, os.fstat(self._descriptor).st_mode)
                os.fsync(descriptor)
                lock(descriptor)  # before it has a name that another process may ask for
                self._beside.rename(self._file)
                os.dup2(descriptor, self._descriptor, inheritable=False)
            finally:
                os.close(descriptor)
                self._beside.unlink(missing_ok=True)

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
            except OSError:
                os.ftruncate(self._descriptor, size)
                raise

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

    def _foreign(self, number: int) -> ResultsError:
        return ResultsError(
            f"Line {number} of {self._path} is no result of kuzov classify. Give another --out."
        )
