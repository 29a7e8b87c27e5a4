"""Answers as a table for people: CSV, or a sheet that Excel opens.

CSV has commas, points in numbers and UTF-8 with a mark, by which Excel tells it from a code page. An Excel
set to Russian expects semicolons and commas: for it there is the sheet. Text that Excel would take for a
formula, as a photo's name may be, gets an apostrophe before it; in a sheet, text is text.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeAlias
from xml.sax.saxutils import escape

Cell: TypeAlias = str | float | bool | None

COLUMNS = (
    "photo", "label", "probability", "second", "second_probability", "third", "third_probability", "unknown",
    "is_unknown", "look_alike", "look_alike_probability", "no_car", "car_left", "car_top", "car_right",
    "car_bottom", "car_small", "cars", "note", "error", "model", "version",
)  # fmt: skip
MOST_ROWS = 1_048_575
"""Of a sheet, below its header."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_CELL = 32_767  # characters


def cells_of(row: Mapping[str, Any]) -> list[Cell]:
    """A row of the results, as `kuzov.bulk.answers.Answer.to_json` gives it, in the order of COLUMNS."""
    top = [*row["top"][1:3], {}, {}]
    car = row["car"] or {}
    flat = {
        **row,
        "second": top[0].get("label"),
        "second_probability": top[0].get("probability"),
        "third": top[1].get("label"),
        "third_probability": top[1].get("probability"),
        "car_small": car.get("small"),
        **dict(zip(("car_left", "car_top", "car_right", "car_bottom"), car.get("box", ()), strict=False)),
    }
    return [flat.get(column) for column in COLUMNS]


def write_csv(file: IO[bytes], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a header and rows as CSV."""
    text = io.TextIOWrapper(file, "utf-8-sig", errors="backslashreplace", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_in_csv(each) for each in row] for row in rows)
    text.detach()


def _in_csv(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def write_sheet(file: IO[bytes], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a header and rows, MOST_ROWS at most, as a workbook of one sheet (ECMA-376)."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, content in _PARTS.items():
            archive.writestr(_undated(name), _XML + content)
        with archive.open(_undated("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write((_XML + _SHEET_START).encode())
            for number, row in enumerate(_with_header(rows), start=1):
                cells = "".join(_in_sheet(cell) for cell in row)
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")


def _undated(name: str) -> zipfile.ZipInfo:
    """A part of a workbook, without the time: the same rows make the same file."""
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _with_header(rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    yield COLUMNS
    yield from rows


def _in_sheet(cell: Cell) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell!r}</v></c>"
    text = cell.encode("utf-8", "backslashreplace").decode()
    text = escape(_NOT_IN_XML.sub("�", text)[:_LONGEST_CELL])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_START = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
    'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="kuzov" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
WRITERS = {".csv": write_csv, ".xlsx": write_sheet}
"""By the ending of a file's name."""
