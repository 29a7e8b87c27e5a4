"""Why a photo is not read, in both languages: what is wrong with it, or what the file is instead."""

from __future__ import annotations

import re

from kuzov.images.formats import brands_of
from kuzov.words import Words

NO_FILE = Words("no such file; check the path", "нет такого файла; проверьте путь")
FOLDER = Words(
    "is a folder, not a photo; give the path of one photo",
    "это папка, а не фотография; укажите путь к одной фотографии",
)
NOT_A_FILE = Words(
    "is not an ordinary file; give the path of one photo",
    "это не обычный файл; укажите путь к одной фотографии",
)
CAN_NOT_BE_READ = Words("can't be read: {why}", "не читается: {why}")
EMPTY = Words(
    "is empty; replace it with a whole copy of the photo", "пустой файл; замените целой копией фотографии"
)
BROKEN = Words(
    "is broken or cut short; replace it with a whole copy of the photo",
    "испорчен или обрезан; замените целой копией фотографии",
)
TOO_LARGE = Words(
    "claims more than {most} pixels; make it smaller", "по заголовку больше {most} пикселей; уменьшите"
)
LACKS_END = Words(
    "lacks its end: what is there was read, the rest is grey; replace it with a whole copy if you can",
    "без конца: прочитано то, что есть, остальное серое; если можно, замените целой копией",
)
UNSUPPORTED = Words(
    "is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO",
    "не фотография в известном формате; нужны JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF или ICO",
)


def _image(name: str, ru: str = "") -> Words:
    return Words(
        f"is {name}, which is not read here; save it as JPEG or PNG",
        f"{ru or name.partition(' ')[2]}: такой формат здесь не читается; сохраните как JPEG или PNG",
    )


def _raw(camera: str) -> Words:
    return Words(
        f"is a raw photo of a camera ({camera}), which is not read here; export it as JPEG",
        f"снимок камеры без обработки ({camera}): здесь не читается; экспортируйте как JPEG",
    )


def _video(name: str) -> Words:
    return Words(
        f"is a video ({name}), not a photo; save a frame of it as JPEG",
        f"видео ({name}), а не фотография; сохраните кадр как JPEG",
    )


def _document(name: str, ru: str) -> Words:
    return Words(
        f"is {name}, not a photo; save the photo in it as JPEG",
        f"{ru}, а не фотография; сохраните фотографию из него как JPEG",
    )


def _archive(name: str) -> Words:
    return Words(
        f"is an archive or a document of an office program ({name}), not a photo; take the photos out of it",
        f"архив или документ офисной программы ({name}), а не фотография; достаньте фотографии из него",
    )


def _sound(name: str) -> Words:
    return Words(f"is a sound ({name}), not a photo", f"звук ({name}), а не фотография")


TIFF = _image("a TIFF image", "изображение TIFF")
MP4 = _video("MP4")
PAGE = Words(
    "is a web page, not a photo; download the photo itself, as by “Save image as…”",
    "веб-страница, а не фотография; скачайте саму фотографию, например «Сохранить изображение как…»",
)
NO_HEIF = Words(
    "is a HEIC photo, and what decodes those is not installed; run pip install pi-heif, or save it as JPEG",
    "фотография HEIC, а её декодер не установлен; выполните pip install pi-heif или сохраните как JPEG",
)
NO_AVIF = Words(
    "is an AVIF photo, which the installed Pillow can't decode; install Pillow anew, or save it as JPEG",
    "фотография AVIF, а установленный Pillow её не читает; установите Pillow заново или сохраните как JPEG",
)
OTHER_HEIF = _image("a HEIF image coded in an unusual way", "изображение HEIF с необычным кодированием")

_STARTS: tuple[tuple[int, bytes, Words], ...] = (
    (0, b"II*\0\x10\0\0\0CR", _raw("Canon CR2")),
    (0, b"II\x1a\0\0\0HEAPCCDR", _raw("Canon CRW")),
    (0, b"IIU\0", _raw("Panasonic RW2")),
    (0, b"IIRO", _raw("Olympus ORF")),
    (0, b"IIRS", _raw("Olympus ORF")),
    (0, b"MMOR", _raw("Olympus ORF")),
    (0, b"FUJIFILMCCD-RAW", _raw("Fujifilm RAF")),
    (0, b"FOVb", _raw("Sigma X3F")),
    (0, b"\0MRM", _raw("Minolta MRW")),
    (0, b"II\xbc\x01", _image("a JPEG XR image", "изображение JPEG XR")),
    (0, b"II+\0", TIFF),
    (0, b"MM\0+", TIFF),
    (0, b"\xff\x0a", _image("a JPEG XL image", "изображение JPEG XL")),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", _image("a JPEG XL image", "изображение JPEG XL")),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", _image("a JPEG 2000 image", "изображение JPEG 2000")),
    (0, b"\xff\x4f\xff\x51", _image("a JPEG 2000 image", "изображение JPEG 2000")),
    (0, b"8BPS", _image("a Photoshop file (PSD)", "файл Photoshop (PSD)")),
    (0, b"gimp xcf", _image("a GIMP file (XCF)", "файл GIMP (XCF)")),
    (0, b"icns", _image("an Apple icon (ICNS)", "значок Apple (ICNS)")),
    (0, b"\0\0\2\0", _image("a Windows cursor (CUR)", "курсор Windows (CUR)")),
    (0, b"qoif", _image("a QOI image", "изображение QOI")),
    (0, b"BPG\xfb", _image("a BPG image", "изображение BPG")),
    (0, b"FLIF", _image("a FLIF image", "изображение FLIF")),
    (0, b"DDS ", _image("a DDS texture", "текстура DDS")),
    (0, b"v/1\x01", _image("an OpenEXR image", "изображение OpenEXR")),
    (0, b"#?RADIANCE", _image("a Radiance HDR image", "изображение Radiance HDR")),
    (0, b"\xd7\xcd\xc6\x9a", _image("a Windows metafile (WMF)", "метафайл Windows (WMF)")),
    (0, b"AT&TFORM", _document("a DjVu document", "документ DjVu")),
    (0, b"%PDF", _document("a PDF document", "документ PDF")),
    (0, b"%!PS", _document("a PostScript document", "документ PostScript")),
    (0, b"\xc5\xd0\xd3\xc6", _document("a PostScript document (EPS)", "документ PostScript (EPS)")),
    (0, b"{\\rtf", _document("an RTF document", "документ RTF")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _document("an old Office document", "старый документ Office")),
    (0, b"PK\3\4", _archive("ZIP")),
    (0, b"PK\5\6", _archive("ZIP")),
    (0, b"Rar!\x1a\7", _archive("RAR")),
    (0, b"7z\xbc\xaf\x27\x1c", _archive("7z")),
    (0, b"\x1f\x8b", _archive("gzip")),
    (0, b"BZh", _archive("bzip2")),
    (0, b"\xfd7zXZ\0", _archive("xz")),
    (0, b"\x28\xb5\x2f\xfd", _archive("Zstandard")),
    (257, b"ustar", _archive("tar")),
    (8, b"AVI LIST", _video("AVI")),
    (8, b"WAVE", _sound("WAV")),
    (0, b"\x1a\x45\xdf\xa3", _video("Matroska or WebM")),
    (0, b"FLV\1", _video("FLV")),
    (0, b"OggS", _video("Ogg")),
    (0, b"0&\xb2u\x8ef\xcf\x11", _video("WMV")),
    (0, b"\0\0\1\xba", _video("MPEG")),
    (0, b"\0\0\1\xb3", _video("MPEG")),
    (4, b"moov", _video("MOV")),
    (4, b"mdat", _video("MOV")),
    (4, b"wide", _video("MOV")),
    (4, b"pnot", _video("MOV")),
    (0, b"ID3", _sound("MP3")),
    (0, b"fLaC", _sound("FLAC")),
    (0, b"\0\5\x16\7", Words(
        "is what macOS keeps beside a file (AppleDouble), not a photo; remove it, the photo lies beside it",
        "служебный файл macOS (AppleDouble), а не фотография; удалите его, сама фотография лежит рядом",
    )),
    (0, b"bplist00", Words(
        "is a stub or a list of settings of macOS, not a photo; download the photo, as from iCloud, first",
        "заглушка или настройки macOS, а не фотография; сначала скачайте фотографию, например из iCloud",
    )),
    (0, b"version https://git-lfs", Words(
        "is a pointer of Git LFS, not the photo; run git lfs pull",
        "указатель Git LFS, а не сама фотография; выполните git lfs pull",
    )),
)  # fmt: skip

_MAKERS_OF_RAW = (
    (b"NIKON", _raw("Nikon NEF")),
    (b"SONY", _raw("Sony ARW")),
    (b"PENTAX", _raw("Pentax PEF")),
    (b"SAMSUNG", _raw("Samsung SRW")),
    (b"Hasselblad", _raw("Hasselblad 3FR")),
    (b"Phase One", _raw("Phase One IIQ")),
    (b"Canon", _raw("Canon")),
)
_DNG = _raw("DNG")
_DNG_VERSION_TAG = {b"II": b"\x12\xc6\1\0\4\0\0\0", b"MM": b"\xc6\x12\0\1\0\0\0\4"}

_OF_BRANDS = {
    b"crx ": _raw("Canon CR3"),
    b"jxl ": _image("a JPEG XL image", "изображение JPEG XL"),
    b"jp2 ": _image("a JPEG 2000 image", "изображение JPEG 2000"),
    b"qt  ": _video("MOV"),
    b"M4A ": _sound("M4A"),
    b"M4B ": _sound("M4B"),
}
_SVG = _image("an SVG drawing", "рисунок SVG")
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!--|<!doctype|<svg|<html|<head|<body)", re.IGNORECASE)
_PAGE = re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE)
_PORTABLE = re.compile(rb"P[1-7]\s")
_PORTABLE_MAP = _image("a portable pixmap (PPM, PGM or PBM)", "изображение PPM, PGM или PBM")

FOREIGN = (
    *dict.fromkeys(
        [each for _, _, each in _STARTS]
        + [each for _, each in _MAKERS_OF_RAW]
        + [*_OF_BRANDS.values(), TIFF, MP4, PAGE, NO_HEIF, NO_AVIF, OTHER_HEIF, _DNG, _SVG, _PORTABLE_MAP]
    ),
    UNSUPPORTED,
)
"""All that `foreign` may answer."""


def foreign(start: bytes) -> Words:
    """What a file that is no photo to read is, by its first PROBE_BYTES or fewer."""
    if start[4:8] == b"ftyp":
        return next((_OF_BRANDS[each] for each in brands_of(start) if each in _OF_BRANDS), MP4)
    for at, magic, found in _STARTS:
        if start.startswith(magic, at):
            return found
    if start.startswith((b"II*\0", b"MM\0*")):
        return _raw_or_tiff(start)
    text = start.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        return PAGE if _PAGE.search(text.partition(b"<svg")[0]) else _SVG if b"<svg" in text else UNSUPPORTED
    return _PORTABLE_MAP if _PORTABLE.match(start) else UNSUPPORTED


def _raw_or_tiff(start: bytes) -> Words:
    if _DNG_VERSION_TAG[start[:2]] in start:
        return _DNG
    return next((found for maker, found in _MAKERS_OF_RAW if maker in start), TIFF)
