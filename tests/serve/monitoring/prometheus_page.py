"""A strict reader of Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_TYPE = re.compile(rf"# TYPE (?P<name>{_NAME}) (?P<kind>counter|gauge|histogram)")
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(rf"(?P<name>{_NAME})(?:\{{(?P<labels>{_LABEL}(?:,{_LABEL})*)\}})? (?P<value>\S+)")
_UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Labels = tuple[tuple[str, str], ...]


@dataclass
class Metric:
    """A family: its kind, and its samples by name and labels."""

    kind: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def parse(page: bytes) -> dict[str, Metric]:
    """The families of a page by name; AssertionError where Prometheus could take offence."""
    text = page.decode("utf-8")
    assert text.endswith("\n")
    families: dict[str, Metric] = {}
    name = ""
    for line in text.removesuffix("\n").split("\n"):
        declared = _TYPE.fullmatch(line)
        if declared:
            name = declared["name"]
            assert name not in families, f"{name} is declared twice"
            families[name] = Metric(declared["kind"])
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, f"not a sample: {line}"
        metric = families[name]
        suffixes = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        assert sample["name"] in {name + suffix for suffix in suffixes}, f"{line} stands under {name}"
        key = (sample["name"], _labels(sample["labels"] or ""))
        assert key not in metric.samples, f"{line} stands there twice"
        metric.samples[key] = float(sample["value"])
    for name, metric in families.items():
        if metric.kind == "histogram":
            _check_histogram(name, metric)
        elif metric.kind == "counter":
            assert all(value >= 0 for value in metric.samples.values())
    return families


def _labels(text: str) -> Labels:
    pairs = [label.split("=", 1) for label in re.findall(_LABEL, text)]
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a label stands there twice: {text}"
    return tuple(
        (name, re.sub(r"\\.", lambda found: _UNESCAPED[found[0]], value[1:-1])) for name, value in pairs
    )


def _check_histogram(name: str, metric: Metric) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (sample, labels), value in metric.samples.items():
        if sample == f"{name}_bucket":
            assert labels[-1][0] == "le"
            series.setdefault(labels[:-1], []).append((float(labels[-1][1]), value))
    for labels, buckets in series.items():
        bounds = [bound for bound, _ in buckets]
        counts = [count for _, count in buckets]
        assert bounds == sorted(set(bounds))
        assert counts == sorted(counts), "buckets are cumulative"
        assert bounds[-1] == float("inf")
        assert counts[-1] == metric.samples[f"{name}_count", labels]
        assert metric.samples[f"{name}_sum", labels] >= 0
    assert len(metric.samples) == sum(len(buckets) + 2 for buckets in series.values())
