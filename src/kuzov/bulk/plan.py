"""Which photos are left to do, kept on disk: the memory it takes does not grow with their number."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import TypeVar

from kuzov.bulk.answers import in_utf8
from kuzov.errors import ResultsError
from kuzov.words import Words

Found = TypeVar("Found")

NO_ROOM = Words(
    "The list of photos that are left can't be kept in a temporary file: {why}. "
    "Free some space, or name another folder for it in SQLITE_TMPDIR.",
    "Список оставшихся фотографий не записать во временный файл: {why}. "
    "Освободите место или назовите для него другую папку в SQLITE_TMPDIR.",
)

_DIGEST_BYTES = 16  # of billions of photos no two get the same
_BYTES_OF_NAMES = "surrogateescape"


class Plan:
    """A set of photos without those that are done, and without repetitions, until it is closed.

    It lies in a temporary file of SQLite's, which goes with the process, however that ends; where there is no
    room for it, a ResultsError says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # what is left is read by one thread while another asks what it holds
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._safely(
            self._database.executescript,
            "CREATE TABLE known (digest BLOB PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE left (name BLOB NOT NULL);"
            "BEGIN",
        )
        self.listed = 0
        self.left = 0

    def close(self) -> None:
        """Forget all."""
        self._database.close()

    def leave_out(self, photos: Iterable[str]) -> None:
        """Note photos that are done."""
        for photo in photos:
            self._is_new(photo)

    def add(self, photo: str) -> None:
        """Add a photo, if it is neither done nor added already."""
        self.listed += 1
        if self._is_new(photo):
            self.left += 1
            self._execute("INSERT INTO left VALUES (?)", photo.encode(errors=_BYTES_OF_NAMES))

    def holds(self, photo: str) -> bool:
        """Whether a photo was added or left out; its name may be spelled as results have it."""
        rows = self._execute("SELECT 1 FROM known WHERE digest = ?", _digest(photo))
        return self._safely(rows.fetchone) is not None

    def photos(self, *, by_name: bool) -> Iterator[str]:
        """What is left, in the order in which it was added, or by name."""
        order = "name" if by_name else "rowid"
        rows = self._execute(f"SELECT name FROM left ORDER BY {order}")
        while row := self._safely(rows.fetchone):
            yield row[0].decode(errors=_BYTES_OF_NAMES)

    def _is_new(self, photo: str) -> bool:
        return self._execute("INSERT OR IGNORE INTO known VALUES (?)", _digest(photo)).rowcount == 1

    def _execute(self, statement: str, *values: bytes) -> sqlite3.Cursor:
        return self._safely(self._database.execute, statement, values)

    def _safely(self, step: Callable[..., Found], *words: object) -> Found:
        """Take a step of SQLite's, which needs room to sort too; one thread at a time."""
        with self._lock:
            try:
                return step(*words)
            except sqlite3.OperationalError as error:
                raise ResultsError(NO_ROOM.fill(why=str(error))) from error


def _digest(photo: str) -> bytes:
    return blake2b(in_utf8(photo), digest_size=_DIGEST_BYTES).digest()
