"""comparison.html: two bundles side by side, in English and Russian."""

from __future__ import annotations

import json
from pathlib import Path

from kuzov.report.comparison import SIGNIFICANT, BundleComparison, Difference, Side
from kuzov.report.markup import and_more, paragraph, photo_figure, section, side_by_side, table, whole_page
from kuzov.report.tables import MOST_ROWS, class_names
from kuzov.report.texts import ACCURACY, PHOTO, RIGHT_ANSWER, TRUTH
from kuzov.report.thumbnails import Thumbnail, make_thumbnails
from kuzov.report.write import write_files
from kuzov.words import PHOTOS, Words, number, percent, percent_interval, plain

PAGE_FILE, JSON_FILE = "comparison.html", "comparison.json"
MOST_PICTURES = 48
LEAST_P = 0.001

TITLE = Words("Two recognisers side by side", "Два распознавателя рядом")
BUNDLES = Words("A is {a}, B is {b}", "А — {a}, Б — {b}")

SAME = Words(
    "Both recognise the same {right} of {photos}: on these photos there is no difference.",
    "Обе узнают одни и те же {right} из {photos}: на этих фото разницы нет.",
)
A_TIE = Words(
    "Both recognise {right} of {photos}, though not the same ones.",
    "Обе узнают {right} из {photos}, хотя и не одни и те же.",
)
CHANCE = Words(
    "{better} recognises {more} of {photos}, {worse} {fewer}; so small a difference can be chance.",
    "{better} узнаёт {more} из {photos}, {worse} — {fewer}; такая малая разница может быть случайной.",
)
NO_CHANCE = Words(
    "{better} is better: it recognises {more} of {photos}, {worse} {fewer}; that is hardly chance.",
    "{better} лучше: он узнаёт {more} из {photos}, {worse} — {fewer}; вряд ли это случайность.",
)
FLATTERED = Words(
    "{verdict} But of these photos A has learned from {a} and B from {b}, which flatters them; compare them "
    "on others.",
    "{verdict} Но из этих фото А учился на {a}, Б — на {b}, и это их приукрашивает; сравните их на других.",
)
TEST = Words(
    "Only the photos tell that one of the two recognises and the other doesn't: {only_a} for A, {only_b} for "
    "B. Of two equally good ones, such a difference or a greater one comes by chance with probability {p} "
    "(McNemar's exact test); below {limit} it is called no chance.",
    "Судить можно лишь по фото, которые узнаёт один из двух, а другой нет: {only_a} за А, {only_b} за Б. У "
    "двух одинаково хороших такая или большая разница выходит случайно с вероятностью {p} (точный "
    "критерий Макнемара); меньше {limit} — случайностью её не считают.",
)
A = Words("A", "А")
B = Words("B", "Б")

FIGURES = Words("Figures", "Цифры")
FIGURE = Words("figure", "показатель")
RIGHT = Words("photos recognised", "узнано фото")
INTERVAL = Words("95\u00a0% interval", "95-процентный интервал")
ECE = Words("calibration error (ECE)", "ошибка калибровки (ECE)")
MARKED_UNKNOWN = Words("marked as unknown", "отмечено как незнакомые")
COUNT_OF = Words("{count} of {total}", "{count} из {total}")

TOGETHER = Words("Who recognises what", "Кто что узнаёт")
OUTCOME = Words("outcome", "исход")
BOTH_RIGHT = Words("both", "обе")
ONLY_A = Words("only A", "только А")
ONLY_B = Words("only B", "только Б")
NEITHER = Words("neither", "ни одна")

DIFFERENCES = Words("Where they differ", "Где они расходятся")
DIFFERENCES_CAPTION = Words(
    "Photos with different answers: {count}. Those come first that one of the two recognises.",
    "Фото с разными ответами: {count}. Сначала те, которые узнаёт одна из двух.",
)
NO_DIFFERENCES = Words("They answer alike on every photo.", "На каждом фото ответы одинаковы.")
TOLD = Words(
    "it shows {truth}; A: {a} ({a_probability}); B: {b} ({b_probability})",
    "на фото {truth}; А: {a} ({a_probability}); Б: {b} ({b_probability})",
)


def write_comparison(comparison: BundleComparison, folder: Path) -> Path:
    """Write comparison.json and the page; returns the page's path.

    Raises:
        KuzovError: The folder can't be written.
    """
    content = json.dumps(comparison.to_json(), ensure_ascii=False, indent=2)
    pictured = comparison.differences[:MOST_PICTURES]
    thumbnails = make_thumbnails((comparison.photos, each.photo, None) for each in pictured)
    page = render_comparison(comparison, thumbnails)
    write_files(
        folder,
        {JSON_FILE: content.encode("utf-8", "backslashreplace"), PAGE_FILE: page.encode("utf-8", "replace")},
    )
    return folder / PAGE_FILE


def verdict(comparison: BundleComparison) -> Words:
    """Which of the two is better, whether that can be chance, and what speaks against these photos."""
    learned = [each.learned_from or 0 for each in (comparison.a, comparison.b)]
    told = _verdict(comparison)
    return FLATTERED.fill(verdict=told, a=learned[0], b=learned[1]) if any(learned) else told


def _verdict(comparison: BundleComparison) -> Words:
    a, b = comparison.a, comparison.b
    photos = PHOTOS.of(a.total)
    if comparison.only_a == comparison.only_b == 0:
        return SAME.fill(right=a.right, photos=photos)
    if a.right == b.right:
        return A_TIE.fill(right=a.right, photos=photos)
    names = (A, B) if a.right > b.right else (B, A)
    words = CHANCE if comparison.may_be_chance else NO_CHANCE
    return words.fill(
        better=names[0],
        worse=names[1],
        more=max(a.right, b.right),
        fewer=min(a.right, b.right),
        photos=photos,
    )


def p_value(value: float) -> Words:
    """A p-value with three decimals, or that it is smaller than they can tell."""
    if value >= LEAST_P:
        return number(value, 3)
    return plain("< {least}").fill(least=number(LEAST_P, 3))


def render_comparison(comparison: BundleComparison, thumbnails: dict[str, Thumbnail]) -> str:
    """Render the page; photos with different answers that have no thumbnail are told by name."""
    a, b = comparison.a, comparison.b
    test = TEST.fill(
        only_a=comparison.only_a,
        only_b=comparison.only_b,
        p=p_value(comparison.p_value),
        limit=number(SIGNIFICANT, 2),
    )
    content = [
        paragraph(verdict(comparison), style="judgement"),
        paragraph(test),
        section(FIGURES, _figures(a, b)),
        section(TOGETHER, _outcomes(comparison)),
        section(DIFFERENCES, *_differences(comparison, thumbnails)),
    ]
    about = [BUNDLES.fill(a=a.bundle, b=b.bundle), plain(str(comparison.photos))]
    return whole_page(TITLE, f"{Path(a.bundle).name} · {Path(b.bundle).name}", about, content)


def _figures(a: Side, b: Side) -> str:
    rows = (
        (RIGHT, *(COUNT_OF.fill(count=each.right, total=each.total) for each in (a, b))),
        (ACCURACY, *(percent(each.accuracy) for each in (a, b))),
        (INTERVAL, *(percent_interval(*each.interval) for each in (a, b))),
        (ECE, *(percent(each.ece) for each in (a, b))),
        (MARKED_UNKNOWN, *(plain(each.marked_unknown) for each in (a, b))),
    )
    return table(FIGURES, (FIGURE, A, B), rows, numeric=True)


def _outcomes(comparison: BundleComparison) -> str:
    rows = (
        (BOTH_RIGHT, plain(comparison.both_right)),
        (ONLY_A, plain(comparison.only_a)),
        (ONLY_B, plain(comparison.only_b)),
        (NEITHER, plain(comparison.neither)),
    )
    return table(TOGETHER, (OUTCOME, RIGHT), rows, numeric=True)


def _differences(comparison: BundleComparison, thumbnails: dict[str, Thumbnail]) -> list[str]:
    found = comparison.differences
    if not found:
        return [paragraph(NO_DIFFERENCES)]
    names = class_names(comparison.classes)
    figures = [
        photo_figure(thumbnails[each.photo], name=each.photo, caption=_told(each, names))
        for each in found
        if each.photo in thumbnails
    ]
    others = [each for each in found if each.photo not in thumbnails]
    rows = [
        (
            plain(each.photo),
            names[each.label],
            RIGHT_ANSWER.fill(answer=names[each.a], probability=percent(each.a_probability)),
            RIGHT_ANSWER.fill(answer=names[each.b], probability=percent(each.b_probability)),
        )
        for each in others[:MOST_ROWS]
    ]
    parts = [
        paragraph(DIFFERENCES_CAPTION.fill(count=len(found))),
        side_by_side(figures) if figures else "",
        table(DIFFERENCES, (PHOTO, TRUTH, A, B), rows) if rows else "",
        and_more(len(others) - MOST_ROWS, JSON_FILE),
    ]
    return [part for part in parts if part]


def _told(difference: Difference, names: dict[str, Words]) -> Words:
    return TOLD.fill(
        truth=names[difference.label],
        a=names[difference.a],
        a_probability=percent(difference.a_probability),
        b=names[difference.b],
        b_probability=percent(difference.b_probability),
    )
