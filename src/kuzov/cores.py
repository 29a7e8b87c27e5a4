"""How many processor cores this process may use, in a container fewer than there are; and work for all."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

CGROUP = Path("/sys/fs/cgroup")
MOST_AHEAD = 32

Item = TypeVar("Item")
Made = TypeVar("Made")


@cache
def usable_cores() -> int:
    """Cores that this process may use, at least 1: those it may run on, within its container's quota.

    Docker's `--cpus` and a Kubernetes limit are quotas of time, which `os.cpu_count` does not know of. A
    quota of one and a half cores counts as two.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _quota(CGROUP))))


def cores_if_limited() -> int:
    """As `usable_cores`; but 0, for a library's own choice, where nothing limits this process."""
    cores = usable_cores()
    return cores if cores < (os.cpu_count() or 1) else 0


def a_few_ahead(make: Callable[[Item], Made], items: Iterable[Item]) -> Generator[Made]:
    """Make something of each item, in order, in threads that are a few items ahead.

    They are twice as many as the cores, as one that waits for a network leaves its core to another.
    """
    with ThreadPoolExecutor(2 * usable_cores()) as threads:
        ahead: deque[Future[Made]] = deque()
        try:
            for item in items:
                if len(ahead) == MOST_AHEAD:
                    yield ahead.popleft().result()
                ahead.append(threads.submit(make, item))
            while ahead:
                yield ahead.popleft().result()
        finally:
            for each in ahead:  # nobody wants them any more
                each.cancel()


def _quota(cgroup: Path) -> float:
    """Cores' worth of time that a control group allows, of version 2 or 1; infinite where it says nothing."""
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota, period = (
                (cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip()
                for name in ("quota", "period")
            )
        except OSError:
            return math.inf
    return int(quota) / int(period) if quota.isdigit() else math.inf  # "max", or -1 in version 1
