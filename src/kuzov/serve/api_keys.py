"""Who may use the server: those who present one of the keys in a file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from pathlib import Path
from typing import TypeAlias

from kuzov.errors import ConfigError, ErrorCode, RequestError
from kuzov.key_file import read_keys

CHECK_INTERVAL_S = 1.0

_BEARER = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)
_HOW = "Send one in the header Authorization: Bearer KEY, or X-API-Key: KEY."
_log = logging.getLogger(__name__)

_Stamp: TypeAlias = tuple[int, int, int]


class ApiKeys:
    """The keys of a file, which is read again whenever it changes, so that keys can be replaced meanwhile.

    Only the keys' digests are kept. Safe to use from several threads.
    """

    def __init__(self, file: Path, digests: tuple[bytes, ...], stamp: _Stamp | None) -> None:
        self._file = file
        self._digests = digests
        self._stamp = stamp
        self._checked = time.monotonic()

    @classmethod
    def read(cls, file: Path) -> ApiKeys:
        """The keys of a file; raises as `kuzov.key_file.read_keys` does."""
        stamp = _stamp(file)
        return cls(file, _digests(file), stamp)

    def check(self, presented: str | None) -> None:
        """Raise UNAUTHENTICATED unless what a request's headers give, None for none, is one of the keys."""
        self._follow()
        if presented is None:
            raise RequestError(ErrorCode.UNAUTHENTICATED, f"This server needs an API key. {_HOW}")
        digest = _digest(presented)
        # Every digest is compared, each in the same time: how long it took tells nothing of the keys.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise RequestError(ErrorCode.UNAUTHENTICATED, f"The server does not know this API key. {_HOW}")

    def _follow(self) -> None:
        now = time.monotonic()
        if now - self._checked < CHECK_INTERVAL_S:
            return
        self._checked = now
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._digests = _digests(self._file)
        except ConfigError as error:
            _log.error("%s The keys that were read before stay valid.", error)
        else:
            _log.info("Read the API keys in %s again: %d", self._file, len(self._digests))


def bearer(authorization: str | None) -> str | None:
    """The key in an Authorization header; None where there is no such header or it has another scheme."""
    found = _BEARER.fullmatch(authorization or "")
    return found[1] if found else None


def _stamp(file: Path) -> _Stamp | None:
    """What differs once a file was changed or replaced; None where there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _digests(file: Path) -> tuple[bytes, ...]:
    return tuple(map(_digest, read_keys(file)))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
