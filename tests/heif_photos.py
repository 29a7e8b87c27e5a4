"""HEIC photos box by box: nothing that is installed encodes HEVC, so one encoded square is kept here."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

SQUARE_PX = 64
CONFIGURATION = base64.b64decode(
    "AQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCB"
    "BZbqSSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQA=="
)
PIXELS = base64.b64decode(
    "AAAAfygBrwng6sWPXVA2pFkNL9s99M7G6g4RUw3jiCahjyIbciT/Vkxveova2DwQvBbsKi7kxYtULuY/maeXXdUX2/UXkW+RVfRAYusV"
    "Ta5lz1JbAd7CeRZB2INLOxXJ9gpGKH1P+CXNAgYKdoI7K/etQFLZSQ/uWzwQJNxAeYJLR+w="
)
"""Red grows to the right and green downwards, both from 0 to 252; blue is their mean."""


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


@dataclass
class Item:
    """One of the things that a HEIC holds, with the numbers of its properties, from 1 on."""

    kind: bytes
    data: bytes = b""
    properties: Sequence[int] = ()
    made_of: Sequence[int] = ()
    times: int = 1  # so often its data is one of its pieces


@dataclass
class Photo:
    items: Sequence[Item]
    properties: Sequence[bytes] = ()
    brands: Sequence[bytes] = (b"heic", b"mif1")
    behind: bytes = b""
    more: Sequence[bytes] = field(default_factory=list)  # boxes in the meta box

    def encoded(self) -> bytes:
        """The file; its items are numbered from 1 on, and the first is the photo."""
        brands = box(b"ftyp", self.brands[0], bytes(4), *self.brands)
        start = len(brands) + len(self._meta(0)) + 8
        data = b"".join(item.data for item in self.items)
        return brands + self._meta(start) + box(b"mdat", data) + self.behind

    def _meta(self, start: int) -> bytes:
        kinds = [
            full_box(b"infe", struct.pack(">HH", number, 0), item.kind, b"\0", version=2)
            for number, item in enumerate(self.items, start=1)
        ]
        locations, at = b"", start
        for number, item in enumerate(self.items, start=1):
            locations += struct.pack(">HHHH", number, 0, 0, item.times)
            locations += struct.pack(">II", at, len(item.data)) * item.times
            at += len(item.data)
        associated = b"".join(
            struct.pack(">HB", number, len(item.properties)) + bytes(item.properties)
            for number, item in enumerate(self.items, start=1)
        )
        references = [
            box(b"dimg", struct.pack(f">HH{len(item.made_of)}H", number, len(item.made_of), *item.made_of))
            for number, item in enumerate(self.items, start=1)
            if item.made_of
        ]
        count = struct.pack(">H", len(self.items))
        return full_box(
            b"meta",
            full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", b"\0\1"),
            full_box(b"iinf", count, *kinds),
            full_box(b"iloc", b"\x44\0", count, locations, version=1),
            box(
                b"iprp",
                box(b"ipco", *self.properties),
                full_box(b"ipma", struct.pack(">I", len(self.items)), associated),
            ),
            *([full_box(b"iref", *references)] if references else []),
            *self.more,
        )


def sized(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def heic(
    *,
    quarter_turns: int = 0,
    claimed: tuple[int, int] = (SQUARE_PX, SQUARE_PX),
    configuration: bytes = CONFIGURATION,
    pixels: bytes = PIXELS,
    **more: object,
) -> bytes:
    """The square as a photo, turned so often counter-clockwise."""
    properties = [box(b"hvcC", configuration), sized(*claimed), box(b"irot", bytes([quarter_turns]))]
    return Photo([Item(b"hvc1", pixels, [1, 2, 3])], properties, **more).encoded()  # type: ignore[arg-type]


def grid(columns: int, rows: int, *, claimed: tuple[int, int] | None = None, repeated: bool = False) -> bytes:
    """A photo of many squares, as phones make it; `repeated` stores one and names it for each place."""
    count = columns * rows
    width, height = claimed or (SQUARE_PX * columns, SQUARE_PX * rows)
    properties = [box(b"hvcC", CONFIGURATION), sized(SQUARE_PX, SQUARE_PX), sized(width, height)]
    plan = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    tiles = [Item(b"hvc1", PIXELS, [1, 2]) for _ in range(1 if repeated else count)]
    made_of = [2] * count if repeated else list(range(2, count + 2))
    return Photo([Item(b"grid", plan, [3], made_of), *tiles], properties).encoded()
