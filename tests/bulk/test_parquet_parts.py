from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.bulk import parquet_parts
from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.errors import ResultsError

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs kuzov[cluster]")


def rows(folder: Path) -> list[Any]:
    import pyarrow.dataset

    found: list[Any] = pyarrow.dataset.dataset(folder).to_table().to_pylist()
    return found


def test_a_later_run_adds_a_part(tmp_path: Path, model: ModelName, answer: Answer) -> None:
    failed = Answer(photo=b"\xff.jpg".decode(errors="surrogateescape"), error="is empty")
    for each in (answer, failed):
        with open_results(tmp_path / "results", model) as results:
            results.add(each)
    assert rows(tmp_path / "results") == [
        answer.to_json(model), failed.to_json(model) | {"photo": "\\udcff.jpg"}
    ]  # fmt: skip
    with open_results(tmp_path / "results", model) as results:
        assert list(results.photos()) == ["фото/a.jpg", "\\udcff.jpg"]
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == [
        "part-00000.parquet", "part-00001.parquet"
    ]  # fmt: skip


def test_a_part_outlives_a_power_cut(
    tmp_path: Path, model: ModelName, answer: Answer, on_disk: dict[Path, bytes | set[str]]
) -> None:
    folder = tmp_path / "results"
    with open_results(folder, model) as results:
        results.add(answer)
    assert on_disk[tmp_path] == {"results"}
    assert on_disk[folder] == {"part-00000.parquet"}


def test_a_part_ends_when_it_is_full_or_old(
    tmp_path: Path, model: ModelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_parts, "_BATCH_ROWS", 2)
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 5)
    with open_results(tmp_path, model) as results:
        for number in range(11):
            results.add(Answer(photo=f"{number}.jpg"))
        assert sum(1 for _ in tmp_path.glob("part-*")) == 2
        monkeypatch.setattr(parquet_parts, "PART_EVERY_S", 0.0)
        results.add(Answer(photo="11.jpg"))
        assert sum(1 for _ in tmp_path.glob("part-*")) == 3
    assert [each["photo"] for each in rows(tmp_path)] == [f"{number}.jpg" for number in range(12)]


def test_what_a_kill_left_unfinished_goes(tmp_path: Path, model: ModelName) -> None:
    (tmp_path / ".part-00000.parquet.0f1e").write_bytes(b"PAR1")
    (tmp_path / "mine.txt").write_text("stays")
    with open_results(tmp_path, model) as results:
        assert list(results.photos()) == []
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failed_photo_may_be_tried_again(tmp_path: Path, model: ModelName, answer: Answer) -> None:
    here, elsewhere = (Answer(photo=f"{name}.jpg", error="is empty") for name in ("here", "elsewhere"))
    for part in ([here, answer], [here], [elsewhere]):
        with open_results(tmp_path, model) as results:
            for each in part:
                results.add(each)
    untouched = (tmp_path / "part-00002.parquet").stat()
    with open_results(tmp_path, model) as results:
        assert list(results.photos(failed=False)) == [answer.photo]
        results.remove_failed({here.photo, answer.photo}.__contains__)
    assert rows(tmp_path) == [answer.to_json(model), elsewhere.to_json(model)]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part-00000.parquet", "part-00002.parquet"]
    assert (tmp_path / "part-00002.parquet").stat().st_ino == untouched.st_ino


def test_what_is_not_ours_stays(tmp_path: Path, model: ModelName) -> None:
    import pyarrow.parquet

    part = tmp_path / "part-00000.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), part)
    text = f"{part} is no result of kuzov classify. Give another --out."
    for begin in ("photos", "clear"):
        with pytest.raises(ResultsError) as raised, open_results(tmp_path, model) as results:
            list(getattr(results, begin)() or ())
        assert str(raised.value) == text
    part.write_bytes(b"no table")
    with pytest.raises(ResultsError) as raised, open_results(tmp_path, model) as results:
        list(results.photos())
    assert str(raised.value) == (
        f"{part} can't be read as Parquet. Remove it, and its photos are done again; or give another --out."
    )
    assert part.exists()


def test_clear_removes_the_parts(tmp_path: Path, model: ModelName, answer: Answer) -> None:
    with open_results(tmp_path, model) as results:
        results.add(answer)
    with open_results(tmp_path, ModelName(name="other", version=1)) as results:
        results.clear()
        assert not list(tmp_path.iterdir())
