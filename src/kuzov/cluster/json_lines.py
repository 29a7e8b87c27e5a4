"""Results as one file of JSON lines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from kuzov.cluster.answers import Answer, ModelName
from kuzov.cluster.refusals import refuse_other_model, told
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
        self._descriptor = descriptor
        self._model = model
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()

    def photos(self) -> Iterator[str]:
        """Photos that are answered already; see `Results.photos`."""
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n") and (number > 1 or line.startswith(_START[: len(line)])):
                    break
                yield self._photo(number, line)
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

    def _photo(self, number: int, line: bytes) -> str:
        try:
            row = json.loads(line)
            photo, label = row["photo"], row["label"]
            model = ModelName(name=row["model"], version=row["version"])
        except (ValueError, TypeError, KeyError) as error:
            raise self._foreign(number) from error
        refuse_other_model(self._path, model, [label], self._model)
        return str(photo)

    def _foreign(self, number: int) -> ResultsError:
        return ResultsError(
            f"Line {number} of {self._path} is no result of kuzov classify. Give another --out."
        )
