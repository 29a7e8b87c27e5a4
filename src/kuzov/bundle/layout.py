"""Where things stand in a model folder: `<base>/<version>/…`, the version an integer."""

from __future__ import annotations

from pathlib import Path

from kuzov.errors import BundleError

SAVED_MODEL = "saved_model.pb"
LABELS = Path("assets", "labels.txt")
CARD = Path("assets.extra", "card.json")
WARMUP_REQUESTS = Path("assets.extra", "tf_serving_warmup_requests")
REPORT = Path("assets.extra", "report.html")
OPENVINO_MODEL = Path("assets.extra", "openvino", "model.xml")
OPENVINO_INT8 = Path("assets.extra", "openvino-int8")
OPENVINO_INT8_MODEL = OPENVINO_INT8 / "model.xml"


def versions(base: Path) -> list[int]:
    """The versions in a model folder, ascending; folders of other names, or without a model, don't count."""
    if not base.is_dir():
        return []
    return sorted(
        int(folder.name)
        for folder in base.iterdir()
        if folder.name.isascii() and folder.name.isdigit() and (folder / SAVED_MODEL).is_file()
    )


def version_folder(base: Path, version: int) -> Path:
    """The folder of a version; its name may have leading zeros.

    Raises:
        BundleError: There is no such version.
    """
    for folder in sorted(base.iterdir()) if base.is_dir() else []:
        if folder.name.isascii() and folder.name.isdigit() and int(folder.name) == version:
            return folder
    raise BundleError(f"There is no version {version} in {base}.")


def newest(base: Path) -> Path:
    """The folder of the newest version.

    Raises:
        BundleError: The folder is missing or holds no version.
    """
    if not base.is_dir():
        raise BundleError(f"There is no model folder {base}. Train one: kuzov train PHOTOS --out {base}")
    found = versions(base)
    if not found:
        raise BundleError(
            f"No version in the model folder {base}: it needs a subfolder named by a number, with a "
            f"{SAVED_MODEL} inside. Train one: kuzov train PHOTOS --out {base}"
        )
    return version_folder(base, found[-1])


def resolve(path: Path) -> Path:
    """The version folder that a user means: `path` itself if it holds a model, else its newest version.

    Raises:
        BundleError: Neither is there.
    """
    return path if (path / SAVED_MODEL).is_file() else newest(path)
