"""Classification on the threads of this process.

Each thread reads, decodes and computes one photo after another: while one computes, others read and decode,
and no photo is handed from thread to thread on its way.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from kuzov.bulk import remote
from kuzov.bulk.answers import Rows
from kuzov.bulk.labeller import Labeller
from kuzov.cores import usable_cores
from kuzov.errors import PhotoError

Content = str | bytes | PhotoError

SPARE_THREADS = 2  # so that a core whose photo waits for the disk or the interpreter has another one to do
FETCHES = 32  # addresses asked at a time

_WAITING_ANSWERS = 64
_LOOK_UP_S = 0.2
_CLOSE_GRACE_S = 5.0


def classify_here(
    photos: Iterator[str], _count: int, *, version_dir: Path, **options: Any
) -> Generator[Rows]:
    """Answer for photos by the model in a version's folder, on all cores; see `classify_on_threads`.

    The options are those of `Labeller`.
    """
    cores = usable_cores()
    return classify_on_threads(photos, Labeller(version_dir, threads=cores, **options), cores=cores)


def classify_on_threads(
    photos: Iterator[str], answer: Callable[[str, Content], Rows], *, cores: int
) -> Generator[Rows]:
    """Answer for paths and addresses, in whatever order they are ready.

    The next photo is asked for when a thread is free; `answer` is called on several at once.
    """
    stopped = threading.Event()
    contents, taking = fetch_ahead(photos, stopped), threading.Lock()
    answers: queue.Queue[Rows | BaseException | None] = queue.Queue(_WAITING_ANSWERS)

    def work() -> None:
        try:
            while not stopped.is_set():
                with taking:
                    item = next(contents, None)
                if item is None:
                    break
                answers.put(answer(*item))
        except BaseException as error:  # raised again by the thread that waits for answers
            answers.put(error)
        answers.put(None)

    names = [f"photos-{index}" for index in range(cores + SPARE_THREADS)]
    threads = [threading.Thread(target=work, name=name, daemon=True) for name in names]
    for thread in threads:
        thread.start()
    try:
        at_work = len(threads)
        while at_work:
            found = answers.get()
            if isinstance(found, BaseException):
                raise found
            if found is None:
                at_work -= 1
            else:
                yield found
    finally:
        stopped.set()
        _end(threads, answers)


def _end(threads: list[threading.Thread], answers: queue.Queue[Rows | BaseException | None]) -> None:
    """Wait for the threads, whose infer requests must not outlive OpenVINO; they may wait to hand over."""
    deadline = time.monotonic() + _CLOSE_GRACE_S
    while time.monotonic() < deadline and any(thread.is_alive() for thread in threads):
        with suppress(queue.Empty):
            answers.get(timeout=0.01)


def fetch_ahead(photos: Iterator[str], stopped: threading.Event) -> Iterator[tuple[str, Content]]:
    """Photos with their paths, or with what was fetched from their addresses, FETCHES of them at a time.

    Once `stopped` is set, nothing more is waited for.
    """
    under_way: dict[Future[bytes], str] = {}
    try:
        for photo in photos:
            if not remote.is_remote(photo):
                yield photo, photo
                continue
            under_way[remote.fetch(photo)] = photo
            while len(under_way) >= FETCHES and not stopped.is_set():
                yield from _fetched(under_way)
        while under_way and not stopped.is_set():
            yield from _fetched(under_way)
    finally:
        for future in under_way:
            future.cancel()


def _fetched(under_way: dict[Future[bytes], str]) -> Iterator[tuple[str, Content]]:
    """Wait a moment for some, and take them out."""
    done, _ = wait(under_way, _LOOK_UP_S, FIRST_COMPLETED)
    for future in done:
        photo = under_way.pop(future)
        try:
            yield photo, future.result()
        except PhotoError as error:
            yield photo, error
