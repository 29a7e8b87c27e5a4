"""Who may use the server: those who present one of the keys in a file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import stat
import time
from pathlib import Path
from typing import TypeAlias

from kuzov.errors import ConfigError, ErrorCode, RequestError

MIN_KEY_LENGTH = 16
CHECK_INTERVAL_S = 1.0

_KEY = re.compile(rf"[!-~]{{{MIN_KEY_LENGTH},}}")
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
        """Read a file of keys: one a line; blank lines and those that begin with # are skipped.

        Raises:
            ConfigError: The file can't be read, holds no key, or a key is shorter than 16 characters or not
                plain ASCII. The text names the line, never the key.
        """
        stamp = _stamp(file)
        return cls(file, _digests(file), stamp)

    def check(self, presented: str | None) -> None:
        """Let a request pass if it presents one of the keys.

        Args:
            presented: What the request's headers give; None where they give none.

        Raises:
            RequestError: UNAUTHENTICATED: there is no key, or it is unknown.
        """
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
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        text = f"The file of API keys {file} can't be read: {error.strerror or error}."
        raise ConfigError(text) from error
    digests = []
    for number, line in enumerate(lines, start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if not _KEY.fullmatch(key):
            text = (
                f"{file}, line {number}: an API key must be {MIN_KEY_LENGTH} or more ASCII characters "
                "without spaces, one key a line. Make one with: openssl rand -hex 32"
            )
            raise ConfigError(text)
        digests.append(_digest(key))
    if not digests:
        raise ConfigError(
            f"The file of API keys {file} holds no key. Write one a line; make it with: openssl rand -hex 32"
        )
    if os.name == "posix" and mode & stat.S_IROTH:
        _log.warning("Every user of this machine can read the API keys in %s; run: chmod 600 %s", file, file)
    return tuple(digests)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
