"""docs/serving-benchmarks.md, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.serving.aims import aims
from benchmarks.serving.questions import REST_PHOTO
from benchmarks.serving.rows import Row, best

TEMPLATE = Path(__file__).with_name("page.md")
MISSING = "not measured in this run"


def write_page(results: Mapping[str, Any], page: Path) -> None:
    """Write the page; a stage that was not measured is said to be missing.

    Args:
        results: What `python -m benchmarks.serving` keeps: "about", and a key for each stage.
        page: The file.
    """
    about, server = results["about"], results.get("server", {})
    start, memory = server.get("start"), server.get("memory")
    text = TEMPLATE.read_text(encoding="utf-8").format(
        **about,
        measured="; ".join(
            f"{stage}: {found['measured']}" for stage, found in results.items() if stage != "about"
        ),
        aims=table(["what", "measured", "aim", ""], [each.cells() for each in aims(results)]),
        tensorflow=results.get("ceiling", {}).get("tensorflow_name", "TensorFlow"),
        ceilings=_ceilings(results["ceiling"]) if "ceiling" in results else MISSING,
        server=_rows(rows_of(server)) if server else MISSING,
        half_load=_half_load(server["half_load"]) if server else MISSING,
        start=f"{start['seconds']:.2f} s (median of {start['runs']}, {start['precision']})"
        if start
        else MISSING,
        memory_precision=memory["precision"] if memory else "",
        memory=_memory(memory["resident_mb"]) if memory else MISSING,
        peers=_peers(results) if "peers" in results else MISSING,
    )
    page.write_text(text, encoding="utf-8")


def rows_of(stage: Mapping[str, Any]) -> list[Row]:
    """The rows that a stage has kept."""
    return [Row(**each) for each in stage.get("rows", ())]


def _ceilings(stage: Mapping[str, Any]) -> str:
    rows = [
        [kind, each["precision"], name, f"{rate:.1f}"]
        for each in stage["openvino"]
        for kind, rates in (("OpenVINO", each["raw"]), ("OpenVINO, decoding", each["decoding"]))
        for name, rate in _marked(rates)
    ]
    rows += [["TensorFlow", "f32", name, f"{rate:.1f}"] for name, rate in _marked(stage["tensorflow"])]
    times = "; ".join(f"{each['inference_ms']:.1f} ms in {each['precision']}" for each in stage["openvino"])
    decode = stage["openvino"][0]["decode_ms"]
    return (
        table(["what", "precision", "how called", "rows/s"], rows)
        + f"\n\nOne inference, alone on all cores: {times}. Decoding the photo, on one: {decode:.1f} ms."
    )


def _marked(rates: Mapping[str, float]) -> list[tuple[str, float]]:
    """The best one in bold."""
    top = max(rates.values())
    return [(f"**{name}**" if rate == top else name, rate) for name, rate in rates.items()]


def _rows(rows: Sequence[Row]) -> str:
    head = [
        "request",
        "precision",
        "clients",
        "/s",
        "net",
        "median, ms",
        "p99, ms",
        "load tool, ms a request",
    ]
    return table(head, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    first = [row.what, row.precision, str(row.clients or "")]
    if row.error:
        return [*first, f"error: {row.error}", "", "", "", ""]
    figures = (row.rate, row.net_rate, row.median_ms, row.p99_ms)
    return [*first, *[f"{figure:.1f}" for figure in figures], f"{row.load_ms:.2f}"]


def _half_load(found: Sequence[Mapping[str, Any]]) -> str:
    return table(
        ["precision", "asked /s", "answered /s", "median, ms", "p99, ms"],
        [
            [each["precision"], f"error: {each['error']}", "", "", ""]
            if each["error"]
            else [
                each["precision"],
                *[f"{each[key]:.1f}" for key in ("rate", "answered_rate", "median_ms", "p99_ms")],
            ]
            for each in found
        ],
    )


def _memory(resident_mb: Mapping[str, float]) -> str:
    cells = [[f"{int(count):,}", f"{size:.0f}"] for count, size in resident_mb.items()]
    return table(["after requests", "MB"], cells)


def _peers(results: Mapping[str, Any]) -> str:
    rows = rows_of(results["peers"])
    known = rows_of(results.get("server", {}))
    shown: list[Row | None] = []
    for precision in dict.fromkeys(row.precision for row in rows):
        found = (best(rows, name, precision) for name in dict.fromkeys(row.what for row in rows))
        tops = sorted((row for row in found if row), key=lambda row: -row.net_rate)
        shown += [best(known, REST_PHOTO, precision), *tops]
    broken = {(row.what, row.precision): row for row in rows if row.error}
    return _rows([*(row for row in shown if row), *broken.values()])
