"""The process that trains, so that the server's has neither its work nor its memory.

    python -m kuzov.teach.worker PHOTOS TRAINED RUNS

Orders come on stdin and news go to stdout, a JSON value a line:

    {"embed": ["/photos/bmw_x5/1.jpg", …]}     remember these photos' features, with nothing else to do
    {"train": true}                            train on all photos
    {"stage": "embed", "done": 3, "total": 40}
    {"trained": 1767225600}                    the new version's number, in TRAINED
    {"compared": true}                         what it changes stands in RUNS
    {"failed": "There are no photos in …", "kind": "photos", "classes": []}

It ends with its stdin.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from kuzov.lean_openvino import leave_converter_out
from kuzov.teach.trainer import Tell

# Requests are answered first.
NICENESS = 5
PHOTOS_AT_ONCE = 8


class Orders:
    """What is to be done; training goes before embedding, which it does itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._train = False
        self._photos: deque[Path] = deque()

    def put(self, order: Mapping[str, Any]) -> None:
        """Take an order."""
        with self._changed:
            self._train = self._train or bool(order.get("train"))
            self._photos.extend(map(Path, order.get("embed", ())))
            self._changed.notify()

    def take(self) -> list[Path] | None:
        """The next photos to embed, or None to train; waits for either."""
        with self._changed:
            self._changed.wait_for(lambda: self._train or self._photos)
            if self._train:
                self._train = False
                self._photos.clear()
                return None
            return [self._photos.popleft() for _ in range(min(PHOTOS_AT_ONCE, len(self._photos)))]


def main() -> None:
    """Obey orders until stdin ends."""
    leave_converter_out()
    photos, trained, runs = map(Path, sys.argv[1:])
    with suppress(OSError):
        os.nice(NICENESS)
    tell = _teller()
    orders = Orders()
    threading.Thread(target=_read_orders, args=(sys.stdin, orders), daemon=True).start()
    from kuzov.teach import jobs  # noqa: PLC0415  (orders are read meanwhile)

    while True:
        batch = orders.take()
        if batch is None:
            jobs.train(photos, trained, runs, tell)
        else:
            jobs.embed(batch)


def _read_orders(lines: IO[str], orders: Orders) -> None:
    for line in lines:
        orders.put(json.loads(line))
    os._exit(0)  # the server has gone, and a training under way is of no use to anyone


def _teller() -> Tell:
    """Writes news to what was stdout; what libraries print goes to stderr from now on."""
    news = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(what: Mapping[str, Any]) -> None:
        print(json.dumps(what), file=news, flush=True)

    return tell


if __name__ == "__main__":
    main()
