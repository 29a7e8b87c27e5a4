"""The web page: its files put into one, which nothing but itself may run in.

The page's script and style stand in it, and the policy names them by their digests: whatever else might get
into the page, a model's name or a photo's, no browser would run it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from kuzov.serve.rest.answer import Answer

FOLDER = Path(__file__).with_name("page")

# One scope: each file may use what those before it define; the last one starts the page.
SCRIPTS = (
    "words.js",
    "language.js",
    "element.js",
    "key.js",
    "server.js",
    "models.js",
    "queue.js",
    "saliency.js",
    "card.js",
    "answers.js",
    "photos.js",
    "commands.js",
)
START = "start.js"
STYLES = ("page.css",)
TEACHING_SCRIPTS = (
    "teach/words.js",
    "teach/ask.js",
    "teach/refresh.js",
    "teach/photos.js",
    "teach/upload.js",
    "teach/judgement.js",
    "teach/correct.js",
    "teach/panel.js",
)
TEACHING_STYLE = "teach/teach.css"

_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def assemble_page(*, teaching: bool) -> Answer:
    """The page as an answer, with its Content-Security-Policy.

    Args:
        teaching: Whether what teaches the model is part of it.
    """
    scripts = (*SCRIPTS, *(TEACHING_SCRIPTS if teaching else ()), START)
    styles = (*STYLES, *((TEACHING_STYLE,) if teaching else ()))
    script, style = _joined(scripts), _joined(styles)
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
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


def _joined(names: tuple[str, ...]) -> str:
    return "".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def _digest(text: str) -> str:
    """What a policy calls a script or style that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
