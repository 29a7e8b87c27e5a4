"""The boxes of a HEIC or AVIF (ISO 14496-12, 23008-12): how many there are, and what decoding them takes.

The decoders, libheif and libavif, are told a size by one box and allocate by another: a grid may name a tile
thousands of times, and a tile's own header may claim any size. So all of them are added up first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from kuzov.errors import PhotoError
from kuzov.images.coded_size import av1_pixels, hevc_pixels, hevc_sets_pixels
from kuzov.images.structure import MAX_METADATA_BYTES, MAX_PARTS, TOO_MANY

MAX_ITEMS = 4096
"""A phone's 48 megapixels are some 200 tiles, and as many again for what it knows of them."""

_BRANDS = {b"hvc1": b"heic", b"av01": b"avif"}
_MOVING = {b"msf1": b"mif1", b"hevc": b"heic", b"avis": b"avif"}
_MADE_OF_OTHERS = frozenset((b"grid", b"iovl", b"iden", b"tmap"))
_UNDER_WAY = (-1, b"")

Span = tuple[int, int]
_Box = tuple[bytes, int, int]  # its kind, and where its content begins and ends


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    spans: list[Span] = field(default_factory=list)
    properties: list[int] = field(default_factory=list)
    made_of: list[int] = field(default_factory=list)  # of which other items a grid or the like is made
    belongs_to: list[int] = field(default_factory=list)  # as a plane of transparency does


@dataclass(frozen=True, slots=True)
class Heif:
    """What is known of a HEIC or AVIF before it is decoded.

    Attributes:
        content: It, without the film that an animated one also holds.
        codec: How its picture is coded: b"hvc1", b"av01", or whatever else it names.
        pixels: How many pixels decoding it takes, hidden ones and repeated ones too.
    """

    content: bytes
    codec: bytes
    pixels: int


def read_heif(content: bytes, name: str) -> Heif:
    """Walk over the boxes.

    Raises:
        PhotoError: There are too many of them.
        ValueError: It is broken, or has no still picture.
    """
    return _Walk(content, name).result()


class _Walk:
    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        self._items: dict[int, _Item] = {}
        self._properties: list[_Box] = []
        self._primary = -1
        self._idat: Span = (0, 0)
        self._films: list[int] = []
        self._references = 0
        self._costs: dict[int, tuple[int, bytes]] = {}

    def result(self) -> Heif:
        found = False
        for kind, start, end in self._boxes(0, len(self._content)):
            if kind == b"meta" and not found:
                found = True
                self._read_meta(start + 4, end)
            elif kind == b"moov":
                self._films.append(self._content.rindex(kind, 0, start))
        if self._primary not in self._items:
            raise ValueError("no still picture")
        self._check_metadata()
        pixels, codec = self._cost(self._primary)
        if len(codec) < 4 or codec in _MADE_OF_OTHERS:
            raise ValueError("a picture made of nothing")
        pixels += sum(
            self._cost(number)[0] for number, item in self._items.items() if self._primary in item.belongs_to
        )
        return Heif(self._still(codec), codec, pixels)

    def _boxes(self, start: int, end: int) -> Iterator[_Box]:
        at = start
        for _ in range(MAX_PARTS):
            if at + 8 > end:
                return
            length, kind = struct.unpack_from(">I4s", self._content, at)
            head = 8
            if length == 1:
                (length,) = struct.unpack_from(">Q", self._content, at + 8)
                head = 16
            elif length == 0:
                length = end - at
            if length < head:
                raise ValueError("a box without a length")
            yield kind, at + head, min(at + length, end)
            at += length
        raise self._too_many(MAX_PARTS, "boxes")

    def _read_meta(self, start: int, end: int) -> None:
        locations: Span | None = None
        for kind, at, stop in self._boxes(start, end):
            if kind == b"pitm":
                self._primary = self._number(at + 4, 2 if self._content[at] == 0 else 4)
            elif kind == b"iinf":
                self._read_kinds(at, stop)
            elif kind == b"iprp":
                self._read_properties(at, stop)
            elif kind == b"iref":
                self._read_references(at, stop)
            elif kind == b"idat":
                self._idat = (at, stop)
            elif kind == b"iloc":
                locations = (at, stop)
        if locations:
            self._read_locations(*locations)

    def _item(self, number: int) -> _Item:
        if number not in self._items and len(self._items) >= MAX_ITEMS:
            raise self._too_many(MAX_ITEMS, "items")
        return self._items.setdefault(number, _Item())

    def _read_kinds(self, start: int, end: int) -> None:
        for kind, at, _ in self._boxes(start + (6 if self._content[start] == 0 else 8), end):
            version = self._content[at]
            if kind == b"infe" and version >= 2:
                wide = 2 if version == 2 else 4
                named = at + 4 + wide + 2
                self._item(self._number(at + 4, wide)).kind = self._content[named : named + 4]

    def _read_properties(self, start: int, end: int) -> None:
        for kind, at, stop in self._boxes(start, end):
            if kind == b"ipco":
                self._properties = list(self._boxes(at, stop))
            elif kind == b"ipma":
                self._read_associations(at)

    def _read_associations(self, start: int) -> None:
        version, wide = self._content[start], 2 if self._content[start + 3] & 1 else 1
        number_bytes = 2 if version < 1 else 4
        entries, at = self._number(start + 4, 4), start + 8
        for _ in range(self._limited(entries, MAX_ITEMS, "items")):
            item = self._item(self._number(at, number_bytes))
            count = self._content[at + number_bytes]
            at += number_bytes + 1
            mask = 0x7F if wide == 1 else 0x7FFF
            item.properties += [(self._number(at + wide * each, wide) & mask) - 1 for each in range(count)]
            at += wide * count

    def _read_references(self, start: int, end: int) -> None:
        wide = 2 if self._content[start] == 0 else 4
        for kind, at, stop in self._boxes(start + 4, end):
            source, count = self._item(self._number(at, wide)), self._number(at + wide, 2)
            self._references = self._limited(self._references + count, MAX_PARTS, "references")
            named = at + wide + 2
            targets = [
                self._number(each, wide) for each in range(named, min(named + wide * count, stop), wide)
            ]
            if kind == b"dimg":
                source.made_of += targets
            elif kind == b"auxl":
                source.belongs_to += targets

    def _read_locations(self, start: int, end: int) -> None:
        version = self._content[start]
        offset_bytes, length_bytes = divmod(self._content[start + 4], 16)
        base_bytes, index_bytes = divmod(self._content[start + 5], 16)
        wide = 2 if version < 2 else 4
        entries, at, extents = self._number(start + 6, wide), start + 6 + wide, 0
        for _ in range(self._limited(entries, MAX_ITEMS, "items")):
            if at >= end:
                raise ValueError("locations cut short")
            item = self._item(self._number(at, wide))
            at += wide
            method = self._number(at, 2) & 15 if version else 0
            at += 4 if version else 2
            base = self._number(at, base_bytes)
            count = self._number(at + base_bytes, 2)
            at += base_bytes + 2
            extents += count
            self._limited(extents, MAX_PARTS, "pieces")
            for _ in range(count):
                at += index_bytes if version else 0
                offset = base + self._number(at, offset_bytes)
                length = self._number(at + offset_bytes, length_bytes)
                at += offset_bytes + length_bytes
                item.spans.append(self._span(method, offset, length))

    def _span(self, method: int, offset: int, length: int) -> Span:
        if method > 1:
            raise ValueError("made of other items")
        start, end = (0, len(self._content)) if method == 0 else self._idat
        first = min(start + offset, end)
        return first, min(first + length, end) if length else end

    def _check_metadata(self) -> None:
        coded = {number for number, item in self._items.items() if item.kind in {b"hvc1", b"av01"}}
        told = sum(
            end - start
            for number, item in self._items.items()
            if number not in coded
            for start, end in item.spans
        )
        if told > MAX_METADATA_BYTES:
            raise self._too_many(MAX_METADATA_BYTES, "bytes of metadata")
        if sum(end - start for each in coded for start, end in self._items[each].spans) > 2 * len(
            self._content
        ):
            raise ValueError("items that overlap")

    def _cost(self, number: int) -> tuple[int, bytes]:
        """Pixels that decoding an item takes, and its codec."""
        item = self._items.get(number)
        if item is None or self._costs.get(number) == _UNDER_WAY:
            raise ValueError("no such item, or items in a circle")
        if number not in self._costs:
            self._costs[number] = _UNDER_WAY
            parts = [self._cost(each) for each in item.made_of]
            own = max(self._claimed(item), 0 if parts else self._coded(item))
            codec = parts[0][1] if parts else item.kind
            self._costs[number] = own + sum(pixels for pixels, _ in parts), codec
        return self._costs[number]

    def _claimed(self, item: _Item) -> int:
        sizes = [
            self._number(start + 4, 4) * self._number(start + 8, 4)
            for kind, start, _ in self._of(item)
            if kind == b"ispe"
        ]
        return max(sizes, default=0)

    def _coded(self, item: _Item) -> int:
        content = memoryview(self._content)  # a hostile item may be as large as its file
        parts = [content[start:end] for start, end in item.spans]
        data = parts[0] if len(parts) == 1 else memoryview(b"".join(parts))
        if item.kind == b"av01":
            return av1_pixels(data)
        sets = [content[start:end] for kind, start, end in self._of(item) if kind == b"hvcC"]
        if item.kind != b"hvc1" or not sets:
            return 0
        return hevc_pixels(data, (sets[0][21] & 3) + 1, max(map(hevc_sets_pixels, sets)))

    def _of(self, item: _Item) -> Iterator[_Box]:
        return (self._properties[each] for each in item.properties if 0 <= each < len(self._properties))

    def _still(self, codec: bytes) -> bytes:
        """The file as one of a still picture, which is what an animated one begins with."""
        content, brand = self._content, _BRANDS.get(codec, self._content[8:12])
        if not self._films and content[8:12] == brand:
            return content
        changed, end = bytearray(content), int.from_bytes(content[:4], "big")
        for at in self._films:
            changed[at : at + 4] = b"free"
        changed[8:12] = brand
        for moving, still in _MOVING.items():
            changed[16:end] = changed[16:end].replace(moving, still)
        return bytes(changed)

    def _number(self, at: int, wide: int) -> int:
        if at + wide > len(self._content):
            raise ValueError("cut short")
        return int.from_bytes(self._content[at : at + wide], "big")

    def _limited(self, count: int, most: int, what: str) -> int:
        if count > most:
            raise self._too_many(most, what)
        return count

    def _too_many(self, most: int, what: str) -> PhotoError:
        return PhotoError(self._name, TOO_MANY.format("HEIC or AVIF", most, what))
