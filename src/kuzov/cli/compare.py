"""`kuzov compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.found_photos import tell_left_out
from kuzov.cli.language import language_option, percent, say, wrong_use
from kuzov.cli.model import compared_models, model_or_default
from kuzov.cli.paths import A_PATH
from kuzov.cli.progress import stage_lines
from kuzov.cli.summary import how_many_right, summary
from kuzov.words import PHOTOS, Plural, Words, joined, plain

if TYPE_CHECKING:
    from kuzov.report.comparison import BundleComparison, Side

STAGES = {
    "ask a": Plural(
        ("Asking A about {count} photo", "Asking A about {count} photos"), ("Вопросы А о {count} фото",) * 3
    ),
    "ask b": Plural(
        ("Asking B about {count} photo", "Asking B about {count} photos"), ("Вопросы Б о {count} фото",) * 3
    ),
}
A, B = Words("A", "А"), Words("B", "Б")
ONLY_ONE = Words("Only one is right", "Права только одна")
TEST = Words(
    "A on {a}, B on {b}; McNemar's exact test: p = {p}",
    "А на {a}, Б на {b}; точный критерий Макнемара: p = {p}",
)
VERDICT = Words("Verdict", "Вывод")
PAGE = Words("Page", "Страница")
DIFFERENCE = Words(
    "  {photo}: A {a} ({a_probability}), B {b} ({b_probability}); it shows {truth}",
    "  {photo}: А {a} ({a_probability}), Б {b} ({b_probability}); на фото {truth}",
)
MORE = Words("  and {count} more; --json tells all", "  и ещё {count}; все покажет --json")
DIFFER = Words("Where they differ:", "Где они расходятся:")
NOT_TWO = Words(
    "Two models are compared: --model A --model B, or one with the default model.",
    "Сравниваются две модели: --model А --model Б, или одна с моделью по умолчанию.",
)
MOST_LINES = 20


@click.command("compare", short_help="Set two models side by side on the same photos.")
@click.argument("photos", type=A_PATH)
@compared_models
@click.option("--out", type=A_PATH, help="Folder for a page, comparison.html, and comparison.json.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def command(photos: Path, model: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """Tell which of two models, A and B, is better on PHOTOS, and whether that can be chance.

    Both have the same classes; a single --model is compared with the default one. PHOTOS has a subfolder a
    class; where validation/ lies inside, it alone is judged.
    """
    from kuzov.api import compare

    if not 1 <= len(model) <= 2:
        raise wrong_use(NOT_TWO)
    a, b = model if len(model) == 2 else (*model, model_or_default(None))
    result = compare(a, b, photos, out, progress=stage_lines(STAGES))
    for rejected in result.rejected:
        tell_left_out(rejected.photo, rejected.words)
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        say(_summary(result, out))


def _summary(result: BundleComparison, out: Path | None) -> Words:
    from kuzov.report.comparison_page import PAGE_FILE, verdict

    p = f"{result.p_value:.2g}"
    test = TEST.fill(a=PHOTOS.of(result.only_a), b=PHOTOS.of(result.only_b), p=Words(p, p.replace(".", ",")))
    lines = [(A, _side(result.a)), (B, _side(result.b)), (ONLY_ONE, test), (VERDICT, verdict(result))]
    if out is not None:
        lines.append((PAGE, plain(out / PAGE_FILE)))
    differences = [
        DIFFERENCE.fill(
            photo=each.photo,
            a=each.a,
            a_probability=percent(each.a_probability),
            b=each.b,
            b_probability=percent(each.b_probability),
            truth=each.label,
        )
        for each in result.differences
    ]
    shown = differences[:MOST_LINES]
    if len(differences) > MOST_LINES:
        shown.append(MORE.fill(count=len(differences) - MOST_LINES))
    heading = [DIFFER] if shown else []
    return joined([summary(lines), *heading, *shown], "\n")


def _side(side: Side) -> Words:
    right = how_many_right(side.right, side.total, side.accuracy, side.interval)
    return plain("{right} ({bundle})").fill(right=right, bundle=side.bundle)
