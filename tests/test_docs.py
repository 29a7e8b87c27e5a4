"""The documents: links that lead somewhere, twins in Russian, and pages that are made from the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kuzov.data.folder_names import SETS
from kuzov.images.formats import EXTENSIONS
from scripts.make_reference import commands_page, settings_page

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
PAGES = sorted(
    page.relative_to(REPOSITORY)
    for page in (*REPOSITORY.glob("*.md"), *DOCS.glob("*.md"), *DOCS.glob("adr/*.md"))
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
TWINS = sorted(page.name.removesuffix(".ru.md") for page in DOCS.glob("*.ru.md"))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (REPOSITORY / page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", TWINS)
def test_a_page_and_its_twin_lead_to_each_other(name: str) -> None:
    assert f"]({name}.ru.md)" in (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert f"]({name}.md)" in (DOCS / f"{name}.ru.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_index_names_every_page(language: str) -> None:
    index = DOCS / ("README.ru.md" if language == "ru" else "README.md")
    listed = {*LINK.findall(index.read_text(encoding="utf-8"))}
    for page in DOCS.glob("*.md"):
        name = page.name.removesuffix(".md").removesuffix(".ru")
        if name == "README":
            continue
        wanted = f"{name}.ru.md" if language == "ru" and name in TWINS else f"{name}.md"
        assert wanted in listed, page.name


def test_commands_and_settings_are_those_of_the_code() -> None:
    told = "made from the code: python scripts/make_reference.py"
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == commands_page(), told
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page(), told


@pytest.mark.parametrize("page", ["photos.md", "photos.ru.md"])
def test_the_page_on_photos_names_every_ending_and_every_name_of_a_set(page: str) -> None:
    words = set(re.split(r"[ |,\n]+", (DOCS / page).read_text(encoding="utf-8")))
    assert {*EXTENSIONS, *(name for names in SETS.values() for name in names)} <= words
