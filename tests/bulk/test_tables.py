"""Results as tables: what stands in their cells, and what programs that open them see."""

import csv
import io
import json
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kuzov.bulk.answers import Answer, ModelName
from kuzov.bulk.results import open_results
from kuzov.bulk.tables import COLUMNS, cells_of, write_csv, write_sheet
from kuzov.errors import ConfigError, ResultsError
from kuzov.records import Car
from kuzov.words import Words
from tests.bulk.conftest import refusal
from tests.errors import raises

MODEL = ModelName(name="cars", version=7)
NAMESPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def answer(photo: str, label: str = "bmw_x5") -> Answer:
    return Answer(
        photo=photo,
        top=((label, 0.75), ("solaris", 0.25)),
        unknown=0.125,
        is_unknown=False,
        car=Car(box=(0.0, 0.1, 0.5, 1.0), score=0.9),
        no_car=False,
    )


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def sheet(content: bytes) -> list[list[str | None]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        rows = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iterfind(
            ".//m:row", NAMESPACE
        )
        return [["".join(cell.itertext()) or None for cell in row] for row in rows]


@pytest.mark.parametrize("ending", ["csv", "CSV", "xlsx"])
def test_a_row_a_photo_in_the_order_of_their_names(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"results.{ending}"
    with open_results(out, MODEL) as results:
        results.add((answer("b.jpg"),))
        results.add((Answer(photo="a.jpg", error="is empty"),))
    first, second = ("a.jpg", "is empty"), ("b.jpg", "bmw_x5")
    if ending == "xlsx":
        header, *rows = sheet(out.read_bytes())
        assert header == list(COLUMNS)
        found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        assert found[1]["probability"] == "0.75"
    else:
        found = [dict(row) for row in table(out)]
        assert found[1]["second"] == "solaris"
        assert found[1]["is_unknown"] == "false"
        assert (found[1]["car_left"], found[1]["car_bottom"]) == ("0.0", "1.0")
    assert (found[0]["photo"], found[0]["error"]) == first
    assert (found[1]["photo"], found[1]["label"]) == second


def test_what_is_done_stays_done_and_what_is_new_is_added(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    with open_results(out, MODEL) as results:
        results.add((answer("b.jpg"),))
    with open_results(out, MODEL) as results:
        assert list(results.photos()) == ["b.jpg"]
        results.add((answer("a.jpg"),))
    assert [row["photo"] for row in table(out)] == ["a.jpg", "b.jpg"]
    out.unlink()
    with open_results(out, MODEL):
        pass
    assert len(table(out)) == 2


def make_younger(file: Path) -> None:
    later = file.stat().st_mtime_ns + 5_000_000_000
    os.utime(file, ns=(later, later))


@pytest.mark.parametrize("name", ["results.csv", "results.xlsx"])
def test_a_table_that_was_changed_by_hand_is_not_written_over(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    with open_results(out, MODEL) as results:
        results.add((answer("a.jpg"),))
    changed = out.read_bytes() + b"mine"
    out.write_bytes(changed)
    make_younger(out)
    told = Words(
        f"{out} was changed by hand since it was written. Give another --out, or remove it to have it made "
        "anew.",
        f"{out} изменён вручную после того, как был создан. Укажите другой --out или уберите этот файл, и он "
        "будет создан заново.",
    )
    with raises(ResultsError, told), open_results(out, MODEL):
        pass
    assert out.read_bytes() == changed


@pytest.mark.parametrize("name", ["results.csv", "results.xlsx"])
def test_a_copied_table_is_gone_on_with(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    with open_results(out, MODEL) as results:
        results.add((answer("a.jpg"),))
    make_younger(out)
    with open_results(out, MODEL) as results:
        assert list(results.photos()) == ["a.jpg"]


def test_a_table_that_a_kill_left_behind_its_log_is_gone_on_with(tmp_path: Path) -> None:
    out, log = tmp_path / "results.csv", tmp_path / ".results.csv.jsonl"
    with open_results(out, MODEL) as results:
        results.add((answer("a.jpg"),))
    with open_results(log, MODEL) as killed:
        killed.add((answer("b.jpg"),))
    with open_results(out, MODEL) as results:
        results.add((answer("c.jpg"),))
    assert [row["photo"] for row in table(out)] == ["a.jpg", "b.jpg", "c.jpg"]


def test_errors_name_the_table_and_not_its_log(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    with open_results(out, MODEL) as results:
        results.add((answer("a.jpg"),))
    assert refusal(out, ModelName(name="cars", version=8)).startswith(
        f"{out} holds answers of cars version 7"
    )
    assert refusal(out, MODEL, all_cars=True).startswith(f"{out} holds a row a photo")
    with open_results(out, MODEL):
        assert refusal(out, MODEL).startswith(f"Another kuzov classify writes to {out};")
    out.rename(tmp_path / "file")
    below = tmp_path / "file" / "results.csv"
    assert refusal(below, MODEL).startswith(
        f"Results can't be written to {below}: {tmp_path}/file is a file."
    )


def test_a_run_that_is_ended_leaves_a_table_of_what_it_did(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    with suppress(KeyboardInterrupt), open_results(out, MODEL) as results:
        results.add((answer("a.jpg"),))
        raise KeyboardInterrupt
    assert [row["photo"] for row in table(out)] == ["a.jpg"]


def test_nothing_is_left_where_nothing_was_done(tmp_path: Path) -> None:
    with open_results(tmp_path / "results.csv", MODEL):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_others_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    out.write_text("mine")
    text = f"{out} was not made by kuzov classify, or .results.csv.jsonl, of which it was, is gone. "
    with raises(ResultsError, f"{text}Give another --out, or remove it."), open_results(out, MODEL):
        pass
    assert out.read_text() == "mine"


@pytest.mark.parametrize("name", ["a.txt", "a.xls", "a.json", "a.parquet", "a.tsv", "a.b.doc", "v1.2"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    text = (
        f"Results can't be written as {name}: a name in .csv or .xlsx is a table, one in .jsonl JSON lines, "
        "and one without an ending a folder of Parquet parts."
    )
    with raises(ConfigError, text), open_results(tmp_path / name, MODEL):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    row = cells_of(json.loads(answer(f"{start}cmd|' /C calc'!A0", label="-x").to_line(MODEL)))
    as_csv, as_sheet = io.BytesIO(), io.BytesIO()
    write_csv(as_csv, [row])
    write_sheet(as_sheet, [row])
    text = as_csv.getvalue().decode("utf-8-sig")
    [found] = csv.DictReader(io.StringIO(text, newline=""))
    assert found["photo"] == f"'{start}cmd|' /C calc'!A0"
    assert found["label"] == "'-x"
    content = as_sheet.getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert str(sheet(content)[1][0]).endswith("cmd|' /C calc'!A0")


@pytest.mark.parametrize(
    "name", ["<a>&b.jpg", "a\x00\x1bb.jpg", "фото \U0001f697.jpg", "bad\udce9.jpg", "a" * 40_000]
)
def test_any_name_fits_a_cell(name: str) -> None:
    row = cells_of(json.loads(answer(name).to_line(MODEL)))
    as_csv, as_sheet = io.BytesIO(), io.BytesIO()
    write_csv(as_csv, [row])
    write_sheet(as_sheet, [row])
    assert as_csv.getvalue().startswith(b"\xef\xbb\xbfphoto,label,")
    assert len(str(sheet(as_sheet.getvalue())[1][0])) <= 32_767
