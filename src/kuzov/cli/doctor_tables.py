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
from kuzov.words import FILES, Words, joined, number, plain

MOST_SHOWN = 40

FINDING = Words("finding", "замечание")
HOW_MANY = Words("how many", "сколько")
TO_DO = Words("what to do", "что делать")
SURE = Words("sure", "уверенность")
PHOTO = Words("photos", "фото")
WHY = Words("why", "почему")
HIDDEN = Words(
    "And {count} more; --report FILE.html or --json tells all.",
    "И ещё {count}; всё покажет --report ФАЙЛ.html или --json.",
)
NOT_CHECKED = Words("Not checked: {why}", "Не проверено: {why}")
WOULD_MOVE = Words(
    "--fix would move {files} into a quarantine beside the photos.",
    "--fix перенесёт {files} в карантин рядом с фотографиями.",
)
MOVED = Words(
    "Moved {files} into {quarantine}; {undo} puts them back.",
    "Перенесено в {quarantine}: {files}; вернёт {undo}",
)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print what was found, as tables and sentences."""
    console = Console(highlight=False)
    lines = [plain("{told}.").fill(told=headline(diagnosis))]
    if diagnosis.learning_curve.last_doubling() is not None:
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


def _told(words: Words) -> Text:
    return Text(words.told(language()))


def _totals(diagnosis: Diagnosis) -> Table:
<<<<<<< HEAD
    """Counts, and beside each what it is of and what to do: two columns fit into a narrow terminal."""
    shown = Table("how many", "finding", box=SIMPLE_HEAD, pad_edge=False)
    for kind, count in diagnosis.totals.items():
        shown.add_row(str(count), Text(f"{texts.NAMES[kind].en}. {texts.ADVICE[kind].en}"))
=======
    shown = Table(
        *(_told(each).plain for each in (FINDING, HOW_MANY, TO_DO)), box=SIMPLE_HEAD, pad_edge=False
    )
    for kind, count in diagnosis.totals.items():
        shown.add_row(_told(texts.NAMES[kind]), _told(number(count)), _told(texts.ADVICE[kind]))
>>>>>>> c9f60b7 (Tell what a training, the doctor, an explanation and a judgement come to in Russian too, and what to type next)
    return shown


def _findings(diagnosis: Diagnosis) -> Table:
<<<<<<< HEAD
    """How sure it is, and beside it, one under the other, what it is about: names of files are long."""
    shown = Table("sure", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("finding", overflow="fold")
    for finding in diagnosis.findings[:MOST_SHOWN]:
        told = f"{texts.NAMES[finding.kind].en}: {texts.sentence(finding).en}"
        shown.add_row(f"{finding.certainty:.0%}", Text("\n".join([told, *finding.photos])))
=======
    shown = Table(_told(SURE).plain, _told(FINDING).plain, box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column(_told(PHOTO), overflow="fold", no_wrap=True)
    shown.add_column(_told(WHY))
    for finding in diagnosis.findings[:MOST_SHOWN]:
        shown.add_row(
            _told(percent(finding.certainty, 0)),
            _told(texts.NAMES[finding.kind]),
            Text("\n".join(finding.photos)),
            _told(texts.sentence(finding)),
        )
>>>>>>> c9f60b7 (Tell what a training, the doctor, an explanation and a judgement come to in Russian too, and what to type next)
    return shown


def _moves(diagnosis: Diagnosis) -> list[Words]:
    if not diagnosis.moves:
        return []
    files = FILES.of(len(diagnosis.moves))
    if diagnosis.quarantine is None:
        return [WOULD_MOVE.fill(files=files)]
    undo = shlex.join(["kuzov", "doctor", str(diagnosis.folder), "--undo"])
    return [MOVED.fill(files=files, quarantine=str(diagnosis.quarantine), undo=undo)]
