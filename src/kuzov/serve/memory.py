"""How the C library's allocator deals with memory that is free for the moment."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

# glibc's names and numbers, malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_MEBIBYTE = 1 << 20


def keep_freed_memory() -> None:
    """Have blocks of a request's size kept for the next request, rather than handed back and fetched again.

    glibc may return large blocks to the system at once; the pages of the next one are then filled with zeros
    one by one (docs/adr/0011). To be called before there are threads.
    """
    mallopt = _function("mallopt")
    if mallopt is not None:
        # What is larger, such as a photo of a phone, would leave gaps that can't be given back.
        mallopt(_M_MMAP_THRESHOLD, 2 * _MEBIBYTE)
        mallopt(_M_TRIM_THRESHOLD, 16 * _MEBIBYTE)
        mallopt(_M_TOP_PAD, 4 * _MEBIBYTE)
        # Threads that keep freed memory each for itself would keep many times as much.
        mallopt(_M_ARENA_MAX, 2)


def give_back_memory() -> None:
    """Free what is out of reach, and return free pages to the system.

    An allocator keeps what was freed for later use: without this, a server that swaps models grows to the
    size of two.
    """
    gc.collect()
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def _function(name: str) -> Any:
    """A function of the C library; None where it is not GNU's."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
