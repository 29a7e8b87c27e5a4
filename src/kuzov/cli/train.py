"""`kuzov train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.found_photos import tell_dataset
from kuzov.cli.language import note
from kuzov.cli.progress import progress_bars
from kuzov.config import load_config
from kuzov.words import Words

if TYPE_CHECKING:
    from kuzov.training.pipeline import TrainResult

STAGES = {
    "read": "Reading photos",
    "embed": "Embedding photos",
    "head": "Fitting the head",
    "fine-tune": "Fine-tuning",
    "export": "Exporting and proving",
}
NOT_PUBLISHED = Words(
    "Not published: {why}. It is whole, and waits in {bundle}; nothing serves it.\n"
    "Publish it: kuzov publish {bundle}\n"
    "Or train with --publish, or into a model folder of its own with --out.",
    "Не опубликовано: {why}. Новая версия готова и ждёт в {bundle}; её никто не отдаёт.\n"
    "Опубликовать: kuzov publish {bundle}\n"
    "Или обучайте с --publish, или в отдельную папку модели с --out.",
)


@click.command("train", short_help="Learn from a folder of photos.")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option(
    "--out",
    default=Path("models/img_classifier"),
    type=click.Path(path_type=Path),
    help="Model folder; the new version appears in it.",
)
@click.option(
    "--runs",
    default=Path("runs"),
    type=click.Path(path_type=Path),
    help="Folder for the run's metrics, pictures and report.",
)
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Settings, a TOML file.")
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
    type=click.Path(path_type=Path),
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
def command(
    *, config_file: Path | None, overrides: tuple[str, ...], seed: int | None, as_json: bool, **options: Any
) -> None:
    """Learn to recognise cars from PHOTOS, a folder with a subfolder a model, or a zip of one.

    Where train/ and validation/ lie inside (or val/, valid/, dev/, eval/), they are used; else a quarter of
    each model's photos is kept for judging. A test/ beside them is kept for `kuzov evaluate`. A version that
    knows less than the newest one, or is clearly worse, waits for `kuzov publish`.
    """
    if options["shots"] is not None and options["fine_tune"]:
        raise click.UsageError("--shots and --fine-tune can't go together; give one of them.")
    from kuzov.api import train

    seeds = () if seed is None else (f"seed={seed}",)
    config = load_config(config_file, (*overrides, *seeds))
    with progress_bars(STAGES) as progress:
        result = train(config=config, found=tell_dataset, progress=progress, **options)
    print(json.dumps(result.to_json(), ensure_ascii=False) if as_json else _summary(result))
    if result.succession is not None and not result.published:
        note(NOT_PUBLISHED.fill(why=result.succession.words, bundle=str(result.bundle)))


def _summary(result: TrainResult) -> str:
    metrics = result.metrics
    validation, ece = metrics["validation"], metrics["ece"]
    low, high = validation["interval"]
    count = sum(each["is_unknown"] and each["predicted"] == each["label"] for each in metrics["photos"])
    unknown = f", {count} of which it would call unknown" if count else ""
    kept = {"head": "a head on the frozen backbone", "fine-tuned": "the fine-tuned network"}[metrics["kept"]]
    lines = {
        "Validation": f"{validation['right']} of {validation['total']} photos right{unknown}: "
        f"{validation['accuracy']:.1%}, 95 % interval {low:.1%} to {high:.1%}",
        **_over_all_photos(metrics),
        "Calibration error": f"{ece['before']:.1%} before, {ece['after']:.1%} after, on photos held out",
        "Kept": kept,
        "Took": f"{metrics['seconds']:.0f} s",
        "Bundle": result.bundle,
        "Report": result.run_folder / "report.html",
    }
    return "\n".join(f"{name:<18} {text}" for name, text in lines.items())


def _over_all_photos(metrics: dict[str, Any]) -> dict[str, str]:
    """The line of the summary that says how good such a recogniser is, whichever photos it learned from."""
    folds, few = metrics["cross_validation"], metrics["shots"]
    if few is None:
        accuracy = f"{folds['mean']:.1%} ± {folds['std']:.1%} over {len(folds['folds'])} folds of all photos"
        return {"Cross-validation": accuracy}
    name = f"{few['shots']} photo{'' if few['shots'] == 1 else 's'} a model"
    return {
        name: f"{few['mean']:.1%} ± {few['std']:.1%} over {few['draws']} draws (least {few['least']:.1%})"
    }
