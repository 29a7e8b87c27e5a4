"""The server's side of the process that trains."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from kuzov.errors import KuzovError, reason_of
from kuzov.teach.refusal import RefusedError

_log = logging.getLogger(__name__)

Tell: TypeAlias = Callable[[Mapping[str, Any]], None]
"""What the process that trains tells the server: a JSON object a time; see `kuzov.teach.worker`."""

UNEXPECTED = "Training failed; the server's log says why."
_NO_PROCESS = "The process that trains can't be started: %s."
COMMAND = (sys.executable, "-m", "kuzov.teach.worker")
# It holds more than 1 GB; the next teacher waits a few seconds for it.
IDLE_S = 10 * 60.0
# It tells each batch of photos; only what comes before and after them is silent for longer than seconds.
HANGING_S = 2 * 60 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the latest training goes, or went: `done` of a stage's `total`, at last a version or a failure.

    A failure has a word for programs too, and the classes that it is about. After a version was made it is
    compared with the one that is served, in the stage "compare".
    """

    running: bool = True
    comparing: bool = False
    stage: str = "start"
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    failure: str | None = None
    failure_kind: str | None = None
    failure_classes: tuple[str, ...] = ()
    version: int | None = None


class Trainer:
    """Trains in a process of its own, one training at a time. Safe to use from several threads.

    The process starts with the first order, and ends when nothing was asked of it for a while, or when it has
    told nothing of a training for so long that it must hang.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        trained: Callable[[], object],
        command: Sequence[str] = COMMAND,
        idle_s: float = IDLE_S,
        hanging_s: float = HANGING_S,
    ) -> None:
        """Hand the command its folders: the photos, where the versions go, where the runs go.

        After each training that made a version `trained` is called, in a thread; what it can't do is logged.
        """
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._trained = trained
        self._command = tuple(command)
        self._idle_s, self._hanging_s = idle_s, hanging_s
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._timer: threading.Timer | None = None
        self._training: Training | None = None
        self._began = 0.0
        self._closed = False

    @property
    def training(self) -> Training | None:
        """The latest training; None before the first."""
        with self._lock:
            if self._training is not None and self._training.running:
                return replace(self._training, seconds=time.monotonic() - self._began)
            return self._training

    @property
    def busy(self) -> bool:
        """Whether a training goes on."""
        with self._lock:
            return self._training is not None and self._training.running

    @property
    def awake(self) -> bool:
        """Whether the process is there."""
        with self._lock:
            return self._process is not None

    def embed(self, photos: Sequence[Path]) -> None:
        """Have the features of photos computed ahead of the next training, which does without if need be."""
        try:
            self._order({"embed": [str(photo.resolve()) for photo in photos]})
        except OSError as error:
            _log.error(_NO_PROCESS, reason_of(error))

    def check_free(self) -> None:
        """Refuse a training while one goes on."""
        if self.busy:
            raise RefusedError("training", "A training goes on already; wait for it to end.")

    def train(self) -> None:
        """Begin a training, unless one goes on already."""
        with self._lock:
            self.check_free()
            self._training, self._began = Training(), time.monotonic()
            try:
                self._order({"train": True})
            except OSError as error:
                _log.error(_NO_PROCESS, reason_of(error))
                self._finish(failure=UNEXPECTED, failure_kind="other")

    def close(self) -> None:
        """End the process, and a training under way with it: nothing of it is visible yet."""
        with self._lock:
            self._closed = True
            self._end()

    def _order(self, order: Mapping[str, Any]) -> None:
        with self._lock:
            if self._closed:
                return
            process = self._process or self._start()
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # it died; its reader notices
                print(json.dumps(order), file=process.stdin, flush=True)
            self._rest()

    def _start(self) -> subprocess.Popen[str]:
        self._process = process = subprocess.Popen(
            [*self._command, *self._folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl+C is for the server, which then ends this process
        )
        try:
            threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        except RuntimeError as error:  # there may be no more threads; nobody would hear the process
            with process:
                self._end()
            raise OSError(str(error)) from error
        return process

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        try:
            with process.stdout as news:
                for line in news:
                    self._hear(json.loads(line))
        except Exception:
            _log.exception("What the process that trains says can't be understood, so it is ended")
            _kill(process)
        status = process.wait()
        with self._lock:
            if self._training is not None and self._process in {None, process}:
                self._training = replace(self._training, comparing=False)
            if self._process is process:
                if self.busy:
                    text = f"{UNEXPECTED} The training process ended with status {status}."
                    self._finish(failure=text, failure_kind="other")
                self._end()

    def _hear(self, news: Mapping[str, Any]) -> None:
        version = news.get("trained")
        if version is not None:
            try:
                self._trained()
            except (KuzovError, OSError) as error:  # the version is there all the same
                _log.error("What version %s supersedes can't be removed: %s", version, error)
        with self._lock:
            if self._training is None or not (self._training.running or self._training.comparing):
                return
            if "stage" in news:
                self._training = replace(self._training, **news)
                self._rest()
            elif "compared" in news:
                self._training = replace(self._training, comparing=False)
                self._rest()
            elif version is not None:
                self._finish(version=version, comparing=True)
            else:
                classes = tuple(news.get("classes", ()))
                self._finish(
                    failure=news["failed"], failure_kind=news.get("kind", "other"), failure_classes=classes
                )

    def _finish(self, **outcome: Any) -> None:
        assert self._training is not None
        seconds = round(time.monotonic() - self._began, 2)
        self._training = replace(self._training, running=False, seconds=seconds, **outcome)
        self._rest()

    def _rest(self) -> None:
        """Wait anew for the time after which the process is no longer needed, or hangs."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self._hanging_s if self.busy else self._idle_s, self._end_silent)
        self._timer.daemon = True
        self._timer.start()

    def _end_silent(self) -> None:
        with self._lock:
            if threading.current_thread() is not self._timer:  # something was told or asked meanwhile
                return
            if self.busy:
                _log.error(
                    "The process that trains has told nothing for %.0f s, and is ended", self._hanging_s
                )
                self._finish(failure=UNEXPECTED, failure_kind="other")
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._timer is not None:
            self._timer.cancel()
        if process is not None:
            _kill(process)
            process.wait()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()


def _kill(process: subprocess.Popen[str]) -> None:
    """End it with all that it has started: an import may be asking a program of the system something."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
