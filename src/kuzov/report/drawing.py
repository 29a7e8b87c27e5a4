"""Drawings as SVG: words in both languages, marks, and panels with axes.

A drawing is a part of a page, which shows one of its two languages; alone, as a file, it is in English. It is
narrow enough for a phone to show it whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from kuzov.words import Words, plain

# Told apart by people who see few colours, and by lightness in print.
BLUE, ORANGE, GREY, PALE, INK = "#2f6db5", "#e08a1e", "#8a8f98", "#d3d9e0", "#1c2733"
FINE, SMALL, PLAIN = 11, 13, 14
"""Sizes of letters, in pixels."""

_LETTER_WIDTH = 0.56  # of a sans serif's size, on average
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_GRID = "#e4e7eb"

Point = tuple[float, float]
Ticks = Sequence[tuple[float, str]]
"""Values on an axis, each with what stands there."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From the values `low`..`high` to the pixels `start`..`end`, of which either may be the larger.

    A logarithmic one is for values above 0.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = math.log(value), math.log(low), math.log(high)
        if low == high:
            return (self.start + self.end) / 2
        return self.start + (value - low) / (high - low) * (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Where a diagram stands: across from left to right, up from bottom to top."""

    across: Scale
    up: Scale

    def place(self, x: float, y: float) -> Point:
        """The pixels of a value."""
        return self.across(x), self.up(y)


def drawing(width: float, height: float, name: Words, parts: Iterable[str]) -> str:
    """A drawing of parts; who can't see it is told its name."""
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_px(width)} {_px(height)}" '
        f'width="{_px(width)}" height="{_px(height)}" role="img" aria-label="{_escaped(name.in_line)}" '
        f'font-family="{_FONT}" fill="{INK}">\n' + "\n".join(parts) + "\n</svg>\n"
    )


def alone(svg: str) -> str:
    """A drawing as a file of its own."""
    start, rest = svg.split("\n", 1)
    return f"{start}\n<style>[lang=ru] {{ display: none; }}</style>\n{rest}"


def width_of(text: str, size: float) -> float:
    """About how wide a text is, in pixels."""
    return _LETTER_WIDTH * size * len(text)


def label(
    place: Point,
    words: Words | str,
    *,
    size: float = SMALL,
    anchor: str = "start",
    colour: str = INK,
    turned: float = 0,
) -> str:
    """Words at a place, which is their "start", "middle" or "end"; turned by degrees around it."""
    x, y = map(_px, place)
    turn = f' transform="rotate({_px(turned)} {x} {y})"' if turned else ""
    style = f'font-size="{_px(size)}" text-anchor="{anchor}" fill="{colour}"{turn}'
    return f'<text x="{x}" y="{y}" {style}>{_both(plain(words) if isinstance(words, str) else words)}</text>'


def line(points: Iterable[Point], colour: str, *, width: float = 2, dashes: str = "") -> str:
    """A line through places; dashes are as SVG writes them, lengths of strokes and gaps."""
    path = " ".join(f"{_px(x)},{_px(y)}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{_px(width)}"{dashed}/>'


def band(low: Iterable[Point], high: Sequence[Point], colour: str) -> str:
    """What lies between two lines."""
    path = " ".join(f"{_px(x)},{_px(y)}" for x, y in (*low, *high[::-1]))
    return f'<polygon points="{path}" fill="{colour}" fill-opacity="0.15"/>'


def dot(place: Point, colour: str, *, square: bool = False) -> str:
    """A mark of a single value."""
    x, y = place
    if square:
        return box((x - 3, y - 3), (x + 3, y + 3), colour)
    return f'<circle cx="{_px(x)}" cy="{_px(y)}" r="3.5" fill="{colour}"/>'


def box(corner: Point, opposite: Point, colour: str, *, edge: str = "") -> str:
    """A rectangle between two corners, with an edge of a colour if wanted."""
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(corner, opposite, strict=True))
    size = f'width="{_px(right - left)}" height="{_px(bottom - top)}"'
    stroke = f' stroke="{edge}" stroke-width="0.7"' if edge else ""
    return f'<rect x="{_px(left)}" y="{_px(top)}" {size} fill="{colour}"{stroke}/>'


def hatched(colour: str) -> tuple[str, str]:
    """A pattern for boxes that may be one grey in print, and the colour that stands for it; once a page."""
    stripes = f'<rect width="6" height="6" fill="{colour}"/><path d="M0 6L6 0" stroke="{INK}"/>'
    pattern = f'<pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse">{stripes}</pattern>'
    return f"<defs>{pattern}</defs>", "url(#hatched)"


def axes(panel: Panel, title: Words, across: Words, x_ticks: Ticks, y_ticks: Ticks) -> Iterator[str]:
    """The grid, what stands at it, and the names of the panel and of its axis across."""
    left, right = panel.across.start, panel.across.end
    bottom, top = panel.up.start, panel.up.end
    for value, text in y_ticks:
        y = panel.up(value)
        yield line([(left, y), (right, y)], _GRID, width=1)
        yield label((left - 6, y + 4), text, size=FINE, anchor="end")
    for value, text in x_ticks:
        x = panel.across(value)
        yield line([(x, bottom), (x, top)], _GRID, width=1)
        yield label((x, bottom + 15), text, size=FINE, anchor="middle")
    yield line([(left, top), (left, bottom), (right, bottom)], GREY, width=1)
    yield label((left, top - 10), title, size=PLAIN)
    yield label(((left + right) / 2, bottom + 33), across, anchor="middle")


def legend(place: Point, entries: Sequence[tuple[Words, str, str]]) -> Iterator[str]:
    """What lines mean, from the place to the right: words, colour and dashes of each."""
    x, y = place
    for words, colour, dashes in entries:
        yield line([(x, y - 4), (x + 20, y - 4)], colour, width=4 if not dashes else 2, dashes=dashes)
        yield label((x + 26, y), words)
        x += 44 + max(width_of(each, SMALL) for each in (words.en, words.ru))


def even_ticks(low: float, high: float, *, most: int = 6, least_step: float = 0) -> list[float]:
    """At most so many round numbers between two, as far apart as 1, 2 or 5 times a power of ten."""
    wanted = max((high - low) / max(most - 1, 1), least_step, 1e-9)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= wanted * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(count * step, 10) for count in range(first, last + 1)]


def _both(words: Words) -> str:
    if words.en == words.ru:
        return _escaped(words.en)
    return f'<tspan lang="en">{_escaped(words.en)}</tspan><tspan lang="ru">{_escaped(words.ru)}</tspan>'


def _escaped(text: str) -> str:
    # A folder's name need not be valid Unicode; a file must be.
    return escape(text.encode("utf-8", "replace").decode())


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
