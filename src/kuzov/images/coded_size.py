"""How large a video codec's picture is by its own headers, which a container may belie.

HEIC's pixels are HEVC's (ITU-T H.265), AVIF's are AV1's. A decoder takes the memory and the time that these
headers ask for, so they are read before it is called.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_SLICES = 32
"""Honest pictures have one or a few; each may cover the whole of it anew."""

_SEQUENCE_SET = 33  # HEVC's NAL unit types
_FIRST_NOT_SLICE = 32
_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6  # AV1's OBU types
_HEADER_BYTES = 512
_MOST_UNITS = 10_000


class _Bits:
    """Bits of a header, the most significant first; ValueError where they end."""

    def __init__(self, header: bytes | memoryview) -> None:
        self._bits = int.from_bytes(header, "big")
        self._left = 8 * len(header)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("header too short")
        return self._bits >> self._left & ((1 << count) - 1)

    def read_exp_golomb(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("number too long")
        return (1 << zeros) - 1 + self.read(zeros)


def hevc_sets_pixels(configuration: bytes | memoryview) -> int:
    """Pixels of the largest picture that a decoder configuration (hvcC) announces; ValueError if broken."""
    largest, at = 0, 23
    for _ in range(configuration[22]):
        count = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2], "big")
            largest = max(largest, _sequence_set_pixels(configuration[at + 2 : at + 2 + length]))
            at += 2 + length
            if at > len(configuration):
                raise ValueError("configuration too short")
    return largest


def hevc_pixels(data: bytes | memoryview, length_bytes: int, announced: int) -> int:
    """Pixels that decoding an item of HEVC's takes: of each picture in it as many as the largest announces.

    Raises:
        ValueError: It is broken, or has more units or slices than an honest photo.
    """
    pictures = slices = at = 0
    for _ in range(_MOST_UNITS):
        if at + length_bytes + 2 >= len(data):
            return announced * max(1, pictures)
        start = at + length_bytes
        at = start + int.from_bytes(data[at:start], "big")
        kind = data[start] >> 1 & 0x3F
        if kind < _FIRST_NOT_SLICE:
            slices += 1
            pictures += data[start + 2] >> 7
        announced = max(announced, _sequence_set_pixels(data[start : min(at, start + _HEADER_BYTES)]))
        if slices > MAX_SLICES:
            raise ValueError("too many slices")
    raise ValueError("too many units")


def _sequence_set_pixels(unit: bytes | memoryview) -> int:
    """Width times height in HEVC's sequence parameter set; 0 for any other unit."""
    if len(unit) < 2 or unit[0] >> 1 & 0x3F != _SEQUENCE_SET or (unit[0] & 1) << 5 | unit[1] >> 3:
        return 0
    bits = _Bits(bytes(unit[2:_HEADER_BYTES]).replace(b"\0\0\3", b"\0\0"))
    bits.read(4)
    layers = bits.read(3)
    bits.read(1 + 96)
    if layers:
        present = [(bits.read(1), bits.read(1)) for _ in range(layers)]
        bits.read(2 * (8 - layers))
        for profile, level in present:
            bits.read(88 * profile + 8 * level)
    bits.read_exp_golomb()
    if bits.read_exp_golomb() == 3:
        bits.read(1)
    return bits.read_exp_golomb() * bits.read_exp_golomb()


def av1_pixels(data: bytes | memoryview) -> int:
    """Pixels that decoding an item of AV1's takes: of each frame in it as many as the largest may have.

    Raises:
        ValueError: It is broken, or has more units or frames than an honest photo.
    """
    largest = frames = 0
    for kind, start, end in _units(data):
        if kind == _SEQUENCE_HEADER:
            largest = max(largest, _sequence_header_pixels(data[start : min(end, start + _HEADER_BYTES)]))
        frames += kind in {_FRAME, _FRAME_HEADER}
        if frames > MAX_SLICES:
            raise ValueError("too many frames")
    return largest * max(1, frames)


def _units(data: bytes | memoryview) -> Iterator[tuple[int, int, int]]:
    """AV1's units: each one's type, and where its content begins and ends."""
    at = 0
    for _ in range(_MOST_UNITS):
        if at >= len(data):
            return
        header = data[at]
        start = at + 1 + (header >> 2 & 1)
        length = len(data) - start
        if header & 2:
            length = shift = 0
            for _ in range(8):
                byte = data[start]
                start += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
        at = start + max(0, length)
        yield header >> 3 & 0xF, start, at
    raise ValueError("too many units")


def _sequence_header_pixels(header: bytes | memoryview) -> int:
    bits = _Bits(header)
    bits.read(4)
    if bits.read(1):  # a reduced header, of a still picture
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):
        bits.read(64)
        if bits.read(1):
            bits.read_exp_golomb()
        if bits.read(1):
            delay_bits = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if display_delay and bits.read(1):
            bits.read(4)
