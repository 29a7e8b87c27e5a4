"""`kuzov evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.found_photos import tell_left_out
from kuzov.cli.language import language_option, note, percent, say
from kuzov.cli.model import judged_model, model_or_default
from kuzov.cli.paths import A_PATH
from kuzov.cli.progress import stage_lines
from kuzov.cli.summary import REPORT, how_many_right, summary
from kuzov.words import Plural, Words, number, plain

if TYPE_CHECKING:
    from kuzov.report.evaluation import Evaluation

STAGES = {
    "ask": Plural(
        ("Asking about {count} photo", "Asking about {count} photos"), ("Вопросы о {count} фото",) * 3
    ),
    "draw": Plural(("Drawing the report",) * 2, ("Рисую отчёт",) * 3),
}
FLATTERED = Plural(
    (
        "The model has learned from this very photo, so the figures flatter it.",
        "The model has learned from {learned} of these {count} photos, so the figures flatter it.",
    ),
    ("Модель училась на {learned} из этих {count} фото, поэтому оценка завышена.",) * 3,
)
ACCURACY = Words("Accuracy", "Доля верных")
UNSEEN = Words("On the rest", "На остальных")
CALIBRATION = Words("Calibration error", "Ошибка калибровки")
UNKNOWN = Words("Marked as unknown", "Сочтены незнакомыми")
MARKED = Words(
    "{right} of {all_right} right answers, {wrong} of {all_wrong} wrong ones",
    "верных ответов — {right} из {all_right}, неверных — {wrong} из {all_wrong}",
)


@click.command("evaluate", short_help="Tell how good a model is on labelled photos.")
@click.argument("photos", type=A_PATH)
@judged_model
@click.option(
    "--out",
    show_default="evaluations/<version>-<photos>",
    type=A_PATH,
    help="Folder for report.html, its pictures and metrics.json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def command(photos: Path, model: Path | None, out: Path | None, as_json: bool) -> None:
    """Judge a model by PHOTOS, a folder with a subfolder of photos a class, and write a report.

    Where validation/ lies in PHOTOS, it alone is judged by, else test/. Photos that can't be read are named
    and left out.
    """
    from kuzov.api import evaluate

    result = evaluate(model_or_default(model), photos, out, progress=stage_lines(STAGES))
    metrics = result.metrics
    data, learned = metrics["data"], metrics["learned_from"]
    for each in [*data["passed_over"], *data["rejected"]]:
        reason = each["reason"]
        tell_left_out(each["photo"], Words(reason, each.get("reason_ru") or reason))
    if learned:
        note(FLATTERED.of(metrics["validation"]["total"], learned=number(learned)))
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        say(_summary(result))


def _summary(result: Evaluation) -> Words:
    metrics = result.metrics
    judged, unknown = metrics["validation"], metrics["unknown"]
    learned = bool(metrics["learned_from"])
    interval = None if learned else judged["interval"]  # of accuracy on other photos
    right = how_many_right(
        judged["right"], judged["total"], judged["accuracy"], interval, unknown=unknown["right"]
    )
    marked = MARKED.fill(
        right=unknown["right"],
        all_right=judged["right"],
        wrong=unknown["wrong"],
        all_wrong=judged["total"] - judged["right"],
    )
    unseen = metrics["unseen"] if learned else None
    rest = [] if unseen is None else [(UNSEEN, how_many_right(**unseen))]
    return summary(
        [
            (ACCURACY, right),
            *rest,
            (CALIBRATION, percent(metrics["ece"]["after"])),
            (UNKNOWN, marked),
            (REPORT, plain(result.report)),
        ]
    )
