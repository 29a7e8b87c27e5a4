"""`kuzov doctor`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kuzov.cli.progress import progress_bars

if TYPE_CHECKING:
    from rich.table import Table

    from kuzov.doctor.findings import Diagnosis
    from kuzov.doctor.quarantine import Restored

STAGES = {
    "read": "Reading photos",
    "compare": "Comparing them",
    "embed": "Embedding photos",
    "judge": "Judging labels",
}
MOST_SHOWN = 40


@click.command("doctor", short_help="Find what is wrong with a folder of photos.")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option(
    "--fix", is_flag=True, help="Move the certain cases into a quarantine folder beside the photos."
)
@click.option("--undo", is_flag=True, help="Put the newest quarantine back.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="Write a page with thumbnails."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(photos: Path, fix: bool, undo: bool, report: Path | None, as_json: bool) -> None:
    """Find what is wrong with PHOTOS, a folder such as `kuzov train` takes, in whatever state it is.

    Unreadable, tiny, blurred and dark photos, copies, photos in both train/ and validation/, probable wrong
    labels, photos without a car, odd ones out, too few photos. Nothing is changed without --fix, and --fix
    deletes nothing: it moves unreadable files, all but one of exact copies in a class, and the training
    copies of validation photos. Needs kuzov[train].
    """
    if undo and (fix or report):
        raise click.UsageError("--undo can't go together with --fix or --report.")
    if undo:
        from kuzov.api import restore_photos

        restored = restore_photos(photos)
        print(json.dumps(restored.to_json(), ensure_ascii=False) if as_json else _put_back(restored))
        return
    from kuzov.api import diagnose

    with progress_bars(STAGES) as progress:
        diagnosis = diagnose(photos, fix=fix, report=report, progress=progress)
    if as_json:
        print(json.dumps(diagnosis.to_json(), ensure_ascii=False))
    else:
        _print(diagnosis)
    if report is not None:
        print(f"The page is {report}.", file=sys.stderr)


def _put_back(restored: Restored) -> str:
    lines = [f"Put back from {restored.quarantine}: {len(restored.photos)} file(s)."]
    if restored.left:
        lines.append(
            f"Left there, as another file stands in their place now: {', '.join(restored.left)}. "
            "Move or rename those and run it again."
        )
    return "\n".join(lines)


def _print(diagnosis: Diagnosis) -> None:
    from rich.console import Console
    from rich.text import Text

    from kuzov.doctor import texts
    from kuzov.doctor.page import headline
    from kuzov.report.summary import would_more_help

    console = Console(highlight=False)
    lines = [headline(diagnosis).en + "."]
    if diagnosis.learning_curve.last_doubling() is not None:
        lines.append(would_more_help(diagnosis.learning_curve).en)
    console.print(Text("\n".join(lines)), soft_wrap=True)
    if diagnosis.findings:
        console.print(_totals(diagnosis))
        console.print(_findings(diagnosis))
    hidden = len(diagnosis.findings) - MOST_SHOWN
    notes = [f"And {hidden} more; --report FILE.html or --json tells all."] if hidden > 0 else []
    notes += [f"Not checked: {texts.why_not(each).en}" for each in diagnosis.skipped]
    notes += _moves(diagnosis)
    console.print(Text("\n".join(notes)), soft_wrap=True)


def _totals(diagnosis: Diagnosis) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from kuzov.doctor import texts

    shown = Table("finding", "how many", "what to do", box=SIMPLE_HEAD, pad_edge=False)
    for kind, count in diagnosis.totals.items():
        shown.add_row(texts.NAMES[kind].en, str(count), Text(texts.ADVICE[kind].en))
    return shown


def _findings(diagnosis: Diagnosis) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from kuzov.doctor import texts

    shown = Table("sure", "finding", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("photos", overflow="fold", no_wrap=True)
    shown.add_column("why")
    for finding in diagnosis.findings[:MOST_SHOWN]:
        shown.add_row(
            f"{finding.certainty:.0%}",
            texts.NAMES[finding.kind].en,
            Text("\n".join(finding.photos)),
            Text(texts.sentence(finding).en),
        )
    return shown


def _moves(diagnosis: Diagnosis) -> list[str]:
    count = len(diagnosis.moves)
    if not count:
        return []
    if diagnosis.quarantine is None:
        return [f"--fix would move {count} file(s) into a quarantine beside the photos."]
    return [
        f"Moved {count} file(s) into {diagnosis.quarantine}; "
        f"kuzov doctor {diagnosis.folder} --undo puts them back."
    ]
