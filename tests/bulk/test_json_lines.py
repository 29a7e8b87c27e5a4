from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.errors import ResultsError
from tests.bulk.conftest import ANSWER, CARS, CARS_BEHIND, MODEL, NO_CAR, refusal


def test_a_later_run_adds_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.jsonl"
    with open_results(file, MODEL) as results:
        assert list(results.photos()) == []
        results.add([ANSWER])
    with open_results(file, MODEL) as results:
        assert list(results.photos()) == ["фото/a.jpg"]
        results.add([Answer(photo="b.jpg", error="is empty")])
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert rows == [ANSWER.to_json(MODEL), Answer(photo="b.jpg", error="is empty").to_json(MODEL)]


@pytest.mark.parametrize("torn", [b'{"photo": "b.j', b'{"pho'])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "results.jsonl"
    for whole in (ANSWER.to_line(MODEL), b""):
        file.write_bytes(whole + torn)
        with open_results(file, MODEL) as results:
            assert len(list(results.photos())) == whole.count(b"\n")
        assert file.read_bytes() == whole


HOLE = bytes(4096)


@pytest.mark.parametrize(
    ("left", "whole"),
    [
        (lambda a, b, c: [a, HOLE, b, c], "ac"),
        (lambda a, b, c: [a, b[:9], HOLE, b[-9:], c], "ac"),
        (lambda a, b, c: [a, b, c, HOLE], "abc"),
        (lambda a, b, c: [HOLE, a[-9:], b, c], "bc"),
        (lambda *_: [HOLE, HOLE], ""),
    ],
)
def test_what_a_power_cut_damaged_is_done_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, left: Callable[..., list[bytes]], whole: str
) -> None:
    rows = {name: replace(ANSWER, photo=name).to_line(MODEL) for name in "abcd"}
    file = tmp_path / "results.jsonl"
    file.write_bytes(b"".join(left(rows["a"], rows["b"], rows["c"])))
    kept = b"".join(rows[name] for name in whole)
    removed = file.stat().st_size - len(kept)
    with open_results(file, MODEL) as results:
        assert list(results.photos()) == list(whole)
        results.add([replace(ANSWER, photo="d")])
    assert file.read_bytes() == kept + rows["d"]
    assert caplog.messages == [
        f"{file} was damaged, as by a power cut: {removed} bytes of it were no whole rows, or not all of "
        "a photo's, and are removed. The photos that they told of are done again."
    ]


def test_what_was_taken_outlives_a_power_cut(tmp_path: Path, on_disk: dict[Path, bytes | set[str]]) -> None:
    file = tmp_path / "new" / "results.jsonl"
    with open_results(file, MODEL) as results:
        results.add([ANSWER])
        results.flush()
        assert on_disk == {file.parent: {"results.jsonl"}, file: ANSWER.to_line(MODEL)}


@pytest.mark.parametrize(
    "content", [b"my notes", b"my notes\n", b'{"photo": 1}\n', b"[]\n", b"\xff\n", b"\0\0\0\x18ftyp"]
)
def test_what_is_not_ours_stays(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "results.jsonl"
    file.write_bytes(content)
    assert refusal(file) == f"Line 1 of {file} is no result of kuzov classify. Give another --out."
    assert file.read_bytes() == content


@pytest.mark.parametrize("linked", [False, True])
def test_a_failed_photo_may_be_tried_again(tmp_path: Path, linked: bool) -> None:
    file, real = tmp_path / "results.jsonl", tmp_path / "real.jsonl"
    real.touch(mode=0o600)
    file.symlink_to(real) if linked else real.rename(file)
    failed = [Answer(photo=name, error="is empty") for name in ("b.jpg", "\udcff.jpg", "elsewhere.jpg")]
    with open_results(file, MODEL) as results:
        for each in (*failed, ANSWER):
            results.add([each])
    with open_results(file, MODEL) as results:
        assert list(results.photos(failed=False)) == [ANSWER.photo]
        results.remove_failed({"b.jpg", "\udcff.jpg", ANSWER.photo}.__contains__)
        with pytest.raises(ResultsError, match="Another kuzov classify writes"), open_results(file, MODEL):
            pass
        results.add([Answer(photo="b.jpg", top=ANSWER.top)])
    with open_results(file, MODEL) as results:
        assert list(results.photos()) == ["elsewhere.jpg", ANSWER.photo, "b.jpg"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(tmp_path.iterdir()) == ([real, file] if linked else [file])


def test_where_rows_can_not_be_removed_all_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.jsonl"
    file.write_bytes(Answer(photo="b.jpg", error="is empty").to_line(MODEL) + ANSWER.to_line(MODEL))
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match="there is no space left"), open_results(file, MODEL) as results:
        results.remove_failed({"b.jpg"}.__contains__)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_clear_removes_only_what_is_ours(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_bytes(bytes(4096) + ANSWER.to_line(ModelName(name="other", version=1)))
    with open_results(file, MODEL) as results:
        results.clear()
        results.add([ANSWER])
    assert file.read_bytes() == ANSWER.to_line(MODEL)
    file.write_bytes(b"my notes")
    with pytest.raises(ResultsError), open_results(file, MODEL) as results:
        results.clear()
    assert file.read_bytes() == b"my notes"


def test_the_rows_of_a_photo_are_all_there_or_none(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    with open_results(file, MODEL, all_cars=True) as results:
        results.add(CARS)
        results.add([NO_CAR])
        results.add(CARS_BEHIND)
    lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    for left, found in (
        (lines, ["a.jpg", "b.jpg", "c.jpg"]),
        (lines[:4], ["a.jpg", "b.jpg"]),
        ([*lines[:4], lines[4][:9]], ["a.jpg", "b.jpg"]),
        (lines[1:], ["b.jpg", "c.jpg"]),
        ([lines[0], HOLE, *lines[2:]], ["c.jpg"]),
        (lines[:1] + lines[3:], ["c.jpg"]),
    ):
        file.write_bytes(b"".join(left))
        with open_results(file, MODEL, all_cars=True) as results:
            assert list(results.photos()) == found
        kept = [line for line in lines if json.loads(line)["photo"] in found]
        assert file.read_bytes() == b"".join(kept)
