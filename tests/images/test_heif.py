import struct
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from kuzov.errors import PhotoError
from kuzov.images import decode as decode_module
from kuzov.images.coded_size import av1_pixels, hevc_sets_pixels
from kuzov.images.decode import decode
from kuzov.images.heif import read_heif
from tests.encoded_photos import encode
from tests.errors import raises
from tests.heif_photos import CONFIGURATION, PIXELS, SQUARE_PX, Item, Photo, box, full_box, grid, heic, sized

BROKEN = "is broken or cut short; replace it with a whole copy of the photo"
Y, X = np.mgrid[0:SQUARE_PX, 0:SQUARE_PX]
SQUARE = np.stack([X * 4, Y * 4, (X + Y) * 2], axis=-1).astype(np.int64)


def pixels_of(image: Image.Image) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.asarray(image, np.int64)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_heic_is_decoded_and_turned_as_its_boxes_say(quarter_turns: int) -> None:
    image = decode(heic(quarter_turns=quarter_turns))
    assert (image.mode, image.size, image.info) == ("RGB", (64, 64), {"size": (64, 64)})
    assert np.abs(pixels_of(image) - np.rot90(SQUARE, quarter_turns)).mean() < 6


def test_a_heic_of_tiles_is_put_together() -> None:
    image = decode(grid(3, 2))
    assert image.size == (192, 128)
    assert np.abs(pixels_of(image) - np.tile(SQUARE, (2, 3, 1))).mean() < 6


@pytest.mark.parametrize(
    "brands",
    [(b"heic",), (b"heix", b"mif1"), (b"mif1", b"heic"), (b"mif1", b"miaf"), (b"msf1", b"hevc"), (b"hevc",)],
)
def test_a_heic_is_told_by_its_content_whatever_its_brands(brands: tuple[bytes, ...]) -> None:
    assert decode(heic(brands=brands)).size == (64, 64)


def test_of_an_animated_heic_the_still_picture_is_taken() -> None:
    film = box(b"moov", box(b"mvhd", bytes(100)))
    assert decode(heic(brands=(b"msf1", b"hevc", b"mif1"), behind=film)).tobytes() == decode(heic()).tobytes()


def test_an_avif_is_told_by_its_picture_whatever_its_brands() -> None:
    photo = encode(Image.fromarray(SQUARE.astype(np.uint8)), "AVIF")
    assert photo[8:12] == b"avif"
    for brand in (b"mif1", b"avis", b"heic"):
        assert decode(photo[:8] + brand + photo[12:]).tobytes() == decode(photo).tobytes()


def test_a_damaged_exif_block_does_not_warn() -> None:
    entry = struct.pack("<HHII", 0x011A, 5, 1, 0x00FFFF00)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        photo = encode(Image.new("RGB", (20, 10), "red"), "AVIF", exif=exif)
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        assert decode(photo).size == (20, 10)
    assert leaked == []


def test_where_no_decoder_is_installed_the_format_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "HeifImageFile", None)
    advice = "run pip install pi-heif, or save it as JPEG"
    with raises(PhotoError, f"photo: is a HEIC photo, and what decodes those is not installed; {advice}"):
        decode(heic())
    assert "pi_heif" in sys.modules  # it is a dependency


def test_what_is_coded_in_another_way_is_told() -> None:
    photo = Photo([Item(b"vvc1", PIXELS, [1])], [sized(64, 64)]).encoded()
    text = "is a HEIF image coded in an unusual way, which is not read here; save it as JPEG or PNG"
    with raises(PhotoError, f"photo: {text}"):
        decode(photo)


def test_the_size_is_read_from_the_codecs_own_headers() -> None:
    assert hevc_sets_pixels(CONFIGURATION) == SQUARE_PX**2
    for size in ((20, 10), (641, 479), (3000, 2)):
        photo = encode(Image.new("RGB", size), "AVIF")
        data = photo[photo.index(b"mdat") + 4 :]
        assert av1_pixels(data) == size[0] * size[1]
        assert read_heif(photo, "photo").pixels == size[0] * size[1]


def test_what_tiles_take_together_is_added_up() -> None:
    assert read_heif(heic(), "photo").pixels == 64 * 64
    assert read_heif(grid(3, 2), "photo").pixels == 2 * 6 * 64 * 64
    assert read_heif(grid(100, 90, claimed=(64, 64), repeated=True), "photo").pixels == 9001 * 64 * 64


def test_tiles_named_over_and_over_are_refused() -> None:
    for claimed in ((64, 64), (6400, 5760)):
        with pytest.raises(PhotoError):
            decode(grid(100, 90, claimed=claimed, repeated=True), max_pixels=1_000_000)


def test_a_size_that_hides_in_the_codecs_header_is_refused() -> None:
    wide = encode(Image.new("RGB", (4000, 3000)), "AVIF")
    at = wide.index(b"ispe") + 8
    hidden = wide[:at] + struct.pack(">II", 64, 64) + wide[at + 8 :]
    with raises(PhotoError, "photo: claims more than 1,000,000 pixels; make it smaller"):
        decode(hidden, max_pixels=1_000_000)


MANY = 4097
PARTS = {
    "items": Photo([Item(b"hvc1")] * MANY).encoded(),
    "boxes": heic(more=[box(b"abcd")] * 10_000),
    "pieces": Photo([Item(b"hvc1", PIXELS, times=10_001)]).encoded(),
    "references": Photo([Item(b"grid", made_of=[1] * 10_001)]).encoded(),
}


@pytest.mark.parametrize("what", PARTS)
def test_too_many_parts_are_told(what: str) -> None:
    most = "4,096" if what == "items" else "10,000"
    text = f"is a HEIC or AVIF of more than {most} {what}; save it anew as an ordinary one"
    with raises(PhotoError, f"photo: {text}"):
        decode(PARTS[what])


def test_metadata_that_overlap_do_not_multiply() -> None:
    exif = Item(b"Exif", bytes(100_000), times=100)
    properties = [box(b"hvcC", CONFIGURATION), sized(64, 64)]
    with pytest.raises(PhotoError, match="more than 8,000,000 bytes of metadata"):
        decode(Photo([Item(b"hvc1", PIXELS, [1, 2]), exif], properties).encoded())


@pytest.mark.parametrize(
    "photo",
    [
        heic(pixels=b""),
        heic(pixels=PIXELS * 40),  # slices that each cover all of it
        heic(configuration=CONFIGURATION[:40]),
        Photo([Item(b"grid", made_of=[1])]).encoded(),
        Photo([Item(b"grid", made_of=[2]), Item(b"grid", made_of=[1])]).encoded(),
        Photo([Item(b"grid", made_of=[7])]).encoded(),
        Photo([]).encoded(),
        box(b"ftyp", b"heic", bytes(4), b"heic"),
        box(b"ftyp", b"heic", bytes(4), b"heic") + full_box(b"meta", full_box(b"pitm", b"\0\1")),
        heic() + b"\0\0\0\7moov",
    ],
    ids=["no pixels", "40 slices", "half a configuration", "itself", "a circle", "nothing", "no item",
         "no box", "no list", "a box of no length"],
)  # fmt: skip
def test_a_broken_one_is_told(photo: bytes) -> None:
    with raises(PhotoError, f"photo: {BROKEN}"):
        decode(photo)


def test_cut_anywhere_it_is_refused_or_read() -> None:
    photo = grid(2, 1)
    outcomes = set[object]()
    for cut in range(24, len(photo), 5):
        try:
            outcomes.add(decode(photo[:cut]).size)
        except PhotoError as error:
            outcomes.add(error.reason)
    assert outcomes <= {BROKEN, (128, 64)}
