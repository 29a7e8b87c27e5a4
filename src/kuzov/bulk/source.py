"""What SOURCE names: a folder, a pattern, a list or a column, as names of photos one after another."""

from __future__ import annotations

import glob
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from kuzov.bulk import remote
from kuzov.bulk.list_text import PROBE_BYTES, encoding_of, lines_of
from kuzov.errors import ConfigError, MissingExtraError, SourceError, reason_of
from kuzov.images.folder import files_below, photos_among
from kuzov.images.formats import EXTENSIONS, is_photo_file
from kuzov.words import Words

PARQUET = (".parquet", ".pq")

NOT_THERE = Words(
    "There is no {source}; give a folder, a pattern or a list.",
    "Нет {source}; укажите папку, шаблон или список.",
)
UNREADABLE = Words("{path} can't be read: {why}.", "{path} не читается: {why}.")
NO_LIST = Words(
    "{path} is no list of photos: a list is a text file with a path or an address a line, or a Parquet file "
    "by its name ({endings}).",
    "{path} — не список фотографий: список — это текстовый файл с путём или адресом в каждой строке или файл "
    "Parquet по имени ({endings}).",
)
NO_COLUMNS = Words(
    "--column names a column of a Parquet source, which {source} is not.",
    "--column — столбец Parquet, а {source} — не Parquet.",
)
NO_PARQUET = Words(
    "There is no Parquet file in {folder}, of which --column could be read.",
    "В {folder} нет файла Parquet, из которого прочитать --column.",
)
READING_PARQUET = Words("Reading Parquet", "Чтение Parquet")


class Source:
    """The photos that a SOURCE names; a folder and a pattern give absolute paths, a list what is written.

    Where it has no order of its own, its photos are taken `by_name`; `left_out` counts files of a folder that
    are no photos by their names' endings.
    """

    def __init__(self, text: str, *, column: str | None = None) -> None:
        """Look at what it is, as the user gave it."""
        self.text = text
        self.left_out: Counter[str] = Counter()
        self._column = column
        self.by_name, self._names = self._find()

    def __iter__(self) -> Iterator[str]:
        """Names of photos; listing may go on, and fail, as long as it is iterated."""
        try:
            yield from self._names
        except OSError as error:
            told = UNREADABLE.fill(path=str(error.filename or self.text), why=reason_of(error))
            raise SourceError(told) from error

    def _find(self) -> tuple[bool, Iterator[str]]:
        is_parquet = self.text.lower().endswith(PARQUET)
        if remote.is_remote(self.text):
            return self._find_remote(is_parquet=is_parquet)
        path, mode = Path(self.text), _mode(self.text)
        if mode is None and not glob.has_magic(self.text):
            raise SourceError(NOT_THERE.fill(source=self.text))
        if mode is None:
            self._refuse_column()
            return True, _matching(self.text)
        folder = stat.S_ISDIR(mode)
        if is_parquet or (folder and self._column is not None):
            files = _parquet_files(path) if folder else [self.text]
            return False, _strings_of(files, self._column)
        if folder:
            return True, photos_among(files_below(path.absolute()), self.left_out)
        self._refuse_column()
        if is_photo_file(path):
            return True, iter([str(path.absolute())])
        return False, _lines(path)

    def _find_remote(self, *, is_parquet: bool) -> tuple[bool, Iterator[str]]:
        if is_parquet:
            return False, _strings_of([self.text], self._column)
        self._refuse_column()
        if self.text.lower().endswith((".txt", ".lst")):
            return False, remote.lines(self.text)
        if self.text.lower().endswith(EXTENSIONS) and not remote.is_pattern(self.text):
            return True, iter([self.text])
        listed = remote.listing(self.text)
        return True, listed if remote.is_pattern(self.text) else photos_among(listed, self.left_out)

    def _refuse_column(self) -> None:
        if self._column is not None:
            raise ConfigError(NO_COLUMNS.fill(source=self.text))


def _mode(path: str) -> int | None:
    """What kind of file it is; None where there is none."""
    try:
        return Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise SourceError(UNREADABLE.fill(path=str(path), why=reason_of(error))) from error


def _matching(pattern: str) -> Iterator[str]:
    """Files that a pattern matches; ** is any depth of folders."""
    for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207 — Path.glob takes no absolute one
        if not Path(name).is_dir():
            yield str(Path(name).absolute())


def _lines(path: Path) -> Iterator[str]:
    """The lines of a list that are not empty; a SourceError where it is none."""
    try:
        with path.open("rb") as file:
            start = file.read(PROBE_BYTES) if path.is_file() else b""
    except OSError as error:
        raise SourceError(UNREADABLE.fill(path=str(path), why=reason_of(error))) from error
    if encoding_of(start) is None:
        raise SourceError(NO_LIST.fill(path=str(path), endings=", ".join(PARQUET)))
    return _lines_of(path)


def _lines_of(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from lines_of(file)


def _strings_of(files: Sequence[str], column: str | None) -> Iterator[str]:
    try:
        from kuzov.bulk.column import strings_of  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(READING_PARQUET, "cluster") from error
    return strings_of(files, column)


def _parquet_files(folder: Path) -> list[str]:
    found = sorted(str(file) for file in folder.iterdir() if file.name.lower().endswith(PARQUET))
    if not found:
        raise SourceError(NO_PARQUET.fill(folder=str(folder)))
    return found
