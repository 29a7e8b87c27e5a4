"""docs/serving-benchmarks.md, from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.markdown import table
from benchmarks.serving.questions import GRPC_TENSOR, REST_JSON, REST_PHOTO, Exam
from benchmarks.serving.rows import Row
from benchmarks.serving.server import Figures
from benchmarks.serving.turns import CLIENTS, DECODING, OPENVINO, TENSORFLOW, Turn

TEMPLATE = Path(__file__).with_name("page.md")
COLUMNS = ("request", "precision", "clients", "/s", "net", "median, ms", "p99, ms", "load tool, ms a request")
MOST_START_S, MOST_MB, MOST_GROWTH, MOST_WAIT = 0.6, 260.0, 1.05, 3.0


def render_page(figures: Figures, exam: Exam, machine: str, measured: str, *, has_amx: bool) -> str:
    """The page's Markdown; `measured` says when, `has_amx` which aims int8 has."""
    sizes = {"photo_kb": exam.photo, "tensor_kb": exam.questions[GRPC_TENSOR].file}
    sizes["json_kb"] = exam.questions[REST_JSON].file
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=machine,
        image_px=exam.image_px,
        measured=measured,
        **{name: f"{file.stat().st_size / 1000:.0f}" for name, file in sizes.items()},
        aims=table(["what", "measured", "aim", ""], [*_aims(figures, has_amx=has_amx)]),
        turns=len(figures.turns[figures.precision]),
        clients=CLIENTS,
        tensorflow=f"TensorFlow {version('tensorflow-cpu')}, float32",
        ceilings=_ceilings(figures.turns),
        server=_rows(figures.rows),
        half_load=_half_load(figures.turns),
        start=f"{figures.start_s:.2f} s ({figures.precision})",
        precision=figures.precision,
        memory=table(
            ["after requests", "MB"],
            [[f"{count:,}", f"{size:.0f}"] for count, size in figures.memory_mb.items()],
        ),
    )


def _aims(figures: Figures, *, has_amx: bool) -> Iterator[list[str]]:
    """Figures that the server is to reach by default: what, its value, the bound, and whether it does."""
    precision = figures.precision
    turns = figures.turns[precision]
    for what, ceiling, least in (
        (GRPC_TENSOR, OPENVINO, 0.8),
        (REST_PHOTO, DECODING, 0.88),
        (REST_JSON, TENSORFLOW, 1.6 if has_amx else 1.2),
        (GRPC_TENSOR, TENSORFLOW, 3.5 if has_amx else 2.5),
    ):
        ratios = [turn.server[what].net_rate / turn.ceilings[ceiling] for turn in turns]
        met = "met" if statistics.median(ratios) >= least else "**missed**"
        yield [f"{what}, {precision} ÷ {ceiling}", _with_spread(ratios), f"≥ {least:g}", met]
    waits = [turn.half_load.p99_ms / turn.inference_ms for turn in turns]
    met = "met" if statistics.median(waits) <= MOST_WAIT else "**missed**"
    what = f"p99 at half load, {precision} ÷ the time of one inference"
    yield [what, _with_spread(waits), f"≤ {MOST_WAIT:g}", met]
    yield _at_most("start to first answer", figures.start_s, MOST_START_S, " s")
    first, *_, last = figures.memory_mb.values()
    yield _at_most("resident memory after all requests", last, MOST_MB, " MB")
    yield _at_most("resident memory, last ÷ first reading", last / first, MOST_GROWTH)


def _with_spread(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):.2f} ({min(figures):.2f}–{max(figures):.2f})"


def _at_most(what: str, figure: float, most: float, unit: str = "") -> list[str]:
    met = "met" if figure <= most else "**missed**"
    return [what, f"{figure:.2f}{unit}", f"≤ {most:g}{unit}", met]


def _ceilings(by_precision: Mapping[str, Sequence[Turn]]) -> str:
    rows = [
        [what, precision, f"{statistics.median(turn.ceilings[what] for turn in turns):.1f}"]
        for precision, turns in by_precision.items()
        for what in (OPENVINO, DECODING)
    ]
    every = [turn for turns in by_precision.values() for turn in turns]
    rows.append([TENSORFLOW, "f32", f"{statistics.median(turn.ceilings[TENSORFLOW] for turn in every):.1f}"])
    times = "; ".join(
        f"{statistics.median(turn.inference_ms for turn in turns):.1f} ms in {precision}"
        for precision, turns in by_precision.items()
    )
    decode_ms = statistics.median(turn.decode_ms for turn in every)
    return (
        table(["what", "precision", "rows/s"], rows)
        + f"\n\nOne inference, alone on all cores: {times}. "
        + f"Decoding the photo and finding the car, on one core: {decode_ms:.1f} ms."
    )


def _rows(rows: Iterable[Row]) -> str:
    return table(COLUMNS, [_cells(row) for row in rows])


def _cells(row: Row) -> Sequence[str]:
    first = [row.what, row.precision, str(row.clients)]
    if row.error:
        return [*first, f"error: {row.error}", "", "", "", ""]
    figures = (row.rate, row.net_rate, row.median_ms, row.p99_ms)
    return [*first, *[f"{figure:.1f}" for figure in figures], f"{row.load_ms:.2f}"]


def _half_load(by_precision: Mapping[str, Sequence[Turn]]) -> str:
    return table(
        ["precision", "answered /s", "median, ms", "p99, ms"],
        [
            [
                precision,
                f"{statistics.median(turn.half_load.rate for turn in turns):.1f}",
                f"{statistics.median(turn.half_load.median_ms for turn in turns):.1f}",
                f"{statistics.median(turn.half_load.p99_ms for turn in turns):.1f}",
            ]
            for precision, turns in by_precision.items()
        ],
    )
