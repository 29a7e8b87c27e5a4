"""What `kuzov doctor` prints."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kuzov.doctor import texts
from kuzov.doctor.diagnosis_page import headline
from kuzov.doctor.findings import Diagnosis
from kuzov.report.summary import would_more_help

MOST_SHOWN = 40


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print what was found, as tables and sentences."""
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
    """Counts, and beside each what it is of and what to do: two columns fit into a narrow terminal."""
    shown = Table("how many", "finding", box=SIMPLE_HEAD, pad_edge=False)
    for kind, count in diagnosis.totals.items():
        shown.add_row(str(count), Text(f"{texts.NAMES[kind].en}. {texts.ADVICE[kind].en}"))
    return shown


def _findings(diagnosis: Diagnosis) -> Table:
    """How sure it is, and beside it, one under the other, what it is about: names of files are long."""
    shown = Table("sure", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("finding", overflow="fold")
    for finding in diagnosis.findings[:MOST_SHOWN]:
        told = f"{texts.NAMES[finding.kind].en}: {texts.sentence(finding).en}"
        shown.add_row(f"{finding.certainty:.0%}", Text("\n".join([told, *finding.photos])))
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
