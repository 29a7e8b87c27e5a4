"""The language in which a report opens: that of the page which links to it, else the browser's."""

from __future__ import annotations

from urllib.parse import parse_qs

from kuzov.report.page_script import SCRIPT
from kuzov.serve.rest.request import Request
from kuzov.words import LANGUAGES, Language

_SWITCH = {language: f' id="{language}"'.encode() for language in LANGUAGES}


def asked_language(request: Request) -> Language:
    """The first that a request names and a report has, in its query or in Accept-Language; else English."""
    query = parse_qs(request.target.partition("?")[2])
    named = [*query.get("language", ()), *(request.header(b"accept-language") or "").split(",")]
    wanted = [each.strip()[:2].lower() for each in named]
    return min(LANGUAGES, key=lambda each: wanted.index(each) if each in wanted else len(wanted))


def in_language(page: bytes, language: Language) -> bytes:
    """A report with its switch at a language; its script, which no browser would run here, is left out."""
    page = page.replace(f"<script>{SCRIPT}</script>\n".encode(), b"")
    if language == "en" or _SWITCH[language] + b" checked" in page:
        return page
    english, chosen = _SWITCH["en"], _SWITCH[language]
    return page.replace(english + b" checked>", english + b">", 1).replace(
        chosen + b">", chosen + b" checked>", 1
    )
