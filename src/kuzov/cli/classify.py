"""`kuzov classify`."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kuzov.cli.found_photos import tell_no_photos
from kuzov.cli.language import language, language_option, note, say
from kuzov.cli.model import asked_model, model_or_default
from kuzov.cli.paths import A_PATH, A_PATH_OR_ADDRESS
from kuzov.records import LEAST_CAR_PX
from kuzov.signals import Terminated, on_ending_signals
from kuzov.words import PHOTOS, Words, joined, number

if TYPE_CHECKING:
    from kuzov.bulk.classify import Classified

NOTHING_TO_DO = Words(
    "Nothing to do: {results} holds all: {photos}.",
    "Делать нечего, в {results} уже есть всё: {photos}.",
)
CLASSIFIED = Words(
    "{photos} classified in {time}, {rate} a second{failed}.",
    "Обработано {photos} за {time}, по {rate} в секунду{failed}.",
)
FAILED = Words(
    "; {count} could not be read, their rows say why; --retry-failed tries again",
    "; не прочитано {count}, почему — сказано в их строках; --retry-failed попробует снова",
)
HELD = Words("{results} held {count} already.", "В {results} уже было {count}.")
DONE = Words("Done: {photos}; the same command goes on.", "Обработано {photos}; та же команда продолжит.")
GOES_ON = Words("{done} of {photos}, {pace}", "{done} из {photos}, {pace}")
LISTED = Words("{photos} listed", "Найдено {photos}")
PACE = Words("{rate} a second, {left} left", "{rate} в секунду, осталось {left}")
TELL_EVERY_S = 30.0
REDRAW_EVERY_S = 0.2


@click.command("classify", short_help="Label any number of photos.")
@click.argument("source", type=A_PATH_OR_ADDRESS)
@click.option(
    "--out",
    required=True,
    metavar="RESULTS",
    type=A_PATH,
    help="By its name's ending a table, .csv or .xlsx; JSON lines, .jsonl; or, without one, a folder of "
    "Parquet parts. For an Excel in Russian take .xlsx: the CSV has commas between its columns.",
)
@asked_model
@click.option(
    "--column", metavar="NAME", help="Parquet column of paths.  [default: its only one of strings, or photo]"
)
@click.option(
    "--ray",
    metavar="auto|HOST:PORT|local",
    help="Have a Ray cluster do it: this machine's, the one at an address, or one begun here.",
)
@click.option(
    "--all-cars", is_flag=True, help="A row for each car in a photo, at most eight; one without a car."
)
@click.option(
    "--least-car-px",
    metavar="N",
    type=click.IntRange(min=1),
    default=LEAST_CAR_PX,
    help="A car of which a side has fewer pixels is told to be small.",
)
@click.option("--restart", is_flag=True, help="Begin RESULTS anew, unless changed by hand.")
@click.option("--retry-failed", is_flag=True, help="Try photos again that could not be read before.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@language_option
def command(*, model: Path | None, as_json: bool, **options: Any) -> None:
    """Label the photos of SOURCE: a folder with all its folders, a pattern, a list, or Parquet.

    A pattern is quoted, as 'photos/**/*.jpg'. A list is a text file with a path or an address a line.
    Parquet is a file or, with --column, a folder of them. Each may be an address too, such as
    s3://bucket/photos. Parquet, addresses and --ray need kuzov[cluster].

    Every photo becomes a row of RESULTS, or with --all-cars every car; one that can't be read, a row with its
    error. Stopped or killed, the
    same command goes on where it was, and later does only what is new.
    """
    from kuzov.api import classify

    # Ray prints to stdout what it is told of its nodes.
    with redirect_stdout(sys.stderr), _followed() as progress:
        done = classify(model=model_or_default(model), progress=progress, **options)
    tell_no_photos(done.left_out)
    if as_json:
        print(json.dumps(done.to_json(), ensure_ascii=False))
    else:
        say(_summary(done))


def _summary(done: Classified) -> Words:
    if not done.classified:
        return NOTHING_TO_DO.fill(results=str(done.results), photos=PHOTOS.of(done.listed))
    rate = done.classified / max(done.seconds, 1e-9)
    summary = CLASSIFIED.fill(
        photos=PHOTOS.of(done.classified),
        time=_time(done.seconds),
        rate=f"{rate:.0f}",
        failed=FAILED.fill(count=number(done.failed)) if done.failed else "",
    )
    before = done.listed - done.classified
    held = HELD.fill(results=str(done.results), count=number(before))
    return joined([summary, held], "\n") if before else summary


@contextmanager
def _followed() -> Iterator[_Progress]:
    """Have Ctrl-C, and SIGTERM like it, end the run with what is done written down."""
    progress = _Progress()
    try:
        with on_ending_signals(progress.stop), closing(progress):
            yield progress
    except (KeyboardInterrupt, Terminated):
        if progress.done:
            note(DONE.fill(photos=PHOTOS.of(progress.done)))
        raise


class _Progress:
    """A bar with rate and time left on stderr; a line now and then where that is no terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._terminal = sys.stderr.isatty()
        self._started = self._told = time.monotonic()
        self._stopped_by: BaseException | None = None
        self.done = 0

    def stop(self, number: int, _frame: object) -> None:
        self._stopped_by = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        raise self._stopped_by

    def close(self) -> None:
        if self._bar is not None:
            self._bar.update(self.done - self._bar.pos)
            self._bar.render_finish()

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._tell(stage, done, total)
        if self._stopped_by is not None:  # within a callback of Ray's, Python dropped the interrupt
            raise self._stopped_by

    def _tell(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == "classify" and not done:
            self._started = self._told = now
            if self._terminal:
                self._bar = click.progressbar(
                    length=total,
                    file=sys.stderr,
                    show_pos=True,
                    show_eta=False,
                    show_percent=True,
                    item_show_func=lambda _item: self._pace(total).told(language()),
                )
                self._bar.render_progress()
            return
        self.done = done if stage == "classify" else 0
        if now - self._told < (REDRAW_EVERY_S if self._terminal else TELL_EVERY_S):
            return
        self._told = now
        if self._bar is not None:
            self._bar.update(done - self._bar.pos)
        elif not self._terminal:
            if total:
                pace = self._pace(total)
                note(GOES_ON.fill(done=number(done), photos=PHOTOS.of(total), pace=pace))
            else:
                note(LISTED.fill(photos=PHOTOS.of(done)))

    def _pace(self, total: int) -> Words:
        rate = self.done / max(time.monotonic() - self._started, 1e-9)
        left = _time((total - self.done) / rate) if rate else "?"
        return PACE.fill(rate=f"{rate:.0f}", left=left)


def _time(seconds: float) -> str:
    """Such as 0:42 or 13:05:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
