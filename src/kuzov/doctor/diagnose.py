"""All checks of a folder of photos, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from kuzov.cache import default_cache
from kuzov.config import FeatureConfig, TrainConfig
from kuzov.data.archive import as_given, unpacked
from kuzov.data.dataset import Photo
from kuzov.doctor.cars import tell_cars
from kuzov.doctor.classes import NO_CURVE, count_photos, curve_of, tell_classes
from kuzov.doctor.copies import Copies, find_copies, group_names, spare_copies, tell_copies
from kuzov.doctor.diagnosis_page import render_page
from kuzov.doctor.findings import Diagnosis, Finding, Kind, Move, Reason, Skipped
from kuzov.doctor.folder import list_folder
from kuzov.doctor.labels import find_wrong_labels
from kuzov.doctor.quarantine import quarantine
from kuzov.doctor.reading import SURELY_UNREADABLE, ReadPhoto, read_photos, tell_quality
from kuzov.doctor.strangers import find_strangers
from kuzov.errors import DatasetError, KuzovError
from kuzov.model.backbones import find_backbone
from kuzov.output_folder import require_writable
from kuzov.progress import Progress
from kuzov.report.write import write_files
from kuzov.run_metrics import LearningCurve
from kuzov.training.features import FeatureCache, embed_photos
from kuzov.training.kept_photos import KEPT_PHOTOS
from kuzov.words import Words

# One view tells planted faults as well as six do, in a sixth of the time.
CONFIG = TrainConfig(features=FeatureConfig(reframed=False, mirrored=False))

A_FOLDER = Words(
    "The report {report} is a folder; give the path of a file, such as doctor.html.",
    "Отчёт {report} — папка; укажите путь к файлу, например doctor.html.",
)
NOTHING_MOVES = Words(
    "{zip} is a zip, out of which nothing is moved; unpack it, and give the folder",
    "{zip} — архив, из него ничего не убрать; распакуйте его и укажите папку",
)


def diagnose(photos: Path, *, fix: bool, report: Path | None, progress: Progress) -> Diagnosis:
    """Run all checks; the arguments are those of `kuzov.api.diagnose`."""
    if report is not None:
        _require_place(report)
    with unpacked(photos) as root, KEPT_PHOTOS:
        if fix and root != photos:
            raise DatasetError(NOTHING_MOVES.fill(zip=str(photos)))
        diagnosis = _diagnose(root, photos, progress)
        # Drawn before anything is moved, as the page shows the photos.
        page = None if report is None else render_page(diagnosis, str(photos), fixed=fix)
        if fix and diagnosis.moves:
            diagnosis = replace(diagnosis, quarantine=quarantine(root, diagnosis.moves))
    if report is not None and page is not None:
        write_files(report.parent, {report.name: page.encode("utf-8", "replace")})
    return replace(diagnosis, folder=photos)


def _diagnose(root: Path, photos: Path, progress: Progress) -> Diagnosis:
    """Run the checks of a folder; `photos` is what the user gave."""
    started = time.monotonic()
    folder = list_folder(root)
    readable, unreadable = read_photos(folder, progress)
    progress("compare", 0, 1)
    copies = find_copies(readable)
    groups = group_names(copies, readable)
    progress("compare", 1, 1)
    poor = list(tell_quality(readable))
    cars, no_cars = tell_cars(readable)
    learned, not_learned, curve = _learn(readable, copies, groups, progress)
    in_classes, skipped = tell_classes(folder, readable, groups)
    refusals = [as_given(each, root, photos) for each in folder.refusals]
    refused = [Finding(kind=Kind.REFUSED, facts={"en": each.en, "ru": each.ru}) for each in refusals]
    left_out = [
        Finding(kind=Kind.LEFT_OUT, photos=(folder.name(Path(each.photo)),), facts={"reason": each.reason})
        for each in folder.left_out
    ]
    looked_at = _one_fault_a_photo(poor, cars, learned)
    findings = [*refused, *unreadable, *left_out, *tell_copies(copies, readable), *looked_at, *in_classes]
    order = list(Kind)
    findings.sort(key=lambda each: (-each.certainty, order.index(each.kind), each.photos))
    return Diagnosis(
        folder=root,
        counts=count_photos(folder, readable),
        findings=tuple(findings),
        skipped=(*skipped, *no_cars, *not_learned),
        learning_curve=curve,
        moves=(*_broken(unreadable), *spare_copies(copies, readable)),
        quarantine=None,
        seconds=time.monotonic() - started,
    )


def _require_place(report: Path) -> None:
    """Refuse a report that can't be written before minutes of work."""
    if report.is_dir():
        raise KuzovError(A_FOLDER.fill(report=str(report)))
    require_writable(report.parent)


def _broken(unreadable: Sequence[Finding]) -> list[Move]:
    return [
        Move(photo=each.photos[0], kind=each.kind)
        for each in unreadable
        if each.facts["reason"] in SURELY_UNREADABLE
    ]


def _learn(
    photos: Sequence[ReadPhoto],
    copies: Sequence[Copies],
    groups: Sequence[str],
    progress: Progress,
) -> tuple[list[Finding], list[Skipped], LearningCurve]:
    """What the network's features tell."""
    if not photos:
        checks = (Kind.WRONG_LABEL, Kind.ODD)
        return [], [Skipped(check=check, reason=Reason.NO_PHOTOS) for check in checks], NO_CURVE
    backbone = find_backbone(CONFIG.backbone)
    asked = [Photo(photo.path, photo.label, photo.digest) for photo in photos]
    features = embed_photos(asked, backbone, CONFIG, FeatureCache(default_cache() / "features"), progress)
    progress("judge", 0, 2)
    wrong, unchecked = find_wrong_labels(photos, features, groups, seed=CONFIG.seed)
    progress("judge", 1, 2)
    curve, no_curve = curve_of(photos, features, groups, copies, seed=CONFIG.seed)
    strange, unseen = find_strangers(photos, features, backbone.background())
    progress("judge", 2, 2)
    return [*wrong, *strange], [*unchecked, *unseen, *no_curve], curve


def _one_fault_a_photo(
    poor: Sequence[Finding], cars: Sequence[Finding], learned: Sequence[Finding]
) -> list[Finding]:
    """All but what another fault explains: no car is found in the dark, and without one no label is right."""
    carless = _photos(each for each in cars if each.kind == Kind.NO_CAR)
    wrong = [each for each in learned if each.kind == Kind.WRONG_LABEL and each.photos not in carless]
    found = [*poor, *(each for each in cars if each.photos not in _photos(poor)), *wrong]
    return [
        *found,
        *(each for each in learned if each.kind == Kind.ODD and each.photos not in _photos(found)),
    ]


def _photos(findings: Iterable[Finding]) -> set[tuple[str, ...]]:
    return {each.photos for each in findings}
