"""The web page at /: which files it is made of."""

from __future__ import annotations

from pathlib import Path

from kuzov.serve.rest.answer import Answer
from kuzov.serve.rest.pages import LOOK, html_page

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
    "boxes.js",
    "card.js",
    "answers.js",
    "photos.js",
    "samples.js",
    "camera.js",
    "zip.js",
    "tables.js",
    "commands.js",
)
START = "start.js"
STYLE = "page.css"
TEACHING_SCRIPTS = (
    "teach/words.js",
    "teach/ask.js",
    "teach/target.js",
    "teach/refresh.js",
    "teach/photos.js",
    "teach/upload.js",
    "teach/changes.js",
    "teach/judgement.js",
    "teach/correct.js",
    "teach/panel.js",
)
TEACHING_STYLE = "teach/teach.css"


def assemble_page(*, teaching: bool) -> Answer:
    """The page as an answer; with `teaching`, what teaches the model is part of it."""
    scripts = (*SCRIPTS, *(TEACHING_SCRIPTS if teaching else ()), START)
    styles = (STYLE, *((TEACHING_STYLE,) if teaching else ()))
    return html_page(
        (FOLDER / "index.html").read_text(encoding="utf-8"),
        styles=(LOOK, *(FOLDER / name for name in styles)),
        scripts=tuple(FOLDER / name for name in scripts),
    )
