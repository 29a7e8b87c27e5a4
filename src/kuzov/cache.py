"""Where kuzov keeps what it could make anew."""

from __future__ import annotations

import os
from pathlib import Path


def default_cache() -> Path:
    """The user's cache folder for kuzov: $KUZOV_CACHE, or kuzov under the XDG cache folder.

    Raises:
        RuntimeError: The user has no home folder.
    """
    if "KUZOV_CACHE" in os.environ:
        return Path(os.environ["KUZOV_CACHE"])
    folder = os.environ.get("XDG_CACHE_HOME")
    return (Path(folder) if folder else Path.home() / ".cache") / "kuzov"
