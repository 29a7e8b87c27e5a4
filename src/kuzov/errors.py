"""What can go wrong, in words a user can act on.

KuzovError
├── ConfigError     a setting is unknown or out of range
├── PhotoError      one photo can't be read
├── DatasetError    a folder of photos can't be learned from
├── BundleError     a model folder is missing, incomplete or broken
├── RequestError    a request to the server can't be answered
├── ServerError     a server answered with an error, or not at all
└── MissingExtraError   a command needs an optional dependency
"""

from __future__ import annotations

from enum import Enum


class ErrorCode(Enum):
    """Protocol-neutral kinds of failure; each transport holds one table from these to its statuses."""

    INVALID = "invalid"
    NOT_FOUND = "not found"
    UNIMPLEMENTED = "unimplemented"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class KuzovError(Exception):
    """Base of every error that kuzov raises on purpose; its text is one clear message for a user."""


class ConfigError(KuzovError):
    """A setting is unknown, of the wrong type or out of range."""


class PhotoError(KuzovError):
    """One photo can't be read.

    Attributes:
        photo: The photo's path, or the name its sender gave it.
        reason: What is wrong with it, without the name.
    """

    def __init__(self, photo: str, reason: str) -> None:
        super().__init__(f"{photo}: {reason}")
        self.photo = photo
        self.reason = reason


class DatasetError(KuzovError):
    """A folder of photos can't be learned from; the text names the folder and what to change."""


class BundleError(KuzovError):
    """A model folder is missing, incomplete or broken."""


class RequestError(KuzovError):
    """A request can't be answered; `code` says of which kind the failure is."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class ServerError(KuzovError):
    """A server answered with an error, or not at all."""


class MissingExtraError(KuzovError):
    """A command needs an optional dependency that is not installed."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(
            f"{needed_for} needs packages that are not installed. Install them with: "
            f"pip install 'kuzov[{extra}]'"
        )
