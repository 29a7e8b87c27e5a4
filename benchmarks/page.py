"""How long the page of `kuzov serve` keeps a person waiting, in Chromium.

    python -m benchmarks.page PHOTOS

Prints the medians and the longest of: a cold load, from a new browser's first request until the page names
the model; and a photo of 12 megapixels and 5 MB, from when it is chosen until its answer is painted.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.decoding import read_files
from benchmarks.phone_photos import enlarge
from benchmarks.serving.process import kuzov_serve
from kuzov.bundle.ready import ready_model

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOADS, PHOTOS = 5, 16
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
# The answer's card stands in the page; two frames later it is on the screen.
PAINTED = """count => new Promise(done => {
  const look = () => document.querySelectorAll("article.answered").length >= count
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
})"""
CHOSEN = (
    """() => addEventListener("change", () => (globalThis.chosenAt = performance.now()), { capture: true })"""
)


def load(url: str) -> float:
    """Seconds of a cold load."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_selector("#model .name")
        seconds = time.perf_counter() - began
        browser.close()
    return seconds


def answer(page: Page, photo: bytes, count: int) -> float:
    """Seconds until the page has painted its answer number `count`."""
    page.evaluate(CHOSEN)
    page.set_input_files("#choose", {"name": "phone.jpg", "mimeType": "image/jpeg", "buffer": photo})
    painted: float = page.evaluate(PAINTED, count)
    chosen: float = page.evaluate("globalThis.chosenAt")
    return (painted - chosen) / 1000


def told(what: str, seconds: list[float]) -> str:
    """A line of the result."""
    middle, longest = 1000 * statistics.median(seconds), 1000 * max(seconds)
    return f"{what}: median {middle:.0f} ms, longest {longest:.0f} ms of {len(seconds)}"


def main() -> None:
    """Measure, and print."""
    photos = enlarge(read_files(Path(sys.argv[1]) / "validation")[:PHOTOS], progressive=False)
    with kuzov_serve(ready_model(), "auto") as server:
        url = f"http://127.0.0.1:{server.rest_port}/"
        print(told("a cold load", [load(url) for _ in range(LOADS)]))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_page()
            page.goto(url)
            page.wait_for_selector("#model .name")
            print(told("an answer", [answer(page, photo, n + 1) for n, photo in enumerate(photos)]))
            browser.close()


if __name__ == "__main__":
    main()
