"""Counters, gauges and histograms, the text in which Prometheus collects them, and where it finds it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict

from kuzov.errors import ConfigError
from kuzov.wire.messages import MonitoringConfig
from kuzov.wire.text_file import read_text_file

DEFAULT_PATH = "/monitoring/prometheus/metrics"

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Combine: TypeAlias = Literal["sum", "min", "max"]
Labels: TypeAlias = tuple[str, ...]

_COMBINE: Mapping[Combine, Callable[[Sequence[float]], float]] = {"sum": sum, "min": min, "max": max}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Family(TypedDict):
    """All the values of one metric at one moment; JSON can carry it to another process.

    The samples hold the labels' values, with one number for a counter or a gauge; for a histogram with what
    each bucket counted (not accumulated), and then the sum of all that was observed.
    """

    name: str
    kind: Kind
    combine: Combine  # how the values of several processes become one
    labels: Sequence[str]
    bounds: Sequence[float]  # upper ones of a histogram's buckets, without the last, which is infinite
    samples: Sequence[tuple[Sequence[str], Sequence[float]]]


Snapshot: TypeAlias = Sequence[Family]


def read_monitoring_config(file: Path) -> str | None:
    """Where --monitoring_config_file puts the metrics: a path of the REST port; None where it enables none.

    Raises:
        ConfigError: The file can't be read, or the path is none.
    """
    prometheus = read_text_file(file, MonitoringConfig).prometheus_config
    if not prometheus.enable:
        return None
    path = prometheus.path or DEFAULT_PATH
    if not path.startswith("/"):
        raise ConfigError(
            f'{file}: the path of prometheus_config must begin with "/", as "{DEFAULT_PATH}"; it is "{path}".'
        )
    return path


class Counter:
    """Counts by labels. Not safe to use from several threads."""

    def __init__(self, name: str, *labels: str) -> None:
        self._name = name
        self._labels = labels
        self._cells: dict[Labels, int] = {}

    def add(self, *labels: str) -> None:
        """Count one; the labels' values in the order of their names."""
        self._cells[labels] = self._cells.get(labels, 0) + 1

    def family(self) -> Family:
        """What has been counted until now."""
        return {
            "name": self._name,
            "kind": "counter",
            "combine": "sum",
            "labels": self._labels,
            "bounds": (),
            "samples": [(labels, (value,)) for labels, value in sorted(self._cells.items())],
        }


class Histogram:
    """Sorts what is observed into buckets, by labels. Not safe to use from several threads.

    The bounds are the buckets' upper ones, rising; the last bucket has none. A histogram without labels shows
    its empty buckets from the start.
    """

    def __init__(self, name: str, bounds: Sequence[float], *labels: str) -> None:
        self._name = name
        self._bounds = bounds
        self._labels = labels
        self._cells: dict[Labels, list[float]] = {} if labels else {(): self._empty()}

    def observe(self, value: float, *labels: str, times: int = 1) -> None:
        """Take a value, seen once or several times; the labels' values in the order of their names."""
        cell = self._cells.get(labels)
        if cell is None:
            cell = self._cells[labels] = self._empty()
        cell[bisect_left(self._bounds, value)] += times
        cell[-1] += value * times

    def family(self) -> Family:
        """What has been observed until now."""
        return {
            "name": self._name,
            "kind": "histogram",
            "combine": "sum",
            "labels": self._labels,
            "bounds": self._bounds,
            "samples": [(labels, tuple(cell)) for labels, cell in sorted(self._cells.items())],
        }

    def _empty(self) -> list[float]:
        return [0] * (len(self._bounds) + 1) + [0.0]


def gauge(
    name: str, values: Mapping[Labels, float], labels: Labels = (), *, combine: Combine = "sum"
) -> Family:
    """What is true at this moment, by the values of labels."""
    return {
        "name": name,
        "kind": "gauge",
        "combine": combine,
        "labels": labels,
        "bounds": (),
        "samples": [(each, (value,)) for each, value in sorted(values.items())],
    }


def sum_snapshots(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The metrics of several processes as those of one; they need not have the same labels."""
    families: dict[str, Family] = {}
    cells: dict[str, dict[Labels, list[Sequence[float]]]] = {}
    for snapshot in snapshots:
        for family in snapshot:
            families.setdefault(family["name"], family)
            of_family = cells.setdefault(family["name"], {})
            for labels, values in family["samples"]:
                of_family.setdefault(tuple(labels), []).append(values)
    summed: list[Family] = []
    for name, family in families.items():
        combine = _COMBINE[family["combine"]]
        samples = [
            (labels, [combine(values) for values in zip(*parts, strict=True)])
            for labels, parts in sorted(cells[name].items())
        ]
        summed.append({**family, "samples": samples})
    return summed


def exposition(snapshot: Snapshot) -> bytes:
    """The page that Prometheus reads, as TensorFlow Serving writes it: with # TYPE lines, without # HELP."""
    lines: list[str] = []
    for family in snapshot:
        lines.append(f"# TYPE {family['name']} {family['kind']}")
        for labels, values in family["samples"]:
            shown = [
                f'{name}="{value.translate(_ESCAPES)}"'
                for name, value in zip(family["labels"], labels, strict=True)
            ]
            if family["kind"] == "histogram":
                lines += _histogram_lines(family, shown, values)
            else:
                lines.append(_line(family["name"], shown, values[0]))
    lines.append("")
    # A client's text may hold what is no Unicode; the page is always valid UTF-8.
    return "\n".join(lines).encode("utf-8", "replace")


def _histogram_lines(family: Family, labels: list[str], values: Sequence[float]) -> list[str]:
    name = family["name"]
    lines = []
    count = 0.0
    bounds = [f"{bound:g}" for bound in family["bounds"]]
    for bound, value in zip([*bounds, "+Inf"], values[:-1], strict=True):
        count += value
        lines.append(_line(f"{name}_bucket", [*labels, f'le="{bound}"'], count))
    return [*lines, _line(f"{name}_sum", labels, values[-1]), _line(f"{name}_count", labels, count)]


def _line(name: str, labels: list[str], value: float) -> str:
    number = int(value) if value == int(value) else value
    return f"{name}{{{','.join(labels)}}} {number!r}" if labels else f"{name} {number!r}"
