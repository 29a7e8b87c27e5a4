from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kuzov.report.album import make_album
from kuzov.report.page_script import SCRIPT
from kuzov.report.run_page import render_page
from kuzov.run_metrics import RunMetrics
from tests.report.conftest import Metrics, Read, listen

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from kuzov.training.pipeline import TrainResult


# Elements that have no end tag.
VOID = {"meta", "link", "input", "img", "br"}


class Page(HTMLParser):
    """Checks that tags are closed in order; collects what the page loads and what each language reads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.sources: list[str] = []
        self.texts = {"en": "", "ru": ""}
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.sources += [found[key] for key in ("src", "href") if key in found]
        if tag not in VOID:
            self.open.append((tag, found.get("lang", "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        language = self.open[-1][1] if self.open else ""
        for each in [language] if language else self.texts:
            self.texts[each] += data


def render(run: RunMetrics) -> str:
    names = ("curves", "learning_curve", "reliability", "unknown", "confusion", "classes")
    return render_page(run, "17<95", {name: f'<svg id="{name}"></svg>' for name in names}, make_album(run))


def test_the_judgement_in_both_languages(metrics: Metrics, read: Read) -> None:
    texts = Page(render(read(metrics))).texts
    assert "Right on 8 of 9 photos it had not seen; expect 56 to 98\u00a0%." in texts["en"]
    assert "8 of 9 photos right: 88.9\u00a0%, 95\u00a0% interval 56.5–98.0\u00a0%." in texts["en"]
    assert "Верно 8 из 9 фото: 88,9\u00a0%, 95-процентный интервал 56,5–98,0\u00a0%." in texts["ru"]
    assert "A figure from 9 photos alone says little." in texts["en"]
    assert "97.1\u00a0% ± 2.0\u00a0% (folds: 3)" in texts["en"]
    assert "До калибровки 5,0\u00a0%, после неё 1,2\u00a0%" in texts["ru"]
    assert "78 to learn from, 9 to judge by; files left out: 1" in texts["en"]
    assert "1 of 9 photos. Each shows one of them, so 0 is best." in texts["en"]
    assert "The head on the frozen backbone" in texts["en"]
    assert "in equal groups (3 of them)" in texts["en"]
    assert "на равные группы (их 3)" in texts["ru"]
    assert "Nissan Qashqai (J11)" in texts["en"]
    assert "Ниссан Кашкай (J11)" not in texts["en"]
    assert "Ниссан Кашкай (J11)" in texts["ru"]
    assert "Nissan Qashqai (J11)" not in texts["ru"]


def test_few_shots_stand_in_for_the_cross_validation(few_shots: Metrics, read: Read) -> None:
    texts = Page(render(read(few_shots))).texts
    told = "83.2\u00a0% ± 4.6\u00a0% with 5 of each car, from 73.3\u00a0% to 91.3\u00a0% (random draws: 20)"
    assert told in texts["en"]
    assert "при 5 фото каждой машины" in texts["ru"]
    assert "Cross-validation" not in texts["en"]


@pytest.mark.parametrize(
    ("mean", "english", "russian"),
    [
        (0.93, "More photos would probably help: from 5 to 10", "скорее всего, помогут: от 5 до 10"),
        (0.85, "of this kind would hardly help: from 5 to 10", "вряд ли помогут: от 5 до 10"),
        (0.80, "accuracy went from 83.0\u00a0% to 80.0\u00a0%", "с 83,0\u00a0% до 80,0\u00a0%"),
    ],
)
def test_whether_more_photos_would_help(
    metrics: Metrics, read: Read, mean: float, english: str, russian: str
) -> None:
    metrics["learning_curve"]["mean"][-1] = mean
    texts = Page(render(read(metrics))).texts
    assert english in texts["en"]
    assert russian in texts["ru"]
    assert "varies with the draw (±\u00a04.0\u00a0%)" in texts["en"]  # the larger of both spreads


def test_a_single_point_tells_nothing_and_none_is_left_out(metrics: Metrics, read: Read) -> None:
    metrics["learning_curve"] = {"shots": [1], "mean": [0.9], "std": [0.1], "draws": 10}
    assert "These are too few photos to tell." in render(read(metrics))
    metrics["learning_curve"] = {"shots": [], "mean": [], "std": [], "draws": 10}
    assert "Would more photos help?" not in render(read(metrics))


def test_an_interval_is_told_of_photos_alone_that_it_has_not_learned_from(
    evaluation: Metrics, read: Read
) -> None:
    unseen = {"right": 2, "total": 3, "accuracy": 2 / 3, "interval": [0.208, 0.939]}
    texts = Page(render(read(evaluation | {"learned_from": 6, "unseen": unseen}))).texts
    assert "8 of 9 photos right: 88.9\u00a0%." in texts["en"]
    assert "2 of 3 photos right: 66.7\u00a0%, 95\u00a0% interval 20.8–93.9\u00a0%." in texts["en"]
    assert "Без фото, на которых он учился" in texts["ru"]


def test_what_fine_tuning_means(fine_tuned: Metrics, read: Read) -> None:
    texts = Page(render(read(fine_tuned))).texts
    assert "their accuracy flatters it a little" in texts["en"]
    assert "каждая эпоха дообучения" in texts["ru"]


def test_the_page_needs_nothing_beside_it(metrics: Metrics, read: Read) -> None:
    page = render(read(metrics))
    assert all(each.startswith(("data:", "#")) for each in Page(page).sources)
    assert page.count("<svg ") == 5  # the matrix of few classes is a table
    assert "url(" not in page
    assert "@import" not in page


def test_the_language_switch_knows_its_buttons(metrics: Metrics, read: Read) -> None:
    page = render(read(metrics))
    for language in ("en", "ru"):
        assert f'name="language" id="{language}"' in page
        assert f"#{language}:checked ~ main" in page
    # The selectors reach only what follows the buttons at their own level.
    assert re.search(r"<body>\n<input .* checked>.*\n<input .*\n<main>", page)


def test_names_are_escaped(metrics: Metrics, read: Read) -> None:
    metrics["classes"][0]["ru"] = "<script>alert(1)</script>"
    page = render(read(metrics))
    assert page.count("<script>") == page.count(f"<script>{SCRIPT}</script>") == 1
    assert "alert(1)" in page
    assert "17&lt;95" in page
    assert "<b>" not in page


def test_many_classes_scroll_in_large_pictures(many_classes: Metrics, read: Read) -> None:
    page = render(read(many_classes))
    assert Page(page).sources
    assert page.count('class="scroll large"') == 2


def test_every_link_leads_somewhere(metrics: Metrics, read: Read, photo_folder: Path) -> None:
    page = render(read(metrics))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert len(links) == 5
    assert links <= set(re.findall(r'id="([^"]+)"', page))


def test_an_evaluation_leaves_out_what_only_training_knows(evaluation: Metrics, read: Read) -> None:
    texts = Page(render(read(evaluation))).texts
    assert "How well it recognises these photos" in texts["en"]
    counts = "photos/validation: 9 photos judged; files left out: 1. The recogniser learned from 78 photos"
    assert counts in texts["en"]
    assert "1.2\u00a0%: how far the probabilities stray" in texts["en"]
    for heading in ("Cross-validation", "Curves", "Would more photos help?", "Kept", "Learning took"):
        assert heading not in texts["en"]


def test_unknown_answers_are_counted(metrics: Metrics, read: Read) -> None:
    metrics["photos"][4]["is_unknown"] = True
    texts = Page(render(read(metrics))).texts
    assert "Right answers marked unknown: 1 of 8." in texts["en"]
    assert "which spares mistakes: 1 of 1." in texts["en"]


def test_thousands_of_photos_leave_the_page_small(
    many_classes: Metrics, read: Read, photo_folder: Path
) -> None:
    photo = many_classes["photos"][0]
    many_classes["photos"] = [
        photo | {"photo": f"validation/a_class_with_a_long_name/{row}.jpeg", "label": str(row % 30)}
        | {"predicted": str(row % 7)} for row in range(5000)
    ]  # fmt: skip
    many_classes["confusion"] = [[5] * 30] * 30
    # Without pictures, which have a bound of their own.
    assert len(render(read(many_classes)).encode()) < 500_000


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_page(trained: TrainResult, chromium: Browser, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints = listen(page)
    page.goto((trained.run_folder / "report.html").as_uri())
    heading = page.locator("h1")
    assert heading.inner_text() == "Training report"
    page.check("#ru")
    assert heading.inner_text() == "Отчёт об обучении"
    for language in ("ru", "en"):
        page.check(f"#{language}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    assert complaints == []
    page.close()


def test_a_number_of_the_matrix_opens_its_photos(trained: TrainResult, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto((trained.run_folder / "report.html").as_uri())
    number = page.locator(".matrix a").first
    photos = page.locator(number.get_attribute("href") or "")
    assert not photos.is_visible()
    number.click()
    assert photos.is_visible()
    assert photos.locator("figure").count() == int(number.inner_text())
    photos.get_by_text("Close").click()
    assert not photos.is_visible()
    page.close()
