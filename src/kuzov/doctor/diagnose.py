"""All checks of a folder of photos, one after the other."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kuzov.config import FeatureConfig, TrainConfig
from kuzov.data.dataset import Photo
from kuzov.doctor.classes import NO_CURVE, count_photos, curve_of, tell_classes
from kuzov.doctor.copies import Copies, find_copies, group_names, spare_copies, tell_copies
from kuzov.doctor.diagnosis_page import render_page
from kuzov.doctor.findings import Diagnosis, Finding, Kind, Move, Reason, Skipped
from kuzov.doctor.folder import PhotoFolder, list_folder
from kuzov.doctor.labels import find_wrong_labels
from kuzov.doctor.quarantine import quarantine
from kuzov.doctor.reading import SURELY_UNREADABLE, ReadPhoto, read_photos, tell_quality
from kuzov.doctor.strangers import find_strangers
from kuzov.errors import KuzovError
from kuzov.model.backbones import Backbone, find_backbone
from kuzov.model.head import Features
from kuzov.progress import Progress, silent
from kuzov.report.write import write_files
from kuzov.run_metrics import LearningCurve
from kuzov.training.features import FeatureCache, default_cache, embed_photos

# One view tells planted faults as well as six do, in a sixth of the time.
CONFIG = TrainConfig(features=FeatureConfig(reframed=False, mirrored=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """What is told by the network's features."""

    findings: list[Finding]
    skipped: list[Skipped]
    learning_curve: LearningCurve


def diagnose(
    photos: Path,
    *,
    fix: bool = False,
    report: Path | None = None,
    progress: Progress = silent,
) -> Diagnosis:
    """Run all checks; the arguments are those of `kuzov.api.diagnose`."""
    started = time.monotonic()
    if report is not None:
        _require_place(report)
    folder = list_folder(photos)
    readable, unreadable = read_photos(folder, progress)
    progress("compare", 0, 1)
    copies = find_copies(readable)
    groups = group_names(copies, readable)
    progress("compare", 1, 1)
    poor = list(tell_quality(readable))
    learned = _learn(readable, copies, groups, poor, progress)
    in_classes, skipped = tell_classes(folder, readable, groups)
    findings = [
        *unreadable,
        *_left_out(folder),
        *tell_copies(copies, readable),
        *poor,
        *in_classes,
        *learned.findings,
    ]
    order = list(Kind)
    findings.sort(key=lambda each: (-each.certainty, order.index(each.kind), each.photos))
    diagnosis = Diagnosis(
        folder=photos,
        counts=count_photos(folder, readable),
        findings=tuple(findings),
        skipped=(*skipped, *learned.skipped),
        learning_curve=learned.learning_curve,
        moves=(*_broken(unreadable), *spare_copies(copies, readable)),
        quarantine=None,
        seconds=time.monotonic() - started,
    )
    # Drawn before anything is moved, as the page shows the photos.
    page = None if report is None else render_page(diagnosis, fixed=fix)
    if fix and diagnosis.moves:
        diagnosis = replace(diagnosis, quarantine=quarantine(photos, diagnosis.moves))
    if report is not None and page is not None:
        write_files(report.parent, {report.name: page.encode("utf-8", "replace")})
    return diagnosis


def _require_place(report: Path) -> None:
    """Refuse a report that can't be written before minutes of work."""
    if report.is_dir():
        raise KuzovError(f"The report {report} is a folder; give the path of a file, such as doctor.html.")
    if not report.parent.is_dir():
        raise KuzovError(f"There is no folder {report.parent} for the report; make it first.")
    if not os.access(report.parent, os.W_OK):
        raise KuzovError(f"The report {report} can't be written: the folder is read-only; name another one.")


def _left_out(folder: PhotoFolder) -> list[Finding]:
    return [
        Finding(
            kind=Kind.LEFT_OUT,
            photos=(folder.name(Path(error.photo)),),
            certainty=1.0,
            facts={"reason": error.reason},
        )
        for error in folder.left_out
    ]


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
    poor: Sequence[Finding],
    progress: Progress,
) -> _Learned:
    if not photos:
        checks = (Kind.WRONG_LABEL, Kind.NO_CAR, Kind.ODD)
        none = [Skipped(check=check, reason=Reason.NO_PHOTOS) for check in checks]
        return _Learned(findings=[], skipped=none, learning_curve=NO_CURVE)
    backbone = find_backbone(CONFIG.backbone)
    features = _embed(photos, backbone, progress)
    progress("judge", 0, 2)
    with warnings.catch_warnings():
        # Of classes that have one or two photos in a fold, which is just so here.
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        wrong, unchecked = find_wrong_labels(photos, features, groups, seed=CONFIG.seed)
        progress("judge", 1, 2)
        curve, no_curve = curve_of(photos, features, groups, copies, seed=CONFIG.seed)
    strange, unseen = find_strangers(photos, features, backbone.background())
    progress("judge", 2, 2)
    # One fault a photo: without a car it has no right label, and one of another class is strange in its own.
    carless = {each.photos for each in strange if each.kind == Kind.NO_CAR}
    wrong = [each for each in wrong if each.photos not in carless]
    told = {each.photos for each in (*wrong, *poor)}
    strange = [each for each in strange if each.photos not in told]
    return _Learned(
        findings=[*wrong, *strange], skipped=[*unchecked, *unseen, *no_curve], learning_curve=curve
    )


def _embed(photos: Sequence[ReadPhoto], backbone: Backbone, progress: Progress) -> Features:
    asked = [Photo(photo.path, photo.label, photo.digest) for photo in photos]
    return embed_photos(asked, backbone, CONFIG, FeatureCache(default_cache() / "features"), progress)
