"""Photos and lists behind addresses: s3://, gs://, http:// and whatever else fsspec knows.

A SourceError says why one can't be listed or read.
"""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from kuzov.bulk.list_text import lines_of
from kuzov.errors import MissingExtraError, PhotoError, SourceError
from kuzov.words import Words, plain

READING = Words("Reading addresses such as s3:// and http://", "Чтение адресов, таких как s3:// и http://")
NEEDS_MORE = Words(
    "Reading {scheme}:// addresses needs one package more. {install}.",
    "Чтобы читать адреса {scheme}://, нужен ещё один пакет. {install}.",
)
NOTHING_THERE = Words("There is nothing at {address}.", "По адресу {address} ничего нет.")
UNREADABLE = Words("{address} can't be read: {why}.", "{address} не читается: {why}.")
STATUS = Words("the server answers with status {status}", "сервер отвечает кодом {status}")

TIMEOUT_S = 30.0
TRIES = 3

_PAUSE_S = 0.5  # before the second try; the next one waits twice as long
_ANSWERS_THAT_STAY = range(400, 500)  # HTTP's: what is wrong is the request


def is_remote(name: str) -> bool:
    """Whether a name is an address."""
    scheme, found, _ = name.partition("://")
    return bool(found) and scheme.replace("+", "").isalnum()


def is_pattern(address: str) -> bool:
    """Whether an address stands for all that it matches; a ? belongs to a web address."""
    return glob.has_magic(address.replace("?", "") if address.startswith("http") else address)


def require(schemes: set[str]) -> None:
    """Refuse, before any work, schemes that need packages which are not installed."""
    for scheme in sorted(schemes):
        fsspec = _fsspec()
        try:
            fsspec.get_filesystem_class(scheme)
        except ImportError as error:
            raise _needs_more(scheme, error) from error
        except ValueError:
            continue  # the rows that name it tell so


def scheme_of(address: str) -> str:
    """The scheme of an address."""
    return address.partition("://")[0]


def listing(address: str) -> Iterator[str]:
    """Addresses of all files in a folder and its folders, or of those that match a pattern."""
    try:
        files, path = _locate(address, use_listings_cache=False)
        found = files.glob(path) if is_pattern(address) else files.find(path)
    except Exception as error:
        raise _unreadable(address, error) from error
    if not found and not is_pattern(address):
        raise SourceError(NOTHING_THERE.fill(address=address))
    return (files.unstrip_protocol(each) for each in found)


def lines(address: str) -> Iterator[str]:
    """The lines of a list that are not empty."""
    try:
        with opened(address) as file:
            yield from lines_of(file)
    except OSError as error:
        raise _unreadable(address, error) from error


def opened(address: str) -> Any:
    """A file behind an address, to be read in binary."""
    try:
        files, path = _locate(address)
        return files.open(path, "rb")
    except SourceError:
        raise
    except Exception as error:
        raise _unreadable(address, error) from error


def fetch(address: str) -> Future[bytes]:
    """Begin to fetch a photo; fetches go on side by side, without a thread each.

    The future holds a PhotoError where there is no such photo, or where it did not come in TIMEOUT_S seconds
    or TRIES tries.
    """
    from fsspec.asyn import get_loop  # noqa: PLC0415

    return asyncio.run_coroutine_threadsafe(_fetch(address), get_loop())


async def _fetch(address: str) -> bytes:
    for attempt in range(1, TRIES + 1):
        try:
            return await asyncio.wait_for(_content(address), TIMEOUT_S)
        except TimeoutError as error:
            reason = f"did not come within {TIMEOUT_S:.0f} seconds; check the address"
            raise PhotoError(address, reason) from error
        except FileNotFoundError as error:
            raise PhotoError(address, "there is no such address; check it") from error
        except Exception as error:  # of as many kinds as there are file systems
            if attempt == TRIES or not _may_pass(error):
                raise PhotoError(address, f"can't be fetched: {_reason(error)}") from error
        await asyncio.sleep(_PAUSE_S * 2 ** (attempt - 1))
    raise AssertionError("the last try returns or raises")


async def _content(address: str) -> bytes:
    files, path = _locate(address)
    if files.async_impl:
        content: bytes = await files._cat_file(path)
        return content
    return await asyncio.to_thread(files.cat_file, path)


def _may_pass(error: Exception) -> bool:
    lasting = isinstance(error, PermissionError | ValueError | ImportError | NotImplementedError)
    return not lasting and getattr(error, "status", None) not in _ANSWERS_THAT_STAY


def _locate(address: str, **options: Any) -> tuple[Any, str]:
    if scheme_of(address) in {"http", "https"}:
        from aiohttp import ClientTimeout  # noqa: PLC0415

        # A list of any length may come, but not stand still.
        waits = ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=TIMEOUT_S)
        options = {**options, "client_kwargs": {"timeout": waits}}
    found: tuple[Any, str] = _fsspec().core.url_to_fs(address, **options)
    return found


def _fsspec() -> Any:
    try:
        import fsspec  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(READING, "cluster") from error
    return fsspec


def _needs_more(scheme: str, error: ImportError) -> SourceError:
    """What to install, as fsspec says it: `Install s3fs to access S3`."""
    return SourceError(NEEDS_MORE.fill(scheme=scheme, install=str(error).rstrip(".")))


def _unreadable(address: str, error: Exception) -> Exception:
    if isinstance(error, MissingExtraError):
        return error
    if isinstance(error, ImportError):
        return _needs_more(scheme_of(address), error)
    if isinstance(error, FileNotFoundError):
        return SourceError(NOTHING_THERE.fill(address=address))
    return SourceError(UNREADABLE.fill(address=address, why=_reason(error)))


def _reason(error: Exception) -> Words:
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return STATUS.fill(status=status)
    words = getattr(error, "strerror", None) or str(error)
    first = words.strip().partition("\n")[0].rstrip(".")
    return plain(first or type(error).__name__)
