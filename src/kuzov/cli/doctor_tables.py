"""What `kuzov doctor` prints."""

from __future__ import annotations

import shlex

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kuzov.cli.language import language, percent
from kuzov.doctor import texts
from kuzov.doctor.diagnosis_page import headline
from kuzov.doctor.findings import Diagnosis
from kuzov.report.summary import would_more_help
from kuzov.words import FILES, Plural, Words, joined, number, plain

MOST_SHOWN = 40

FINDING = Words("finding", "замечание")
HOW_MANY = Words("how many", "сколько")
SURE = Words("sure", "уверенность")
HIDDEN = Words(
    "And {count} more; --report FILE.html or --json tells all.",
    "И ещё {count}; всё покажет --report ФАЙЛ.html или --json.",
)
NOT_CHECKED = Words("Not checked: {why}", "Не проверено: {why}")
WOULD_MOVE = Words(
    "--fix would move {files} into a quarantine beside the photos.",
    "--fix перенесёт {files} в карантин рядом с фотографиями.",
)
MOVED = Plural(
    (
        "Moved {files} into {quarantine}; {undo} puts it back.",
        "Moved {files} into {quarantine}; {undo} puts them back.",
    ),
    ("Перенесено в {quarantine}: {files}; вернёт {undo}",) * 3,
)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print what was found, as tables and sentences."""
    console = Console(highlight=False)
    lines = [plain("{told}.").fill(told=headline(diagnosis))]
    if diagnosis.learning_curve.last_rise() is not None:
        lines.append(would_more_help(diagnosis.learning_curve))
    console.print(_told(joined(lines, "\n")), soft_wrap=True)
    if diagnosis.findings:
        console.print(_totals(diagnosis))
        console.print(_findings(diagnosis))
    hidden = len(diagnosis.findings) - MOST_SHOWN
    notes = [HIDDEN.fill(count=number(hidden))] if hidden > 0 else []
    notes += [NOT_CHECKED.fill(why=texts.why_not(each)) for each in diagnosis.skipped]
    notes += _moves(diagnosis)
    console.print(_told(joined(notes, "\n")), soft_wrap=True)


def _text(words: Words) -> str:
    return words.told(language())


def _told(words: Words) -> Text:
    return Text(_text(words))


def _totals(diagnosis: Diagnosis) -> Table:
    """Counts, and beside each what it is of and what to do: two columns fit into a narrow terminal."""
    shown = Table(_text(HOW_MANY), _text(FINDING), box=SIMPLE_HEAD, pad_edge=False)
    for kind, count in diagnosis.totals.items():
        told = plain("{name}. {advice}").fill(name=texts.NAMES[kind], advice=texts.ADVICE[kind])
        shown.add_row(_told(number(count)), _told(told))
    return shown


def _findings(diagnosis: Diagnosis) -> Table:
    """How sure it is, and beside it, one under the other, what it is about: names of files are long."""
    shown = Table(_text(SURE), box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column(_text(FINDING), overflow="fold")
    for finding in diagnosis.findings[:MOST_SHOWN]:
        told = plain("{name}: {why}").fill(name=texts.NAMES[finding.kind], why=texts.sentence(finding))
        rows = joined([told, *map(plain, finding.photos)], "\n")
        shown.add_row(_told(percent(finding.certainty, 0)), _told(rows))
    return shown


def _moves(diagnosis: Diagnosis) -> list[Words]:
    if not diagnosis.moves:
        return []
    files = FILES.of(len(diagnosis.moves))
    if diagnosis.quarantine is None:
        return [WOULD_MOVE.fill(files=files)]
    undo = shlex.join(["kuzov", "doctor", str(diagnosis.folder), "--undo"])
    return [MOVED.of(len(diagnosis.moves), files=files, quarantine=str(diagnosis.quarantine), undo=undo)]
