"""Pieces of HTML in both languages; all text is escaped here and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from kuzov.report import texts
from kuzov.report.page_script import SCRIPT
from kuzov.report.thumbnails import Thumbnail
from kuzov.words import Words, plain

STYLE_FILE = Path(__file__).with_name("page.css")

# The switch stands before <main>, where the style sheet's selectors can see which button is on.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<input type="radio" name="language" id="en" checked><label for="en" lang="en">English</label>
<input type="radio" name="language" id="ru"><label for="ru" lang="ru">Русский</label>
<main>
{content}
</main>
<script>{script}</script>
</body>
</html>
"""


def whole_page(title: Words, version: str, about: Iterable[Words], content: Iterable[str]) -> str:
    """A page that needs nothing beside it: its title, lines about what it shows, and sections."""
    lines = (paragraph(each, style="version") for each in about)
    return PAGE.format(
        title=escape(f"kuzov {version} · {title.in_line}"),
        style=STYLE_FILE.read_text(encoding="utf-8"),
        script=SCRIPT,
        content="\n".join(["<header>", f"<h1>{both(title)}</h1>", *lines, "</header>", *content]),
    )


def both(words: Words) -> str:
    """A text in both languages, of which the style sheet shows one; once where they are the same."""
    if words.en == words.ru:
        return escape(words.en)
    return f'<span lang="en">{escape(words.en)}</span><span lang="ru">{escape(words.ru)}</span>'


def paragraph(words: Words, *, style: str = "") -> str:
    """A paragraph; `style` is a class of the style sheet."""
    return f'<p class="{style}">{both(words)}</p>' if style else f"<p>{both(words)}</p>"


def section(heading: Words, *parts: str, anchor: str = "") -> str:
    """A section under its heading; links to `anchor` lead to it."""
    start = f'<section id="{escape(anchor)}">' if anchor else "<section>"
    return "\n".join([start, f"<h2>{both(heading)}</h2>", *parts, "</section>"])


def side_by_side(figures: Iterable[str]) -> str:
    """Figures side by side."""
    return "\n".join(['<div class="gallery">', *figures, "</div>"])


def and_more(count: int, file: str) -> str:
    """How many a list leaves out, and where they are; nothing where it has all."""
    return paragraph(texts.AND_MORE.fill(count=count, file=file)) if count > 0 else ""


def definitions(pairs: Iterable[tuple[Words, Words]]) -> str:
    """A list of terms with what is to say of each."""
    rows = (f"<dt>{both(term)}</dt><dd>{both(text)}</dd>" for term, text in pairs)
    return "\n".join(["<dl>", *rows, "</dl>"])


def link(anchor: str, words: Words) -> str:
    """A link to a place in the page."""
    return f'<a href="#{escape(anchor)}">{both(words)}</a>'


def details(summary: Words, *parts: str) -> str:
    """What is folded under its heading."""
    return "\n".join(["<details>", f"<summary>{both(summary)}</summary>", *parts, "</details>"])


def points(lines: Iterable[Words]) -> str:
    """A list of sentences."""
    return "\n".join(["<ul>", *(f"<li>{both(each)}</li>" for each in lines), "</ul>"])


def photo_figure(thumbnail: Thumbnail | None, *, name: str, caption: Words, wrong: bool = False) -> str:
    """A photo, beside it where the model looked, and what is told; pictures only where there are some."""
    styles, images = ["photo"], ""
    if thumbnail is not None:
        images = _jpeg(thumbnail.photo, plain(name), thumbnail.size)
    if thumbnail is not None and thumbnail.heat is not None:
        styles.append("pair")
        images += _jpeg(thumbnail.heat, texts.LOOKED_AT, thumbnail.size)
    if wrong:
        styles.append("wrong")
    return (
        f'<figure class="{" ".join(styles)}">{images}'
        f"<figcaption>{both(caption)}<br><small>{escape(name)}</small></figcaption></figure>"
    )


def _jpeg(content: bytes, alternative: Words, size: tuple[int, int]) -> str:
    data = base64.b64encode(content).decode("ascii")
    text, (width, height) = escape(alternative.in_line), size
    return f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="{text}">'


def picture(svg: str, caption: Words, *, large: bool) -> str:
    """A drawing inside the page; a large one keeps its size and is scrolled."""
    style = "scroll large" if large else "scroll"
    return f'<figure><div class="{style}">{svg}</div><figcaption>{both(caption)}</figcaption></figure>'


def table(
    caption: Words,
    head: Sequence[Words],
    rows: Iterable[Sequence[Words]],
    *,
    foot: Sequence[Words] = (),
    numeric: bool = False,
) -> str:
    """A table whose first column heads its rows; `numeric` aligns the others to the right."""
    return framed_table(
        caption,
        column_heads(head),
        (f"<tr>{_row(row)}</tr>" for row in rows),
        foot=f"<tfoot><tr>{_row(foot)}</tr></tfoot>" if foot else "",
        style="numeric" if numeric else "text",
    )


def column_heads(head: Iterable[Words]) -> str:
    """The cells above a table's columns."""
    return "".join(f'<th scope="col">{both(each)}</th>' for each in head)


def framed_table(caption: Words, head: str, rows: Iterable[str], *, foot: str = "", style: str) -> str:
    """A table of ready cells and rows, in a frame that scrolls sideways on a narrow screen."""
    return "\n".join(
        [
            f'<div class="scroll" tabindex="0"><table class="{style}">',
            f"<caption>{both(caption)}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody>",
            f"{foot}</table></div>",
        ]
    )


def _row(cells: Sequence[Words]) -> str:
    first, *others = cells
    return f'<th scope="row">{both(first)}</th>' + "".join(f"<td>{both(each)}</td>" for each in others)
