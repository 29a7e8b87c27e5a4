"""One version's life: START, LOADING, AVAILABLE, UNLOADING, END."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kuzov.bundle.card import find_card
from kuzov.bundle.layout import SAVED_MODEL
from kuzov.errors import ErrorCode, InstallationError, KuzovError, RequestError
from kuzov.serve.repository.servable import LoadEngine, Servable, VersionStatus
from kuzov.wire.messages import DecodeError

_log = logging.getLogger(__name__)


class State(StrEnum):
    """TensorFlow Serving's words for where a version is in its life."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a version could not be loaded, and whether that stays so however often it is tried."""

    code: ErrorCode
    message: str
    lasting: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class VersionLife:
    """A version from its discovery to its end. Its owner sees to it that one thread at a time changes it.

    Attributes:
        trying: Whether a thread is loading it now.
        retry_at: When the next try is due, by `time.monotonic`.
        servable: What requests get; None unless it is available.
        failure: Why the last try failed; None where none has.
        engine: Name of the runtime that computes it; None before it is loaded and after its end.
    """

    model: str
    version: int
    folder: Path
    tries_left: int
    state: State = State.START
    trying: bool = False
    retry_at: float = 0.0
    servable: Servable | None = None
    failure: Failure | None = None
    engine: str | None = None

    def begin(self) -> None:
        """A thread starts to load it."""
        self.state, self.trying = State.LOADING, True

    def succeed(self, servable: Servable) -> None:
        """It is loaded and warm."""
        self.state, self.trying = State.AVAILABLE, False
        self.servable, self.failure, self.engine = servable, None, servable.engine.name

    def fail(self, failure: Failure, retry_at: float) -> None:
        """A try failed; the next is due at `retry_at`, unless there is none."""
        self.trying, self.failure, self.retry_at = False, failure, retry_at
        self.tries_left = 0 if failure.lasting else self.tries_left - 1
        if self.tries_left <= 0:
            self.end()

    def release(self) -> Servable:
        """Let its servable go; requests under way may hold it a while longer."""
        assert self.servable is not None, "only an available version is unloaded"
        servable, self.servable, self.state = self.servable, None, State.UNLOADING
        return servable

    def end(self) -> None:
        """It is unloaded, has failed for good, or is not wanted any more before it was loaded."""
        self.state, self.engine = State.END, None

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a thread to load it, or for the time of its next try."""
        return self.state is State.START or (self.state is State.LOADING and not self.trying)

    def is_due(self, now: float) -> bool:
        """Whether a try may start, at a time by `time.monotonic`."""
        return self.is_waiting and now >= self.retry_at

    @property
    def is_new(self) -> bool:
        """Whether its first try has not ended yet."""
        return self.state in {State.START, State.LOADING} and self.failure is None

    def status(self) -> VersionStatus:
        """What is told of it; a failure only once no try is left."""
        failed = self.failure if self.state is State.END else None
        return VersionStatus(
            version=self.version,
            state=self.state.value,
            error_code=failed.code.value if failed else "OK",
            error_message=failed.message if failed else "",
            engine=self.engine,
        )


def load(
    life: VersionLife, load_engine: LoadEngine, warm_up: Callable[[Servable, Path], None]
) -> Servable | Failure:
    """Try once to load a version and to warm it up; whatever goes wrong must not harm the others."""
    folder = life.folder
    try:
        servable = Servable(
            name=life.model,
            version=life.version,
            engine=load_engine(folder),
            card=find_card(folder),
            folder=folder,
        )
        warm_up(servable, folder)
    except RequestError as error:
        return Failure(code=error.code, message=str(error))
    except KuzovError as error:
        lasting = isinstance(error, InstallationError)
        return Failure(code=_code(error, folder), message=str(error), lasting=lasting)
    except MemoryError:
        message = f"There is not enough memory to load {folder}."
        return Failure(code=ErrorCode.RESOURCE_EXHAUSTED, message=message)
    except BaseException as error:
        _log.exception("Unexpected error while loading version %d of model %s", life.version, life.model)
        message = f"Loading {folder} ended in an unexpected {type(error).__name__}; the log tells more."
        return Failure(code=ErrorCode.INTERNAL, message=message)
    return servable


def _code(error: KuzovError, folder: Path) -> ErrorCode:
    if isinstance(error.__cause__, FileNotFoundError) or not (folder / SAVED_MODEL).exists():
        return ErrorCode.NOT_FOUND
    broken = isinstance(error.__cause__, DecodeError)
    return ErrorCode.DATA_LOSS if broken else ErrorCode.FAILED_PRECONDITION
