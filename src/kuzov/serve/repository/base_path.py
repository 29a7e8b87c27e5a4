"""A model's base path as people write it: a folder, or the URI of one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from kuzov.errors import invalid

# "file:/models/m" is short for "file:///models/m"; what has no such beginning is a folder.
_URI = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<host>[^/]*)(?P<path>.*)|file:(?P<short>/.*)", re.I | re.S
)
_HERE = {"", "localhost"}


def read_base_path(model: str, text: str) -> Path:
    """The folder that a base path means; of a file:// URI it is its path, percent-encoded as in any URI.

    Raises:
        RequestError: INVALID: it is not of this computer, as s3://bucket/models is not, or no path at all.
    """
    found = _URI.fullmatch(text)
    if found is None:
        path = Path(text)
    elif found["short"] or (found["scheme"].lower() == "file" and found["host"].lower() in _HERE):
        path = Path(os.fsdecode(unquote_to_bytes(found["short"] or found["path"])))
    else:
        raise invalid(
            f"Model {model} has the base path {text}, but only folders of this computer can be served. "
            f"{_advice(found)}"
        )
    if not text or "\0" in str(path):
        raise invalid(f"Model {model} has the base path {text!r}, which is no path. Give that of a folder.")
    return path


def _advice(found: re.Match[str]) -> str:
    if found["scheme"].lower() == "file":
        return (
            f"{found['host']} is read as the name of another; a path of this one has three slashes, file:///."
        )
    return "Mount or copy it, and give its path."
