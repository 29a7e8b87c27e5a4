from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.bulk import parquet_parts
from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.errors import ResultsError
from tests.bulk.conftest import ANSWER, CARS, MODEL, NO_CAR, refusal

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs kuzov[cluster]")


def rows(folder: Path) -> list[Any]:
    import pyarrow.dataset

    found: list[Any] = pyarrow.dataset.dataset(folder).to_table().to_pylist()
    return found


def test_a_later_run_adds_a_part(tmp_path: Path) -> None:
    failed = Answer(photo=b"\xff.jpg".decode(errors="surrogateescape"), error="is empty")
    for each in (ANSWER, failed):
        with open_results(tmp_path / "results", MODEL) as results:
            results.add([each])
    assert rows(tmp_path / "results") == [
        ANSWER.to_json(MODEL), failed.to_json(MODEL) | {"photo": "\\udcff.jpg"}
    ]  # fmt: skip
    with open_results(tmp_path / "results", MODEL) as results:
        assert list(results.photos()) == ["фото/a.jpg", "\\udcff.jpg"]
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == [
        "part-00000.parquet", "part-00001.parquet"
    ]  # fmt: skip


def test_each_car_has_a_row(tmp_path: Path) -> None:
    with open_results(tmp_path, MODEL, all_cars=True) as results:
        results.add(CARS)
        results.add([NO_CAR])
    assert rows(tmp_path) == [each.to_json(MODEL) for each in (*CARS, NO_CAR)]
    with open_results(tmp_path, MODEL, all_cars=True) as results:
        assert list(results.photos()) == ["a.jpg", "b.jpg"]


def test_the_rows_of_a_photo_are_in_one_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 1)
    with open_results(tmp_path, MODEL, all_cars=True) as results:
        results.add(CARS)
    assert [file.name for file in tmp_path.iterdir()] == ["part-00000.parquet"]


def test_a_part_outlives_a_power_cut(tmp_path: Path, on_disk: dict[Path, bytes | set[str]]) -> None:
    folder = tmp_path / "results"
    with open_results(folder, MODEL) as results:
        results.add([ANSWER])
    assert on_disk[tmp_path] == {"results"}
    assert on_disk[folder] == {"part-00000.parquet"}


def test_a_part_ends_when_it_is_full_or_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_parts, "_BATCH_ROWS", 2)
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 5)
    with open_results(tmp_path, MODEL) as results:
        for number in range(11):
            results.add([Answer(photo=f"{number}.jpg")])
        assert sum(1 for _ in tmp_path.glob("part-*")) == 2
        monkeypatch.setattr(parquet_parts, "PART_EVERY_S", 0.0)
        results.add([Answer(photo="11.jpg")])
        assert sum(1 for _ in tmp_path.glob("part-*")) == 3
    assert [each["photo"] for each in rows(tmp_path)] == [f"{number}.jpg" for number in range(12)]


def test_what_a_kill_left_unfinished_goes(tmp_path: Path) -> None:
    (tmp_path / ".part-00000.parquet.0f1e").write_bytes(b"PAR1")
    (tmp_path / "mine.txt").write_text("stays")
    with open_results(tmp_path, MODEL) as results:
        assert list(results.photos()) == []
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failed_photo_may_be_tried_again(tmp_path: Path) -> None:
    here, elsewhere = (Answer(photo=f"{name}.jpg", error="is empty") for name in ("here", "elsewhere"))
    for part in ([here, ANSWER], [here], [elsewhere]):
        with open_results(tmp_path, MODEL) as results:
            for each in part:
                results.add([each])
    untouched = (tmp_path / "part-00002.parquet").stat()
    with open_results(tmp_path, MODEL) as results:
        assert list(results.photos(failed=False)) == [ANSWER.photo]
        results.remove_failed({here.photo, ANSWER.photo}.__contains__)
    assert rows(tmp_path) == [ANSWER.to_json(MODEL), elsewhere.to_json(MODEL)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part-00000.parquet", "part-00002.parquet"]
    assert (tmp_path / "part-00002.parquet").stat().st_ino == untouched.st_ino


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    import pyarrow.parquet

    part = tmp_path / "part-00000.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), part)
    text = f"{part} is no result of kuzov classify. Give another --out."
    assert refusal(tmp_path) == text
    with pytest.raises(ResultsError) as raised, open_results(tmp_path, MODEL) as results:
        results.clear()
    assert str(raised.value) == text
    part.write_bytes(b"no table")
    assert refusal(tmp_path) == (
        f"{part} can't be read as Parquet. Remove it, and its photos are done again; or give another --out."
    )
    assert part.exists()


def test_clear_removes_the_parts(tmp_path: Path) -> None:
    with open_results(tmp_path, MODEL) as results:
        results.add([ANSWER])
    with open_results(tmp_path, ModelName(name="other", version=1)) as results:
        results.clear()
        assert not list(tmp_path.iterdir())
