"""A server that begins with nothing, in the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.running import Server, publish, running, until
from tests.web.conftest import PHONE, Heard, OpenPage, expect_no_violation

if TYPE_CHECKING:
    from playwright.sync_api import Page

BASE = "models/mine"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def empty(folder: Path) -> Iterator[Server]:
    """`kuzov serve --teach` with a model folder that is not there."""
    with running(folder / BASE, folder / "log", "--teach=true") as server:
        yield server


def heading(page: Page, text: str) -> None:
    page.get_by_role("heading", name=text, level=1).wait_for()


@pytest.mark.parametrize(
    ("locale", "title", "why", "way_in", "label"),
    [
        ("en-GB", "Teach me a first car", "There is no recogniser here yet.", "Log in", "Token"),
        ("ru-RU", "Научите меня первой машине", "Распознавателя здесь пока нет.", "Войти", "Токен"),
    ],
)
def test_the_page_asks_for_a_first_car(
    empty: Server,
    open_page: OpenPage,
    heard: Heard,
    locale: str,
    title: str,
    why: str,
    way_in: str,
    label: str,
) -> None:
    page = open_page(empty.rest_port, locale=locale, viewport=PHONE)
    heading(page, title)
    assert why in page.locator("#teach").inner_text()
    assert page.locator("#drop").is_hidden()
    page.get_by_label(label).fill(token_of(empty))
    page.get_by_role("button", name=way_in).click()
    page.locator("#teach .open").wait_for()
    assert page.locator("#teach select").first.input_value() == "/new"
    expect_no_violation(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert heard.complaints == []


def test_its_first_version_answers_by_itself(empty: Server, open_page: OpenPage, folder: Path) -> None:
    page = open_page(empty.rest_port)
    heading(page, "Teach me a first car")
    assert empty.get("/readyz")[0] == 503
    publish(folder / BASE, 1)
    until(lambda: empty.get("/readyz")[0] == 200)
    heading(page, "Which car is it?")
    assert page.locator("#drop").is_visible()


def token_of(server: Server) -> str:
    found = re.search(r"#teach=(\S+)", server.log.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]
