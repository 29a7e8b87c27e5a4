from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kuzov.records import ClassName
from kuzov.report.comparison import BundleComparison, Difference, Side
from kuzov.report.comparison_page import p_value, verdict, write_comparison
from kuzov.words import Words
from tests.report.conftest import listen

if TYPE_CHECKING:
    from playwright.sync_api import Browser

A = Side(
    bundle="cars/1", right=40, total=45, accuracy=40 / 45, interval=(0.765, 0.952), ece=0.05, marked_unknown=2
)
B = replace(A, bundle="cars/2", right=44, accuracy=44 / 45, interval=(0.884, 0.996), ece=0.02)
FOUND = BundleComparison(
    a=A,
    b=B,
    photos=Path("photos"),
    classes=(ClassName(id="x5", en="BMW X5", ru="БМВ X5"), ClassName(id="vaz", en="VAZ-2110", ru="ВАЗ-2110")),
    both_right=40,
    only_a=0,
    only_b=4,
    neither=1,
    p_value=0.125,
    differences=tuple(
        Difference(photo=f"x5/{row}.jpg", label="x5", a="vaz", a_probability=0.6, b="x5", b_probability=0.9)
        for row in range(4)
    ),
    rejected=(),
)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (FOUND, "B recognises 44 of 45 photos, A 40; so small a difference can be chance."),
        (
            replace(FOUND, p_value=0.01),
            "B is better: it recognises 44 of 45 photos, A 40; that is hardly chance.",
        ),
        (
            replace(FOUND, a=B, b=A, p_value=0.01),
            "A is better: it recognises 44 of 45 photos, B 40; that is hardly chance.",
        ),
        (replace(FOUND, b=A), "Both recognise 40 of 45 photos, though not the same ones."),
        (
            replace(FOUND, b=replace(B, learned_from=40)),
            "B recognises 44 of 45 photos, A 40; so small a difference can be chance. But of these photos A "
            "has learned from 0 and B from 40, which flatters them; compare them on others.",
        ),
        (
            replace(FOUND, b=A, only_b=0),
            "Both recognise the same 40 of 45 photos: on these photos there is no difference.",
        ),
    ],
)
def test_the_verdict_in_plain_words(found: BundleComparison, words: str) -> None:
    assert verdict(found).en == words


def test_small_p_values() -> None:
    assert p_value(0.0312) == Words("0.031", "0,031")
    assert p_value(0.0001) == Words("< 0.001", "< 0,001")


def test_page_and_json_are_written(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "x5").mkdir(parents=True)
    Image.new("RGB", (64, 48)).save(photos / "x5" / "2.jpg")
    found = replace(FOUND, photos=photos)
    page = write_comparison(found, tmp_path / "new" / "out").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "new" / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(found.to_json()))
    assert "it shows BMW X5; A: VAZ-2110 (60.0\u00a0%); B: BMW X5 (90.0\u00a0%)" in page
    assert page.count("<figure") == 1  # the other photos are not there, and told by name
    assert '<th scope="row">x5/3.jpg</th>' in page
    assert "0 за А, 4 за Б" in page


def test_no_difference(tmp_path: Path) -> None:
    page = write_comparison(replace(FOUND, differences=()), tmp_path).read_text(encoding="utf-8")
    assert "They answer alike on every photo." in page


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_page(tmp_path: Path, chromium: Browser, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints = listen(page)
    page.goto(write_comparison(FOUND, tmp_path).as_uri())
    page.check("#ru")
    assert page.locator("h1").inner_text() == "Два распознавателя рядом"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []
    page.close()
