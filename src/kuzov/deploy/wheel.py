"""The kuzov that runs here as a wheel, so that an image gets the same one."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

# What only training and a fresh machine need; an image has a model of its own.
_LEFT_OUT = {
    PurePosixPath("kuzov/model/weights"),
    PurePosixPath("kuzov/cars/detector.pb"),
    PurePosixPath("kuzov/ready/img_classifier"),
}
# Of the metadata, what describes the package rather than how it was installed here.
_METADATA = ("METADATA", "WHEEL", "entry_points.txt", "licenses/")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_wheel() -> tuple[str, bytes]:
    """Pack the installed kuzov, without the networks that training starts from and without the ready model.

    The same files give the same bytes. Returns the wheel's file name and its contents.
    """
    installed = distribution("kuzov")
    files = _package() | _metadata(installed)
    info = _info_folder(installed)
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return f"kuzov-{installed.version}-py3-none-any.whl", packed.getvalue()


def _package() -> dict[str, bytes]:
    root = Path(__file__).parents[1]
    found = {}
    for file in sorted(root.rglob("*")):
        path = PurePosixPath("kuzov", file.relative_to(root).as_posix())
        if file.is_file() and "__pycache__" not in path.parts and not {path, *path.parents} & _LEFT_OUT:
            found[str(path)] = file.read_bytes()
    return found


def _metadata(installed: Distribution) -> dict[str, bytes]:
    info = _info_folder(installed)
    return {
        str(path): Path(str(path.locate())).read_bytes()
        for path in sorted(installed.files or ())
        if str(path).startswith(tuple(f"{info}/{name}" for name in _METADATA))
    }


def _info_folder(installed: Distribution) -> str:
    return f"kuzov-{installed.version}.dist-info"


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
