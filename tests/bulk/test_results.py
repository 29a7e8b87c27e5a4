from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.errors import ConfigError, MissingExtraError, ResultsError
from tests.bulk.conftest import ANSWER, CARS, MODEL, NO_CAR, locked_by_another, refusal

FORMS = pytest.mark.parametrize("name", ["results.jsonl", "results"])


@FORMS
def test_nothing_is_left_where_nothing_was_written(tmp_path: Path, name: str) -> None:
    with open_results(tmp_path / name, MODEL):
        assert (tmp_path / name).exists()
    assert not list(tmp_path.iterdir())


@FORMS
def test_answers_of_another_model_are_refused(tmp_path: Path, name: str) -> None:
    unread = Answer(photo="b.jpg", error="there is no such file")
    with open_results(tmp_path / name, MODEL) as results:
        results.add([ANSWER])
        results.add([unread])
    with open_results(tmp_path / name, MODEL) as results:
        assert list(results.photos()) == [ANSWER.photo, unread.photo]
    advice = "Give another --out, or --restart to begin anew in its place."
    assert refusal(tmp_path / name, ModelName(name="cars", version=8)) == (
        f"{tmp_path / name} holds answers of cars version 7, and cars version 8 is asked now. {advice}"
    )
    assert refusal(tmp_path / name, replace(MODEL, labels=frozenset({"sedan", "van"}))) == (
        f"{tmp_path / name} holds answers of another cars version 7, which knew suv. {advice}"
    )


@FORMS
def test_rows_of_photos_and_of_cars_are_kept_apart(tmp_path: Path, name: str) -> None:
    advice = "Give another --out, or --restart to begin anew in its place."
    unread = Answer(photo="c.jpg", error="there is no such file")
    with open_results(tmp_path / name, MODEL, all_cars=True) as results:
        results.add([unread])
    with open_results(tmp_path / name, MODEL) as results:  # what can't be read has a row in either
        assert list(results.photos()) == ["c.jpg"]
        results.add([ANSWER])
    assert refusal(tmp_path / name, all_cars=True) == (
        f"{tmp_path / name} holds a row a photo, and now a row a car is asked for. {advice}"
    )
    with open_results(tmp_path / name, MODEL, all_cars=True) as results:
        results.clear()
        results.add(CARS)
        results.add([NO_CAR])
    assert refusal(tmp_path / name) == (
        f"{tmp_path / name} holds a row a car, and now a row a photo is asked for. {advice}"
    )


@FORMS
def test_results_of_kuzov_0_1_are_gone_on_with(tmp_path: Path, name: str) -> None:
    later = {"car", "no_car", "cars", "note"}
    row = {key: value for key, value in ANSWER.to_json(MODEL).items() if key not in later}
    if name.endswith(".jsonl"):
        (tmp_path / name).write_text(json.dumps(row) + "\n", encoding="utf-8")
    else:
        pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs kuzov[cluster]")
        from pyarrow import parquet

        (tmp_path / name).mkdir()
        parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / name / "part-00000.parquet")
    with open_results(tmp_path / name, MODEL) as results:
        assert list(results.photos()) == [ANSWER.photo]
    assert "holds a row a photo" in refusal(tmp_path / name, all_cars=True)


@FORMS
def test_one_process_at_a_time_and_a_kill_lets_the_next_in(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with locked_by_another(file) as other:
        try:
            assert refusal(file) == (
                f"Another kuzov classify writes to {file}; wait for its end, or give another --out."
            )
        finally:
            other.kill()
    with open_results(file, MODEL) as results:
        assert list(results.photos()) == ["theirs.jpg"]


def test_a_file_that_was_replaced_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"

    def replaced(*_: int) -> None:
        path.with_name("newer").touch()
        path.with_name("newer").rename(path)

    monkeypatch.setattr("fcntl.flock", replaced)
    with pytest.raises(ResultsError, match="Another kuzov classify writes to "), open_results(path, MODEL):
        pass


def test_no_space_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.jsonl"
    write = os.write

    def half(descriptor: int, text: bytes) -> int:
        if len(text) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, text[: len(text) - 50])

    with open_results(file, MODEL) as results:
        results.add([ANSWER])
    monkeypatch.setattr(os, "write", half)
    with pytest.raises(ResultsError) as raised, open_results(file, MODEL) as results:
        results.add([ANSWER])
    assert str(raised.value) == (
        f"Results can't be written to {file}: there is no space left. What was done is kept; free some "
        "space, and the same command goes on."
    )
    assert file.read_bytes() == ANSWER.to_line(MODEL)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    file = tmp_path / "results.jsonl"
    assert refusal(file) == f"Results can't be written to {file}: Permission denied. What was done is kept."


def test_a_folder_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.jsonl").mkdir()
    assert refusal(tmp_path / "file", kind=ConfigError) == (
        f"{tmp_path}/file is a file, but by its name it would be a folder of Parquet parts; a name in .jsonl "
        "is a file."
    )
    assert refusal(tmp_path / "folder.jsonl", kind=ConfigError) == (
        f"{tmp_path}/folder.jsonl is a folder, but by its name it would be a file of JSON lines; a name in "
        ".jsonl is a file."
    )
    assert refusal(tmp_path / "file" / "results.jsonl") == (
        f"Results can't be written to {tmp_path}/file/results.jsonl: {tmp_path}/file is a file. "
        "What was done is kept."
    )


def test_an_address_is_no_place_for_results() -> None:
    told = refusal(Path("s3://bucket/results"), kind=ConfigError)
    assert told == "Results are written to a local or mounted folder, not to an address."


def test_parquet_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kuzov.bulk.parquet_parts", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refusal(tmp_path / "results", kind=MissingExtraError) == (
        "Writing Parquet, unlike a file that ends in .jsonl, needs packages that are not installed. "
        "Install them with: pip install 'kuzov[cluster]'"
    )
    assert not list(tmp_path.iterdir())
