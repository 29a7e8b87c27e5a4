"""What the operating system tells of this process, by the names that Prometheus' own clients use."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

from kuzov.serve.monitoring.prometheus import Family, gauge

_PROC = Path("/proc/self")


def process_families() -> list[Family]:
    """Processor time; on Linux also memory, open files and when the process began, if files can be opened."""
    cpu: Family = {**gauge("process_cpu_seconds_total", {(): time.process_time()}), "kind": "counter"}
    try:
        resident_pages = int((_PROC / "statm").read_text().split()[1])
        return [
            cpu,
            gauge("process_resident_memory_bytes", {(): resident_pages * os.sysconf("SC_PAGE_SIZE")}),
            gauge("process_open_fds", {(): len(list((_PROC / "fd").iterdir()))}),
            gauge("process_start_time_seconds", {(): _start_time()}, combine="min"),
        ]
    except OSError:
        return [cpu]


@cache  # the clocks are read one after the other, so each reckoning differs a little
def _start_time() -> float:
    """When the process began, in seconds since 1970."""
    # The command's name, in brackets, may hold spaces and brackets itself.
    fields = (_PROC / "stat").read_text().rpartition(")")[2].split()
    after_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + after_boot
