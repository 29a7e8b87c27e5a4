"""A server with the ready bundle, and a browser's page that tells what it complains of."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from kuzov.bundle.layout import REPORT
from kuzov.bundle.ready import ready_model
from kuzov.report.markup import whole_page
from kuzov.words import Words
from tests.chaos.running import Server, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Page, Request

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def drawn(name: str, side: int = 240, colour: str = "steelblue") -> FilePayload:
    """A file to choose in the page: a simple car on a road."""
    image = Image.new("RGB", (side, side * 3 // 4), "lightgrey")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((side // 6, side // 3, side * 5 // 6, side // 2), side // 20, colour)
    for x in (side // 4, side * 5 // 8):
        draw.ellipse((x, side * 4 // 9, x + side // 8, side * 5 // 9), "black")
    file = io.BytesIO()
    image.save(file, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": file.getvalue()}


def expect_no_violation(page: Page) -> None:
    """What axe-core finds that would keep somebody from using the page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed.")
    found = axe.Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def with_report(base_path: Path) -> Path:
    """A copy of the ready model, with a report in its bundle."""
    shutil.copytree(ready_model(), base_path)
    page = whole_page(Words("Report", "Отчёт"), "1", (), ())
    page = page.replace("</style>", "h1 { color: rgb(1, 2, 3) }</style>")
    (base_path / "1" / REPORT).write_text(page, encoding="utf-8")
    return base_path


@dataclass
class Heard:
    """What a page asked the network for, and what it complained of."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Listen to a page from now on."""

        def complain(message: ConsoleMessage) -> None:
            self.complaints.append(message.text)

        def ask(request: Request) -> None:
            self.requests.append(request.url)

        page.on("console", complain)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", ask)


OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`kuzov serve` with the ready bundle, and a report in it, as the model m."""
    folder = tmp_path_factory.mktemp("server")
    with running(
        with_report(folder / "models"), folder / "log", "--file-system-poll-wait-seconds=0"
    ) as server:
        yield server


@pytest.fixture
def heard() -> Heard:
    """What the pages of `open_page` asked for and complained of."""
    return Heard()


@pytest.fixture
def open_page(chromium: Browser, heard: Heard) -> Iterator[OpenPage]:
    """Opens a server's page as `open_page(port, **options)`; options are those of a browser's context."""
    contexts = []

    def open_at(port: int, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        heard.listen(page)
        page.goto(f"http://127.0.0.1:{port}/")
        return page

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture
def page(server: Server, open_page: OpenPage) -> Page:
    """The server's page in English, in a window of a desktop's size."""
    return open_page(server.rest_port)
