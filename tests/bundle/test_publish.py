from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzov.bundle import publish as module
from kuzov.bundle.layout import versions
from kuzov.bundle.publish import ABANDONED_AFTER_S, STAGING_PREFIX, publish, version_of
from kuzov.errors import BundleError
from tests.errors import raises
from tests.folders import contents

CONTENT = {"saved_model.pb": b"model", "variables/variables.index": b"index", "assets/labels.txt": b"a\nb\n"}

# Publishes CONTENT, and stops itself for good after as many steps as it is told: files, check, rename.
KILLED = """
import os, signal, sys
from pathlib import Path
from kuzov.bundle.publish import publish

content, base, steps = eval(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def step():
    global steps
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    steps -= 1

def write(folder):
    for name, text in content.items():
        step()
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text[:2])
        step()
        (folder / name).write_bytes(text)
    step()

replace = Path.replace
Path.replace = lambda source, target: (step(), replace(source, target), step())[1]
publish(base, write)
print("published")
"""
STEPS = 2 * len(CONTENT) + 3


def write(folder: Path) -> None:
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def names(base: Path) -> list[str]:
    return sorted(entry.name for entry in base.iterdir())


def test_a_version_appears_whole_under_the_time(tmp_path: Path) -> None:
    base = tmp_path / "models" / "cars"
    before = int(time.time())
    folder = publish(base, write)
    assert before <= int(folder.name) <= int(time.time())
    assert folder.parent == base
    assert contents(folder) == CONTENT
    assert names(base) == [folder.name]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_nothing_is_seen_before_the_end(tmp_path: Path) -> None:
    def look(folder: Path) -> None:
        write(folder)
        assert folder.parent == tmp_path
        assert versions(tmp_path) == []
        assert names(tmp_path) == [folder.name]

    publish(tmp_path, look)
    assert len(versions(tmp_path)) == 1


def test_version_numbers_grow_even_where_the_clock_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.5)
    assert [publish(tmp_path, write).name for _ in range(3)] == ["1000", "1001", "1002"]
    (tmp_path / "2000").mkdir()
    (tmp_path / "2000" / "saved_model.pb").touch()
    assert publish(tmp_path, write).name == "2001"


@pytest.mark.parametrize("kind", [ValueError, BundleError, KeyboardInterrupt])
def test_a_failure_in_writing_leaves_nothing(tmp_path: Path, kind: type[BaseException]) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise kind("no")

    with pytest.raises(kind, match=r"^no$"):
        publish(tmp_path, fail)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("encoder error -2 when writing image file"), "encoder error -2 when writing image file"),
    ],
    ids=["a full disk", "a picture"],
)
def test_what_keeps_a_version_from_being_made_is_told_and_leaves_nothing(
    tmp_path: Path, error: OSError, told: str
) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise error

    with raises(BundleError, f"No new version could be made in {tmp_path}: {told}."):
        publish(tmp_path, fail)
    assert names(tmp_path) == []


def test_a_failed_rename_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with raises(BundleError, f"No new version could be made in {tmp_path}: Permission denied."):
        publish(tmp_path, write)
    assert names(tmp_path) == []


def test_a_base_that_is_a_file_is_told(tmp_path: Path) -> None:
    base = tmp_path / "cars"
    base.touch()
    with raises(BundleError, f"The model folder {base} can't be written: File exists."):
        publish(base, write)


def test_two_writers_at_once_get_a_version_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)
    together = threading.Barrier(8)

    def writer(number: int) -> Callable[[Path], None]:
        def write_own(folder: Path) -> None:
            write(folder)
            (folder / "writer").write_text(str(number))
            (folder / "told").write_text(str(version_of(folder)))
            together.wait(10)

        return write_own

    threads = [threading.Thread(target=publish, args=(tmp_path, writer(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions(tmp_path) == list(range(1000, 1008))
    assert names(tmp_path) == [str(version) for version in range(1000, 1008)]
    written = [contents(tmp_path / name) for name in names(tmp_path)]
    assert all(CONTENT.items() <= each.items() for each in written)
    assert {each["writer"] for each in written} == {str(number).encode() for number in range(8)}
    assert [each["told"].decode() for each in written] == names(tmp_path)


def test_a_version_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)
    monkeypatch.setattr(module, "versions", lambda _base: [])
    publish(tmp_path, write)
    (tmp_path / "1001").touch()
    assert publish(tmp_path, write).name == "1002"
    assert contents(tmp_path / "1000") == CONTENT


@pytest.mark.parametrize("step", [*range(0, STEPS, 2), STEPS - 2, STEPS])
def test_a_kill_leaves_no_version_or_a_whole_one(tmp_path: Path, step: int) -> None:
    done = run(KILLED, repr(CONTENT), str(tmp_path), str(step))
    if step == STEPS:
        assert (done.returncode, done.stdout) == (0, "published\n"), done.stderr
    else:
        assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")
    renamed = step >= STEPS - 1
    assert [contents(tmp_path / str(version)) for version in versions(tmp_path)] == [CONTENT] * renamed
    assert [name for name in names(tmp_path) if not name.startswith(STAGING_PREFIX)] == [
        str(version) for version in versions(tmp_path)
    ]


def test_what_a_kill_left_is_removed_after_a_day(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (f"{STAGING_PREFIX}old", f"{STAGING_PREFIX}new", "mine"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "saved_model.pb").touch()
    for folder, age in ((old, ABANDONED_AFTER_S + 60), (young, ABANDONED_AFTER_S - 60), (other, 10**6)):
        os.utime(folder, (time.time() - age,) * 2)
    version = publish(tmp_path, write)
    assert names(tmp_path) == sorted([young.name, other.name, version.name])
    assert ABANDONED_AFTER_S == 24 * 3600


def test_a_staging_folder_that_another_writer_renames_meanwhile_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / f"{STAGING_PREFIX}gone").symlink_to(tmp_path / "nowhere")  # listed, but not there any more
    assert contents(publish(tmp_path, write)) == CONTENT


def test_a_version_outlives_a_power_cut(tmp_path: Path, on_disk: dict[Path, bytes | set[str]]) -> None:
    version = publish(tmp_path, write)
    assert set(CONTENT.values()) <= {each for each in on_disk.values() if isinstance(each, bytes)}
    assert on_disk[tmp_path] == {version.name}
