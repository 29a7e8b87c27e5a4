"""Reading every photo once: what can't be read, and what the readable ones are like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kuzov.cars.detector import find_cars
from kuzov.cores import usable_cores
from kuzov.data.duplicates import Signature, signature
from kuzov.data.files import digest_of
from kuzov.doctor.findings import Finding, Kind
from kuzov.doctor.folder import PhotoFile, PhotoFolder
from kuzov.errors import PhotoError, reason_of
from kuzov.images.decode import decode
from kuzov.images.quality import BLURRED_BELOW, DARK_BELOW, EXTREME_ASPECT, TINY_PX, Quality, measure
from kuzov.images.reasons import BROKEN, EMPTY, FOREIGN, NO_AVIF, NO_HEIF
from kuzov.progress import Progress
from kuzov.records import Car
from kuzov.words import Words

SURELY_UNREADABLE = frozenset(map(str, {BROKEN, EMPTY, *FOREIGN} - {NO_HEIF, NO_AVIF}))
"""Reasons that lie in the file itself; another, such as a missing permission, may pass."""

READ_PX = 512
"""A large JPEG is decoded at a fraction of its size, but no smaller: twice what sharpness is measured at.
That moves it by at most 8 %, and takes a third of the time."""

_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPhoto(PhotoFile):
    """A photo that can be read, its name in the folder, and what copies and faults are told by.

    Its width and height are pixels, upright, as a browser shows it; its cars, the most prominent first.
    """

    name: str
    digest: str
    width: int
    height: int
    signature: Signature
    quality: Quality
    cars: tuple[Car, ...]
    note: Words | None = None


def read_photos(folder: PhotoFolder, progress: Progress) -> tuple[list[ReadPhoto], list[Finding]]:
    """Decode all photos of a folder: the readable ones, in its order, and a finding for each other one.

    A photo that was read although its end is missing is told too.
    """
    photos: list[ReadPhoto] = []
    findings: list[Finding] = []
    with ThreadPoolExecutor(usable_cores()) as threads:
        outcomes = threads.map(lambda file: _read(file, folder), folder.photos)
        for done, outcome in enumerate(outcomes):
            progress("read", done, len(folder.photos))
            if isinstance(outcome, Finding):
                findings.append(outcome)
            else:
                photos.append(outcome)
                if outcome.note:
                    facts = {"reason": str(outcome.note)}
                    findings.append(Finding(kind=Kind.TRUNCATED, photos=(outcome.name,), facts=facts))
    progress("read", len(folder.photos), len(folder.photos))
    return photos, findings


def _read(file: PhotoFile, folder: PhotoFolder) -> ReadPhoto | Finding:
    name = folder.name(file.path)
    try:
        image = decode(file.path, at_least_px=READ_PX)
        digest = digest_of(file.path)
    except PhotoError as error:
        truncated = error.kind == "broken_image" and is_cut_short(file.path.read_bytes())
        return _unreadable(name, Kind.TRUNCATED if truncated else Kind.UNREADABLE, error.reason)
    except OSError as error:
        return _unreadable(name, Kind.UNREADABLE, f"can't be read: {reason_of(error)}")
    return ReadPhoto(
        path=file.path,
        name=name,
        label=file.label,
        side=file.side,
        digest=digest,
        width=image.info["size"][0],
        height=image.info["size"][1],
        signature=signature(image),
        quality=measure(image),
        cars=find_cars(image),
        note=image.info.get("note"),
    )


def _unreadable(name: str, kind: Kind, reason: str) -> Finding:
    return Finding(kind=kind, photos=(name,), facts={"reason": reason})


def is_cut_short(content: bytes) -> bool:
    """Whether an encoded photo ends before its format says that it may."""
    # A thumbnail in the header has an end of its own, before the last scan.
    if content.startswith(b"\xff\xd8"):
        return content.rfind(_JPEG_END) <= content.rfind(_JPEG_SCAN)
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content
    if content.startswith(b"RIFF"):
        return len(content) < 8 + int.from_bytes(content[4:8], "little")
    if content.startswith(b"BM"):
        return len(content) < int.from_bytes(content[2:6], "little")
    return content.startswith(b"GIF8") and not content.endswith(b";")


def tell_quality(photos: Sequence[ReadPhoto]) -> Iterator[Finding]:
    """Tiny, very long, blurred and dark photos."""
    for photo in photos:
        quality = photo.quality
        if min(quality.width, quality.height) < TINY_PX:
            yield _poor(photo, Kind.TINY, 1.0, width=quality.width, height=quality.height)
        if quality.aspect >= EXTREME_ASPECT:
            yield _poor(photo, Kind.EXTREME_ASPECT, 1.0, aspect=round(quality.aspect, 2))
        if quality.sharpness < BLURRED_BELOW:
            certainty = 1 - quality.sharpness / BLURRED_BELOW / 2
            yield _poor(photo, Kind.BLURRED, certainty, sharpness=round(quality.sharpness, 4))
        if quality.brightness < DARK_BELOW:
            certainty = 1 - quality.brightness / DARK_BELOW / 2
            yield _poor(photo, Kind.DARK, certainty, brightness=round(quality.brightness, 4))


def _poor(photo: ReadPhoto, kind: Kind, certainty: float, **facts: float) -> Finding:
    return Finding(kind=kind, photos=(photo.name,), certainty=certainty, facts=facts)
