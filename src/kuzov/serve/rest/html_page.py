"""A web page whose files are put into one, which nothing but itself may run in.

The page's script and style stand in it, and the policy names them by their digests: whatever else might get
into the page, a model's name or a photo's, no browser would run it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from kuzov.serve.rest.answer import Answer

_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def html_page(html: str, styles: Sequence[Path], scripts: Sequence[Path]) -> Answer:
    """The page as an answer, the files in place of the comments for them, and its Content-Security-Policy."""
    style, script = _joined(styles), _joined(scripts)
    html = html.replace("/* style */", style).replace("/* script */", script)
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    headers = (
        ("content-security-policy", policy),
        ("cache-control", "no-cache"),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    )
    return Answer(body=html.encode(), content_type="text/html; charset=utf-8", headers=headers)


def _joined(files: Sequence[Path]) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in files)


def _digest(text: str) -> str:
    """What a policy calls a script or style that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
