"""The figures that the server is to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.questions import GRPC_TENSOR, REST_BASE64, REST_JSON, REST_PHOTO
from benchmarks.serving.rows import Row, best


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One figure and its bound.

    Attributes:
        what: What is measured.
        figure: The value; None where a part of it is missing or failed.
        bound: What it is held against.
        at_least: Whether the bound is the least; else the most.
        unit: Behind the figure.
    """

    what: str
    figure: float | None
    bound: float
    at_least: bool = True
    unit: str = ""

    def cells(self) -> list[str]:
        """A row of the table."""
        sign = "≥" if self.at_least else "≤"
        bound = f"{sign} {self.bound:g}{self.unit}"
        if self.figure is None:
            return [self.what, "not measured", bound, ""]
        met = self.figure >= self.bound if self.at_least else self.figure <= self.bound
        return [self.what, f"{self.figure:.2f}{self.unit}", bound, "met" if met else "**missed**"]


def aims(results: Mapping[str, Any]) -> Iterator[Aim]:
    """All aims, from what was measured; see `benchmarks.serving.page.write_page`."""
    ceiling, server = results.get("ceiling", {}), results.get("server", {})
    rows = [Row(**each) for each in server.get("rows", ())]
    openvino = {each["precision"]: each for each in ceiling.get("openvino", ())}
    tensorflow = max(ceiling.get("tensorflow", {"": 0.0}).values()) or None
    for precision in dict.fromkeys(row.precision for row in rows):
        alone = openvino.get(precision, {})
        raw = max(alone["raw"].values()) if alone else None
        decoding = max(alone["decoding"].values()) if alone else None

        def ratio(what: str, name: str, to: float | None, bound: float, precision: str = precision) -> Aim:
            row = best(rows, what, precision)
            figure = row.net_rate / to if row and to else None
            return Aim(what=f"{what}, {precision} ÷ {name}", figure=figure, bound=bound)

        yield ratio(GRPC_TENSOR, "OpenVINO alone", raw, 0.85)
        yield ratio(REST_PHOTO, "OpenVINO with decoding", decoding, 0.85)
        yield ratio(REST_BASE64, "OpenVINO with decoding", decoding, 0.85)
        yield ratio(REST_JSON, "TensorFlow alone", tensorflow, 1.5)
        yield ratio(GRPC_TENSOR, "TensorFlow alone", tensorflow, 1.7 if precision == "f32" else 3.0)
    yield from _waiting(server, openvino)
    yield from _process(server)
    peers = [Row(**each) for each in results.get("peers", {}).get("rows", ())]
    for precision in dict.fromkeys(row.precision for row in rows):
        yield _against_peers(rows, peers, precision)


def _waiting(server: Mapping[str, Any], openvino: Mapping[str, Any]) -> Iterator[Aim]:
    for each in server.get("half_load", ()):
        precision = each["precision"]
        known = not each["error"] and precision in openvino
        figure = each["p99_ms"] / openvino[precision]["inference_ms"] if known else None
        what = f"p99 at half load, {precision} ÷ the time of one inference"
        yield Aim(what=what, figure=figure, bound=3, at_least=False)


def _process(server: Mapping[str, Any]) -> Iterator[Aim]:
    start = server.get("start", {}).get("seconds")
    yield Aim(what="start to first answer", figure=start, bound=2, at_least=False, unit=" s")
    sizes = [*server.get("memory", {}).get("resident_mb", {}).values()]
    last, growth = (sizes[-1], sizes[-1] / sizes[0]) if sizes else (None, None)
    yield Aim(what="resident memory after all requests", figure=last, bound=300, at_least=False, unit=" MB")
    yield Aim(what="resident memory, last ÷ first reading", figure=growth, bound=1.05, at_least=False)


def _against_peers(ours: list[Row], peers: list[Row], precision: str) -> Aim:
    rates = (row.net_rate for row in peers if not row.error and row.precision == precision)
    top = max(rates, default=None)
    row = best(ours, REST_PHOTO, precision)
    figure = row.net_rate / top if row and top else None
    return Aim(what=f"{REST_PHOTO}, {precision} ÷ the fastest other server", figure=figure, bound=1.5)
