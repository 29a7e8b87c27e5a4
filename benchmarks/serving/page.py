"""docs/serving-benchmarks.md, from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.markdown import table
from benchmarks.serving.questions import GRPC_TENSOR, REST_JSON, REST_PHOTO, Exam
from benchmarks.serving.rows import Row, best
from benchmarks.serving.server import Figures

TEMPLATE = Path(__file__).with_name("page.md")
COLUMNS = ("request", "precision", "clients", "/s", "net", "median, ms", "p99, ms", "load tool, ms a request")
MOST_START_S, MOST_MB, MOST_GROWTH, MOST_WAIT = 0.6, 260.0, 1.05, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What `benchmarks.serving.ceilings` prints: of OpenVINO by precision, and of TensorFlow."""

    openvino: Mapping[str, Mapping[str, float]]
    tensorflow: Mapping[str, Any]


def render_page(
    ceilings: Ceilings, figures: Figures, exam: Exam, machine: str, measured: str, *, has_amx: bool
) -> str:
    """The page's Markdown; `measured` says when, `has_amx` which aims int8 has."""
    sizes = {"photo_kb": exam.photo, "tensor_kb": exam.questions[GRPC_TENSOR].file}
    sizes["json_kb"] = exam.questions[REST_JSON].file
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=machine,
        image_px=exam.image_px,
        measured=measured,
        **{name: f"{file.stat().st_size / 1000:.0f}" for name, file in sizes.items()},
        aims=table(["what", "measured", "aim", ""], [*_aims(ceilings, figures, has_amx=has_amx)]),
        tensorflow=f"TensorFlow {ceilings.tensorflow['version']}, float32",
        ceilings=_ceilings(ceilings),
        server=_rows(figures.rows),
        half_load=_half_load(figures.half_load),
        start=f"{figures.start_s:.2f} s ({figures.precision})",
        precision=figures.precision,
        memory=table(
            ["after requests", "MB"],
            [[f"{count:,}", f"{size:.0f}"] for count, size in figures.memory_mb.items()],
        ),
    )


def _aims(ceilings: Ceilings, figures: Figures, *, has_amx: bool) -> Iterator[list[str]]:
    """Figures that the server is to reach by default: what, its value, the bound, and whether it does."""
    precision = figures.precision
    alone, tensorflow = ceilings.openvino[precision], ceilings.tensorflow["raw"]
    for what, name, ceiling, least in (
        (GRPC_TENSOR, "OpenVINO alone", alone["raw"], 0.8),
        (REST_PHOTO, "OpenVINO with decoding", alone["decoding"], 0.88),
        (REST_JSON, "TensorFlow alone", tensorflow, 1.6 if has_amx else 1.2),
        (GRPC_TENSOR, "TensorFlow alone", tensorflow, 3.5 if has_amx else 2.5),
    ):
        ratio = best(figures.rows, what, precision).net_rate / ceiling
        met = "met" if ratio >= least else "**missed**"
        yield [f"{what}, {precision} ÷ {name}", f"{ratio:.2f}", f"≥ {least:g}", met]
    row = next(each for each in figures.half_load.values() if each.precision == precision)
    wait = row.p99_ms / alone["inference_ms"]
    yield _at_most(f"p99 at half load, {precision} ÷ the time of one inference", wait, MOST_WAIT)
    yield _at_most("start to first answer", figures.start_s, MOST_START_S, " s")
    first, *_, last = figures.memory_mb.values()
    yield _at_most("resident memory after all requests", last, MOST_MB, " MB")
    yield _at_most("resident memory, last ÷ first reading", last / first, MOST_GROWTH)


def _at_most(what: str, figure: float, most: float, unit: str = "") -> list[str]:
    met = "met" if figure <= most else "**missed**"
    return [what, f"{figure:.2f}{unit}", f"≤ {most:g}{unit}", met]


def _ceilings(ceilings: Ceilings) -> str:
    rows = [
        [what, precision, f"{found[key]:.1f}"]
        for precision, found in ceilings.openvino.items()
        for what, key in (("OpenVINO", "raw"), ("OpenVINO, decoding", "decoding"))
    ]
    rows.append(["TensorFlow", "f32", f"{ceilings.tensorflow['raw']:.1f}"])
    each = ceilings.openvino.items()
    times = "; ".join(f"{found['inference_ms']:.1f} ms in {precision}" for precision, found in each)
    decode = ceilings.openvino["f32"]["decode_ms"]
    return (
        table(["what", "precision", "rows/s"], rows)
        + f"\n\nOne inference, alone on all cores: {times}. "
        + f"Decoding the photo and finding the car, on one core: {decode:.1f} ms."
    )


def _rows(rows: Iterable[Row]) -> str:
    return table(COLUMNS, [_cells(row) for row in rows])


def _cells(row: Row) -> Sequence[str]:
    first = [row.what, row.precision, str(row.clients)]
    if row.error:
        return [*first, f"error: {row.error}", "", "", "", ""]
    figures = (row.rate, row.net_rate, row.median_ms, row.p99_ms)
    return [*first, *[f"{figure:.1f}" for figure in figures], f"{row.load_ms:.2f}"]


def _half_load(found: Mapping[float, Row]) -> str:
    head = ["precision", "asked /s", "answered /s", "median, ms", "p99, ms"]
    return table(
        head,
        [
            [row.precision, *(f"{each:.1f}" for each in (asked, row.rate, row.median_ms, row.p99_ms))]
            for asked, row in found.items()
        ],
    )
