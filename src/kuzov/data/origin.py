"""The demo's photos: those of the public project that kuzov comes from.

It is github.com/manzhura/car_classification. The photos are downloaded, never shipped. The address names a
commit and every file has a known SHA-256, so what arrives is what this project was measured on, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

from kuzov.errors import DatasetError, MissingExtraError, reason_of
from kuzov.words import Words, plain

ORIGIN_URL = (
    "https://raw.githubusercontent.com/manzhura/car_classification/"
    "051338996e4b83e0f4af3ffcf217ad0bc4c6e723/data/"
)
FOLDER_NAME = "russian-cars-5"

_DOWNLOADING = Words("Downloading the demo's photos", "Скачивание фотографий для демо")
_NOT_DOWNLOADED = Words(
    "The demo's photos can't be downloaded from {url} into {folder} ({why}); check the network connection, "
    "or go on with photos of your own.",
    "Фотографии для демо не скачать с {url} в {folder} ({why}); проверьте соединение с сетью или продолжайте "
    "со своими фотографиями.",
)
_OTHER_PHOTO = Words(
    "The photo {url} is not the one that this version of kuzov knows (its SHA-256 differs), so it was not "
    "kept; go on with photos of your own.",
    "Фотография {url} не та, которую знает эта версия kuzov (другой SHA-256), поэтому она не сохранена; "
    "продолжайте со своими фотографиями.",
)
_STATUS = Words("HTTP status {status} for {url}", "код HTTP {status} от {url}")
_TIMEOUT_S = 5
_THREADS = 4


def origin_registry() -> dict[str, str]:
    """The 182 photos: SHA-256 by path, such as train/bmw_x5/x1.jpeg."""
    text = resources.files("kuzov.data").joinpath("origin_registry.txt").read_text(encoding="utf-8")
    return dict(line.split() for line in text.splitlines())


def origin_photos(
    folder: Path | None,
    cache: Path,
    *,
    base_url: str = ORIGIN_URL,
    registry: Mapping[str, str] | None = None,
) -> Path:
    """Find or download the origin's photos: train/, validation/ and the loose photos of test/.

    Args:
        folder: Where the photos may lie already; used, and nothing is downloaded, where all of them do.
        cache: A folder to download into. `cache/russian-cars-5` appears when every photo is there and has
            its checksum; a download that was cut off goes on where it stopped.
        base_url: What the paths of the registry are appended to.
        registry: SHA-256 by path; the shipped one where it is None.

    Returns:
        The folder that holds all the photos.

    Raises:
        DatasetError: The photos can't be downloaded, or one is not what it was.
        MissingExtraError: They must be downloaded and pooch is not installed.
    """
    registry = origin_registry() if registry is None else registry
    whole = cache / FOLDER_NAME
    for candidate in (folder, whole):
        if candidate is not None and _holds(candidate, registry):
            return candidate
    # A whole folder that was damaged since is mended where it is.
    work = whole if whole.exists() else cache / f"{FOLDER_NAME}.partial"
    _download(work, base_url, registry)
    return work if work == whole else work.replace(whole)


def _holds(folder: Path, registry: Mapping[str, str]) -> bool:
    return all(
        (file := folder / path).is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == known
        for path, known in registry.items()
    )


def _download(folder: Path, base_url: str, registry: Mapping[str, str]) -> None:
    """Bring every photo that is not there yet."""
    try:
        import pooch  # noqa: PLC0415 (optional, and only needed here)
    except ModuleNotFoundError as error:
        raise MissingExtraError(_DOWNLOADING, "demo") from error
    # One line a photo would drown what the demo prints.
    pooch.get_logger().setLevel("WARNING")
    photos = pooch.create(path=folder, base_url=base_url, registry=dict(registry))
    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT_S)

    def fetch(path: str) -> None:
        try:
            photos.fetch(path, downloader=downloader)
        except OSError as error:  # those of requests are OSErrors too
            told = _NOT_DOWNLOADED.fill(url=base_url, folder=str(folder), why=_cause(error))
            raise DatasetError(told) from error
        except ValueError as error:
            raise DatasetError(_OTHER_PHOTO.fill(url=f"{base_url}{path}")) from error

    first, *others = sorted(registry)
    for path in registry:
        # pooch makes these as well, but two threads would be in each other's way.
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    # The first alone, so that a computer that is offline learns it in one try.
    fetch(first)
    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(fetch, others):
            pass


def _cause(error: OSError) -> Words:
    response = getattr(error, "response", None)
    if response is not None:
        response.close()  # pooch leaves it open
        return _STATUS.fill(status=response.status_code, url=response.url)
    # The text of requests' errors is of its own insides.
    return reason_of(error) if error.strerror else plain(type(error).__name__)
