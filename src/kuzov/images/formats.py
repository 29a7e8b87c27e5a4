"""Which formats of photos are read, told by a file's first bytes, whatever it is called."""

from __future__ import annotations

from pathlib import Path

# What the names of photos end in.
EXTENSIONS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".webp", ".heic", ".heif", ".hif", ".avif",
    ".bmp", ".gif", ".ico",
)  # fmt: skip

PROBE_BYTES = 4096
"""So much of a file's beginning tells what it is."""

JPEG, PNG, WEBP, BMP, GIF, ICO = "JPEG", "PNG", "WebP", "BMP", "GIF", "ICO"
HEIF, AVIF = "HEIC", "AVIF"

_PHOTOS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"BM", BMP),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\0\0\1\0", ICO),
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_OTHER_STILLS = frozenset((b"mif1", b"mif2", b"msf1", b"miaf", b"1pic"))


def format_of(start: bytes) -> str | None:
    """Which format of photos these first bytes announce, as JPEG; None where it is not read here."""
    for magic, found in _PHOTOS:
        if start.startswith(magic):
            # A film may begin with so short a box.
            return None if found == ICO and start[5:6] != b"\0" else found
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WEBP
    return _still_by_brands(brands_of(start)) if start[4:8] == b"ftyp" else None


def is_photo_file(path: Path) -> bool:
    """Whether a file is a photo by its name or, where that does not say so, by its first bytes."""
    if path.name.lower().endswith(EXTENSIONS):
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return format_of(file.read(PROBE_BYTES)) is not None
    except (OSError, ValueError):
        return False


def brands_of(start: bytes) -> list[bytes]:
    """The major brand and the compatible ones."""
    end = min(int.from_bytes(start[:4], "big"), len(start))
    return [start[8:12], *(start[at : at + 4] for at in range(16, end - 3, 4))]


def _still_by_brands(brands: list[bytes]) -> str | None:
    major = brands[0]
    if major in _AVIF_BRANDS:
        return AVIF
    if major in _HEIF_BRANDS:
        return HEIF
    if major not in _OTHER_STILLS:
        return None
    return AVIF if _AVIF_BRANDS.intersection(brands) else HEIF
