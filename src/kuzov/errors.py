"""What can go wrong, in words a user can act on.

KuzovError
├── ConfigError     a setting is unknown or out of range
├── PhotoError      one photo can't be read
├── DatasetError    a folder of photos can't be learned from
├── BundleError     a model folder is missing, incomplete or broken
├── SourceError     what is to be classified can't be listed
├── ResultsError    results can't be read, or no more be written
├── RequestError    a request to the server can't be answered
│   └── OverloadedError   now; later it can
├── ServerError     a server answered with an error, or not at all
└── InstallationError   a part of kuzov is missing or broken; trying again does not help
    └── MissingExtraError   a command needs an optional dependency
"""

from __future__ import annotations

import errno
import os
from enum import Enum

from kuzov.words import Words, plain, shown


class ErrorCode(Enum):
    """Kinds of failure, by the names that TensorFlow and gRPC share."""

    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"
    INVALID = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DATA_LOSS = "DATA_LOSS"
    UNAUTHENTICATED = "UNAUTHENTICATED"


class KuzovError(Exception):
    """Base of every error that kuzov raises on purpose; its text is one clear message for a user.

    `str` of it is English; `words` is what a person is told in a language, where the text has both.
    """

    def __init__(self, text: str | Words) -> None:
        super().__init__(text)

    @property
    def words(self) -> Words:
        """The text in both languages; English twice where there is no other."""
        (text,) = self.args
        if isinstance(text, Words):
            return text
        lines = "\n".join(map(shown, text.split("\n")))  # some are of several, as a cluster's
        return Words(lines, lines)


class ConfigError(KuzovError):
    """A setting is unknown, of the wrong type or out of range."""


class PhotoError(KuzovError):
    """One photo can't be read.

    Attributes:
        photo: The photo's path, or the name its sender gave it.
        reason: What is wrong with it, without the name, in English.
        reason_words: The same in both languages, as far as it is told so.
        kind: The same in a word, for programs: "empty_image", "no_image", "broken_image", "large_image", or
            None.
    """

    def __init__(self, photo: str, reason: str | Words, kind: str | None = None) -> None:
        super().__init__(plain("{photo}: {reason}").fill(photo=photo, reason=reason))
        self.photo = photo
        self.reason = str(reason)
        self.reason_words = reason if isinstance(reason, Words) else plain(reason)
        self.kind = kind


class DatasetError(KuzovError):
    """A folder of photos can't be learned from; the text names the folder and what to change.

    Attributes:
        kind: What is wrong in a word, for programs: "few_different", or None.
        classes: Ids of the classes that it is wrong with.
    """

    def __init__(self, message: str | Words, kind: str | None = None, classes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.classes = classes


class BundleError(KuzovError):
    """A model folder is missing, incomplete or broken."""


class SourceError(KuzovError):
    """What is to be classified can't be listed; the text names the folder, list or address."""


class ResultsError(KuzovError):
    """The results of a classification can't be read, or no more be written; what was written is kept."""


class RequestError(KuzovError):
    """A request can't be answered.

    Attributes:
        code: Of which kind the failure is.
        reason: A word by which a program may tell it from others of the kind, or None.
    """

    def __init__(self, code: ErrorCode, message: str | Words, reason: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


def invalid(message: str) -> RequestError:
    """The error for a request that can't be understood, or makes no sense for the model that it names."""
    return RequestError(ErrorCode.INVALID, message)


class OverloadedError(RequestError):
    """The server has as much work as it takes on; the same request may be sent again after a while."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.RESOURCE_EXHAUSTED, message)


class ServerError(KuzovError):
    """A server answered with an error, or not at all."""


class InstallationError(KuzovError):
    """A part of kuzov itself, or a package, is missing or broken; to try again does not help."""


class MissingExtraError(InstallationError):
    """A command needs an optional dependency that is not installed."""

    def __init__(self, needed_for: str | Words, extra: str) -> None:
        super().__init__(
            Words(
                "{it} needs packages that are not installed. Install them with: pip install 'kuzov[{extra}]'",
                "{it}: не хватает пакетов. Установите их: pip install 'kuzov[{extra}]'",
            ).fill(it=needed_for, extra=extra)
        )


# The everyday ones of what a system says; what else it says stays English.
_IN_RUSSIAN = {
    os.strerror(errno.EACCES): "нет прав доступа",
    os.strerror(errno.EPERM): "это не разрешено",
    os.strerror(errno.EROFS): "файловая система только для чтения",
    os.strerror(errno.ENOSPC): "на диске нет места",
    os.strerror(errno.ENOENT): "нет такого файла или папки",
    os.strerror(errno.EEXIST): "такой файл уже есть",
    os.strerror(errno.ENOTDIR): "на этом пути файл, а не папка",
    os.strerror(errno.EISDIR): "это папка",
    os.strerror(errno.ENAMETOOLONG): "слишком длинное имя файла",
    os.strerror(errno.EADDRINUSE): "адрес уже занят",
    os.strerror(errno.EADDRNOTAVAIL): "у этого компьютера нет такого адреса",
    os.strerror(errno.ECONNREFUSED): "в соединении отказано",
    "Name or service not known": "такого имени нет",  # the resolver's, whose errors have other numbers
}


def reason_of(error: OSError) -> Words:
    """What the system says of it; an error that a library made up has a text of its own, and no more."""
    said = error.strerror or str(error) or type(error).__name__
    return Words(said, _IN_RUSSIAN.get(said, said))
