"""Results as one file of JSON lines."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kuzov.atomic import place
from kuzov.bulk.answers import ModelName, Rows
from kuzov.bulk.writing import open_to_append, refuse_other_model, refuse_other_rows, told
from kuzov.errors import ResultsError
from kuzov.locks import lock
from kuzov.words import Words

NO_RESULT = Words(
    "Line {number} of {path} is no result of kuzov classify. Give another --out.",
    "Строка {number} в {path} — не результат kuzov classify. Укажите другой --out.",
)

_FLUSH_EVERY_S = 1.0
_log = logging.getLogger(__name__)
_START = b'{"photo": '


class JsonLines:
    """A log that grows by whole photos; what a power cut left of others is removed by the next run."""

    def __init__(
        self,
        path: Path,
        descriptor: int,
        model: ModelName,
        *,
        all_cars: bool = False,
        shown: Path | None = None,
    ) -> None:
        """Use an open file; the caller closes its descriptor, which is for reading and appending.

        Errors that are not about its lines name `shown`, if it is given.
        """
        self._path, self._shown = path, shown or path
        self._file = path.resolve()  # where it is replaced, a link to it stays one
        self._beside = self._file.with_name(f".{self._file.name}.unfinished")
        self._descriptor = descriptor
        self._model = model
        self._all_cars = all_cars
        self._lines: list[bytes] = []
        self._flushed = time.monotonic()
        self._beside.unlink(missing_ok=True)

    def photos(self, *, failed: bool = True) -> Iterator[str]:
        """Photos that are answered already; see `Results.photos`."""
        read = whole = whole_until = 0
        first = b""
        for text, photo, error in self._by_photo():
            first, read = first or text, read + len(text)
            if photo is None:
                continue
            whole, whole_until = whole + len(text), read
            if failed or error is None:
                yield photo
        if whole == read:
            return
        if not whole:
            self._refuse_foreign(first)
        with told(self._shown):
            if whole == whole_until:
                os.ftruncate(self._descriptor, whole)
            else:
                self._keep(text for text, photo, _ in self._by_photo() if photo is not None)
        _log.warning(
            "%s was damaged, as by a power cut: %d bytes of it were no whole rows, or not all of a photo's, "
            "and are removed. The photos that they told of are done again.",
            self._path,
            read - whole,
        )

    def clear(self) -> None:
        """Remove all lines; see `Results.clear`."""
        with self._path.open("rb") as file:
            self._refuse_foreign(file.readline())
        with told(self._shown):
            os.ftruncate(self._descriptor, 0)

    def remove_failed(self, meant: Callable[[str], bool]) -> None:
        """Remove rows with an error; see `Results.remove_failed`."""
        with told(self._shown):
            self._keep(
                text
                for text, photo, error in self._by_photo()
                if photo is not None and (error is None or not meant(photo))
            )

    def add(self, rows: Rows) -> None:
        """Take all rows of a photo; see `Results.add`."""
        self._lines += [each.to_line(self._model) for each in rows]
        if time.monotonic() - self._flushed >= _FLUSH_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Append what was taken; see `Results.flush`."""
        text, self._lines, self._flushed = b"".join(self._lines), [], time.monotonic()
        with told(self._shown):
            size = os.fstat(self._descriptor).st_size
            try:
                while text:
                    text = text[os.write(self._descriptor, text) :]
                os.fsync(self._descriptor)
            except OSError:
                os.ftruncate(self._descriptor, size)
                raise

    def _keep(self, texts: Iterable[bytes]) -> None:
        """Have another file in the place of this one, with these parts of it."""
        descriptor = open_to_append(self._beside)
        try:
            with open(descriptor, "wb", closefd=False) as kept:
                kept.writelines(texts)
            os.fchmod(descriptor, os.fstat(self._descriptor).st_mode)
            lock(descriptor, self._beside)  # before it has a name that another process may ask for
            place(self._beside, self._file)
            os.dup2(descriptor, self._descriptor, inheritable=False)
        finally:
            os.close(descriptor)
            self._beside.unlink(missing_ok=True)

    def _by_photo(self) -> Iterator[tuple[bytes, str | None, str | None]]:
        """The file in parts, each with the photo that it answers for and why that could not be read.

        A part without a photo is damaged: a line that is not whole, or some rows of a photo that has more.
        """
        rows: list[bytes] = []
        under_way, wanted = "", 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                whole = not _is_damaged(line)
                photo, error, cars = self._row(number, line) if whole else ("", None, None)
                if rows and photo != under_way:
                    yield b"".join(rows), None, None
                    rows = []
                if not whole:
                    yield line, None, None
                    continue
                if not rows:
                    under_way, wanted = photo, cars or 1
                rows.append(line)
                if len(rows) == wanted:
                    yield b"".join(rows), photo, error
                    rows = []
        if rows:
            yield b"".join(rows), None, None

    def _row(self, number: int, line: bytes) -> tuple[str, str | None, int | None]:
        """The photo that a line is about, why it could not be read, and how many cars have a row of it."""
        try:
            row = json.loads(line)
            photo, label, reason = row["photo"], row["label"], row["error"]
            model = ModelName(name=row["model"], version=row["version"])
            cars = row.get("cars")  # which kuzov 0.1 did not tell
        except (ValueError, TypeError, KeyError) as error:
            raise self._foreign(number) from error
        refuse_other_model(self._shown, model, [label], self._model)
        if reason is None:
            refuse_other_rows(self._shown, [cars], all_cars=self._all_cars)
        return str(photo), reason, cars

    def _refuse_foreign(self, first: bytes) -> None:
        """Refuse a file whose first line does not begin as a row, but for zeros that a power cut left."""
        begins = first.lstrip(b"\0")[: len(_START)]
        if not _START.startswith(begins):
            raise self._foreign(1)

    def _foreign(self, number: int) -> ResultsError:
        return ResultsError(NO_RESULT.fill(number=number, path=str(self._path)))


def _is_damaged(line: bytes) -> bool:
    """Whether a line was never written to its end: it has none, or zeros, which JSON would spell out."""
    return not line.endswith(b"\n") or b"\0" in line
