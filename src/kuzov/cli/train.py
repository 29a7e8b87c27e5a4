"""`kuzov train`."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.found_photos import tell_dataset
from kuzov.cli.language import language_option, note, percent, say, wrong_use
from kuzov.cli.main import STARTED
from kuzov.cli.next_steps import next_steps
from kuzov.cli.paths import A_PATH
from kuzov.cli.progress import progress_bars
from kuzov.cli.summary import REPORT, how_many_right, summary
from kuzov.config import load_config
from kuzov.words import Plural, Words, number, plain

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

STAGES = {
    "read": Words("Reading photos", "Чтение фотографий"),
    "embed": Words("Embedding photos", "Признаки фотографий"),
    "head": Words("Fitting the head", "Обучение выходного слоя"),
    "fine-tune": Words("Fine-tuning", "Дообучение"),
    "export": Words("Exporting and proving", "Сохранение и проверка"),
}
NOT_PUBLISHED = Words(
    "Not published: {why}. It is whole, and waits in {bundle}; nothing serves it.\n"
    "Publish it: kuzov publish {bundle}\n"
    "Or train with --publish, or into a model folder of its own with --out.",
    "Не опубликовано: {why}. Новая версия готова и ждёт в {bundle}; её никто не отдаёт.\n"
    "Опубликовать: kuzov publish {bundle}\n"
    "Или обучайте с --publish, или в отдельную папку модели с --out.",
)
SHOTS_OR_FINE_TUNE = Words(
    "--shots and --fine-tune can't go together; give one of them.",
    "--shots и --fine-tune нельзя указать вместе; оставьте одно из них.",
)
VALIDATION = Words("Validation", "Проверка")
CROSS_VALIDATION = Words("Cross-validation", "Перекрёстная")
FOLDS = Plural(
    ("{mean} ± {std} over {count} fold of all photos", "{mean} ± {std} over {count} folds of all photos"),
    (
        "{mean} ± {std} по {count} части всех фото",
        "{mean} ± {std} по {count} частям всех фото",
        "{mean} ± {std} по {count} частям всех фото",
    ),
)
FEW_SHOTS = Plural(
    ("{count} photo a model", "{count} photos a model"),
    ("По {count} фото",) * 3,
)
DRAWS = Plural(
    ("{mean} ± {std} over {count} draw (least {least})", "{mean} ± {std} over {count} draws (least {least})"),
    (
        "{mean} ± {std} по {count} выборке (наименьшая {least})",
        "{mean} ± {std} по {count} выборкам (наименьшая {least})",
        "{mean} ± {std} по {count} выборкам (наименьшая {least})",
    ),
)
CALIBRATION = Words("Calibration error", "Ошибка калибровки")
CALIBRATED = Words(
    "{before} before, {after} after, on photos held out", "{before} до, {after} после, на отложенных фото"
)
KEPT = Words("Kept", "Выбрано")
KINDS = {
    "head": Words("a head on the frozen backbone", "выходной слой на замороженной основе"),
    "fine-tuned": Words("the fine-tuned network", "дообученная сеть"),
}
TOOK = Words("Took", "Заняло")
SECONDS = Words("{seconds} s", "{seconds} с")
BUNDLE = Words("Bundle", "Папка модели")


@click.command("train", short_help="Learn from a folder of photos.")
@click.argument("photos", type=A_PATH)
@click.option(
    "--out",
    default=Path("models/img_classifier"),
    type=A_PATH,
    help="Model folder; the new version appears in it.",
)
@click.option(
    "--runs",
    default=Path("runs"),
    type=A_PATH,
    help="Folder for the run's metrics, pictures and report.",
)
@click.option("--config", "config_file", type=A_PATH, help="Settings, a TOML file.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="One setting, such as fine_tune.epochs=10."
)
@click.option("--seed", type=click.IntRange(min=0), help="Short for --set seed=N.")
@click.option(
    "--shots",
    type=click.IntRange(min=1),
    metavar="K",
    help="Learn from K photos a model only, drawn from all, and judge by the others, 20 times.",
)
@click.option(
    "--fine-tune",
    is_flag=True,
    help="Also train the backbone's last layers; kept only if better. The same command goes on after a kill.",
)
@click.option(
    "--tensorboard",
    type=A_PATH,
    metavar="DIR",
    help="Write TensorBoard logs: curves, weights, a map of the photos, mistakes.",
)
@click.option("--strict", is_flag=True, help="Stop where a file can't be used, rather than leave it out.")
@click.option(
    "--allow-leaks",
    is_flag=True,
    help="Go on where a photo in validation/ shows the same picture as one in train/.",
)
@click.option(
    "--publish",
    is_flag=True,
    help="Publish even where the newest version in the model folder knows more, or is clearly better.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def command(
    *, config_file: Path | None, overrides: tuple[str, ...], seed: int | None, as_json: bool, **options: Any
) -> None:
    """Learn to recognise cars from PHOTOS, a folder with a subfolder a model, or a zip of one.

    Where train/ and validation/ lie inside (or val/, valid/, dev/, eval/), they are used; else a quarter of
    each model's photos is kept for judging. A test/ beside them is kept for `kuzov evaluate`. A version that
    knows less than the newest one, or is clearly worse, waits for `kuzov publish`.
    """
    if options["shots"] is not None and options["fine_tune"]:
        raise wrong_use(SHOTS_OR_FINE_TUNE)
    from kuzov.api import train

    seeds = () if seed is None else (f"seed={seed}",)
    config = load_config(config_file, (*overrides, *seeds))
    with progress_bars(STAGES) as progress:
        found = partial(tell_dataset, shots=options["shots"])
        result = train(config=config, found=found, progress=progress, **options)
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        say(_summary(result, options["photos"], options["out"]))
    if result.succession is not None and not result.published:
        note(NOT_PUBLISHED.fill(why=result.succession.words, bundle=str(result.bundle)))


def _summary(result: TrainResult, photos: Path, out: Path) -> Words:
    """How good it is, where it lies, and what to type next."""
    metrics = result.metrics
    validation, ece = metrics["validation"], metrics["ece"]
    unknown = sum(each["is_unknown"] and each["predicted"] == each["label"] for each in metrics["photos"])
    judged = how_many_right(
        validation["right"],
        validation["total"],
        validation["accuracy"],
        validation["interval"],
        unknown=unknown,
    )
    lines = [
        (VALIDATION, judged),
        _over_all_photos(metrics),
        (CALIBRATION, CALIBRATED.fill(before=percent(ece["before"]), after=percent(ece["after"]))),
        (KEPT, KINDS[metrics["kept"]]),
        (TOOK, SECONDS.fill(seconds=number(time.monotonic() - STARTED))),
        (BUNDLE, plain(result.bundle)),
        (REPORT, plain(result.run_folder / "report.html")),
    ]
    if result.published:
        lines += next_steps(out, (photos / each["photo"] for each in metrics["photos"]))
    return summary(lines)


def _over_all_photos(metrics: dict[str, Any]) -> tuple[Words, Words]:
    """The line of the summary that says how good such a recogniser is, whichever photos it learned from."""
    folds, few = metrics["cross_validation"], metrics["shots"]
    judged = folds if few is None else few
    mean, std = percent(judged["mean"]), percent(judged["std"])
    if few is None:
        return CROSS_VALIDATION, FOLDS.of(len(folds["folds"]), mean=mean, std=std)
    draws = DRAWS.of(few["draws"], mean=mean, std=std, least=percent(few["least"]))
    return FEW_SHOTS.of(few["shots"]), draws
