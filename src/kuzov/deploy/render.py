"""Write a deployment's files into a folder of the user's, whole, and over nothing that the user wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path, PurePath, PurePosixPath
from string import Template
from typing import TypeAlias

from kuzov.errors import ConfigError, reason_of
from kuzov.words import Words

Content: TypeAlias = str | bytes | Path
"""A file's text, its bytes, or the file that is copied."""

MANIFEST = PurePosixPath(".kuzov-deploy.json")
"""What was written into the folder, each file with its SHA-256: so that the user's own are told from ours."""

A_FILE = Words(
    "{out} is a file, not a folder. Name another folder with --out.",
    "{out} — файл, а не папка. Укажите другую папку: --out.",
)
UNWRITABLE = Words("The folder {out} can't be written: {why}.", "В папку {out} не записать: {why}.")
FOREIGN = Words(
    "{out} holds files that kuzov did not write, or that were changed since: {files}. Nothing was written. "
    "Move them away, or name another folder with --out.",
    "В {out} есть файлы, которые создал не kuzov или которые с тех пор изменены: {files}. Ничего не "
    "записано. Уберите их или укажите другую папку: --out.",
)
DAMAGED = Words(
    "{manifest} is damaged. Name another folder with --out.",
    "{manifest} повреждён. Укажите другую папку: --out.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a target of `kuzov deploy` consists of, and the commands that put it to work in the folder."""

    target: str
    files: Mapping[PurePath, Content]
    next: tuple[str, ...]

    def to_json(self, out: Path) -> dict[str, object]:
        """The object that `--json` prints once it is written into `out`."""
        return {
            "target": self.target,
            "folder": str(out),
            "files": sorted(path.as_posix() for path in self.files),
            "next": list(self.next),
        }


# What whoever runs a model has to know, whatever it runs on.
LICENCES = {
    "README.md": """
## Licence

kuzov is under Apache-2.0. Its own network was taught on photos that are for research use, and models trained
on it are bound by that too. Where this does not do, train on the ImageNet network, which is under Apache-2.0:
`kuzov train PHOTOS --set backbone=efficientnet-lite0-imagenet`.
""",
    "README.ru.md": """
## Лицензия

kuzov распространяется по лицензии Apache-2.0. Его собственная сеть училась на снимках, которые можно
использовать для исследований; это относится и к моделям, обученным на ней. Если это не подходит, обучайте на
сети ImageNet, её лицензия — Apache-2.0: `kuzov train PHOTOS --set backbone=efficientnet-lite0-imagenet`.
""",
}


def read_templates(target: str, values: Mapping[str, str]) -> dict[PurePath, str]:
    """The files of kuzov/deploy/templates/<target>, by their paths in it.

    Those named *.template lose that ending, and their $names are filled in; all others are taken as they are.
    READMEs end with the licence.
    """
    root = Path(str(package_files("kuzov.deploy"))) / "templates" / target
    found: dict[PurePath, str] = {}
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        text, path = file.read_text(encoding="utf-8"), PurePosixPath(file.relative_to(root).as_posix())
        if path.suffix == ".template":
            path = path.with_suffix("")
            text = Template(text).substitute(values)
        found[path] = text + LICENCES.get(path.name, "")
    return found


def render(files: Mapping[PurePath, Content], out: Path) -> None:
    """Write files into a folder; a file that begins with #! becomes executable.

    A new folder appears whole or not at all. In one that an earlier call wrote, files that are as that call
    left them are replaced, each whole, and those no longer needed are removed; all others are the user's.

    Raises:
        ConfigError: A file of the user's stands where one is to be written, or the folder can't be written.
    """
    if out.exists() and not out.is_dir():
        raise ConfigError(A_FILE.fill(out=str(out)))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # On the same disk as what it becomes, so that renames are possible.
        staging = Path(tempfile.mkdtemp(prefix=".kuzov-deploy-", dir=out if out.is_dir() else out.parent))
    except OSError as error:
        raise ConfigError(UNWRITABLE.fill(out=str(out), why=reason_of(error))) from error
    try:
        written = _stage(files, staging)
        if not out.exists():
            staging.rename(out)
        else:
            _update(out, staging, written)
    except OSError as error:
        raise ConfigError(UNWRITABLE.fill(out=str(out), why=reason_of(error))) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(files: Mapping[PurePath, Content], staging: Path) -> dict[str, str]:
    """Write all into the staging folder; gives the digests by path."""
    digests = {}
    for path, content in files.items():
        target = staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.read_bytes() if isinstance(content, Path) else content
        data = data.encode() if isinstance(data, str) else data
        target.write_bytes(data)
        target.chmod(0o755 if data.startswith(b"#!") else 0o644)
        digests[path.as_posix()] = _digest(data)
    _write_manifest(staging, {path: [digest] for path, digest in digests.items()})
    staging.chmod(0o755)  # mkdtemp's is for its owner alone
    return digests


def _update(out: Path, staging: Path, written: Mapping[str, str]) -> None:
    """Move the staged files into a folder that is there already."""
    former = _read_manifest(out)
    _refuse_foreign(out, former, written)
    # A manifest that knows both states, so that a kill in between makes no file a stranger.
    both = {path: [*former.get(path, ()), *filter(None, [written.get(path)])] for path in {*former, *written}}
    _write_manifest(staging / "both", both).replace(out / MANIFEST)
    for path in written:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).replace(out / path)
    for path in sorted(former.keys() - written.keys()):
        if _is_ours(out / path, former[path]):
            (out / path).unlink()
            _remove_empty(out, (out / path).parent)
    (staging / MANIFEST).replace(out / MANIFEST)


def _refuse_foreign(out: Path, former: Mapping[str, Sequence[str]], written: Mapping[str, str]) -> None:
    foreign = [
        path
        for path, digest in written.items()
        if (out / path).exists() and not _is_ours(out / path, [*former.get(path, ()), digest])
    ]
    if foreign:
        raise ConfigError(FOREIGN.fill(out=str(out), files=", ".join(sorted(foreign))))


def _is_ours(file: Path, digests: Sequence[str]) -> bool:
    """Whether a file is as an earlier call, or this one, writes it."""
    return file.is_file() and _digest(file.read_bytes()) in digests


def _read_manifest(out: Path) -> dict[str, list[str]]:
    try:
        found = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return {path: list(digests) for path, digests in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(DAMAGED.fill(manifest=str(out / MANIFEST))) from error


def _write_manifest(folder: Path, digests: Mapping[str, Sequence[str]]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return folder / MANIFEST


def _remove_empty(out: Path, folder: Path) -> None:
    while folder != out and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
