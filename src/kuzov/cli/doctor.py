"""`kuzov doctor`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.language import language_option, note, say, wrong_use
from kuzov.cli.paths import A_PATH
from kuzov.cli.progress import progress_bars
from kuzov.words import FILES, Words, joined

if TYPE_CHECKING:
    from kuzov.doctor.quarantine import Restored

STAGES = {
    "read": Words("Reading photos", "Чтение фотографий"),
    "compare": Words("Comparing them", "Сравнение"),
    "embed": Words("Embedding photos", "Признаки фотографий"),
    "judge": Words("Judging labels", "Проверка классов"),
}
PAGE = Words("The page is {report}.", "Страница: {report}")
PUT_BACK = Words("Put back from {quarantine}: {files}.", "Возвращено из {quarantine}: {files}.")
LEFT = Words(
    "Left there, as another file stands in their place now: {left}. Move or rename those and run it again.",
    "Осталось там, потому что на этих местах теперь другие файлы: {left}. Уберите или переименуйте их и "
    "повторите команду.",
)
UNDO_ALONE = Words(
    "--undo can't go together with --fix or --report.",
    "--undo нельзя указать вместе с --fix или --report.",
)


@click.command("doctor", short_help="Find what is wrong with a folder of photos.")
@click.argument("photos", type=A_PATH)
@click.option(
    "--fix", is_flag=True, help="Move the certain cases into a quarantine folder beside the photos."
)
@click.option("--undo", is_flag=True, help="Put the newest quarantine back.")
@click.option("--report", type=A_PATH, metavar="FILE.html", help="Write a page with thumbnails.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def command(photos: Path, fix: bool, undo: bool, report: Path | None, as_json: bool) -> None:
    """Find what is wrong with PHOTOS, a folder or zip such as `kuzov train` takes, in whatever state it is.

    Unreadable, tiny, blurred and dark photos, copies, photos in both train/ and validation/, probable wrong
    labels, photos without a car, with several or with one that is too small, odd ones out, too few photos.
    Nothing is changed without --fix, and --fix deletes nothing: it moves unreadable files, all but one of
    exact copies in a class, and the training copies of validation photos.

    The status at the end is 1 where `kuzov train` refuses the folder for its layout, and 0 whatever else is
    found.
    """
    if undo and (fix or report):
        raise wrong_use(UNDO_ALONE)
    if undo:
        from kuzov.api import restore_photos

        restored = restore_photos(photos)
        if as_json:
            print(json.dumps(restored.to_json(), ensure_ascii=False))
        else:
            say(_put_back(restored))
        return
    from kuzov.api import diagnose

    with progress_bars(STAGES) as progress:
        diagnosis = diagnose(photos, fix=fix, report=report, progress=progress)
    if as_json:
        print(json.dumps(diagnosis.to_json(), ensure_ascii=False))
    else:
        from kuzov.cli.doctor_tables import print_diagnosis

        print_diagnosis(diagnosis)
    if report is not None:
        note(PAGE.fill(report=str(report)))
    if diagnosis.is_refused:
        sys.exit(1)


def _put_back(restored: Restored) -> Words:
    told = PUT_BACK.fill(quarantine=str(restored.quarantine), files=FILES.of(len(restored.photos)))
    if not restored.left:
        return told
    return joined([told, LEFT.fill(left=", ".join(restored.left))], "\n")
