from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from kuzov.teach.worker import Orders


def test_training_goes_before_embedding_which_it_does_itself() -> None:
    orders = Orders()
    orders.put({"embed": ["a.jpg"]})
    orders.put({"train": True})
    orders.put({"embed": ["b.jpg"]})
    assert orders.take() is None
    orders.put({"embed": ["c.jpg"]})
    assert orders.take() == [Path("c.jpg")]


def test_photos_are_taken_a_few_at_a_time() -> None:
    orders = Orders()
    orders.put({"embed": [str(number) for number in range(10)]})
    assert [len(orders.take() or ()) for _ in range(2)] == [8, 2]


def test_who_has_nothing_to_do_waits() -> None:
    orders, taken = Orders(), []
    thread = threading.Thread(target=lambda: taken.append(orders.take()))
    thread.start()
    orders.put({"train": True})
    thread.join(10)
    assert taken == [None]


def test_the_process_ends_with_its_orders() -> None:
    command = [sys.executable, "-m", "kuzov.teach.worker", "photos", "trained", "runs"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
