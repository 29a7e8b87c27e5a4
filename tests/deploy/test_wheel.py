from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kuzov import __version__
from kuzov.deploy.wheel import build_wheel


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(build_wheel()[1]))


def test_the_same_files_give_the_same_bytes() -> None:
    assert build_wheel() == build_wheel()
    assert build_wheel()[0] == f"kuzov-{__version__}-py3-none-any.whl"


def test_it_holds_the_package_and_its_licences(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    info = f"kuzov-{__version__}.dist-info"
    assert {"kuzov/serve/server.py", "kuzov/py.typed", "kuzov/wire/descriptors.binpb"} <= names
    assert {f"{info}/METADATA", f"{info}/WHEEL", f"{info}/entry_points.txt", f"{info}/RECORD"} <= names
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= names


def test_it_tells_nothing_of_this_machine_and_leaves_here_what_only_training_needs(
    wheel: zipfile.ZipFile,
) -> None:
    names = {Path(name).name for name in wheel.namelist()}
    assert not {"direct_url.json", "INSTALLER", "REQUESTED", "detector.pb"} & names
    assert not [name for name in names if name.endswith(".pyc")]
    assert {"detector.xml", "detector.bin"} <= names
    assert "kuzov/ready/README.md" in wheel.namelist()
    # The detector has 4.6 MB of them.
    assert sum(entry.file_size for entry in wheel.infolist()) < 7_000_000


def test_its_record_is_true(wheel: zipfile.ZipFile) -> None:
    (record,) = [name for name in wheel.namelist() if name.endswith("/RECORD")]
    rows = list(csv.reader(wheel.read(record).decode().splitlines()))
    assert [row[0] for row in rows] == wheel.namelist()
    for name, digest, size in rows[:-1]:
        data = wheel.read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={expected}", len(data))


def test_pip_installs_it(tmp_path: Path) -> None:
    name, packed = build_wheel()
    (tmp_path / name).write_bytes(packed)
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--quiet"]
    subprocess.run([*pip, "--target", tmp_path / "site", tmp_path / name], check=True)
    told = subprocess.check_output(
        [sys.executable, "-c", "import kuzov; print(kuzov.__file__, kuzov.__version__)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        text=True,
    )
    assert told == f"{tmp_path / 'site' / 'kuzov' / '__init__.py'} {__version__}\n"
    assert (tmp_path / "site" / "bin" / "kuzov").is_file()
