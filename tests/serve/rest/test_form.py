from __future__ import annotations

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.rest.form import MAX_PART_HEAD_BYTES, parameters, read_files
from tests.errors import raises

FORM = "multipart/form-data; boundary=xyz"
BROKEN = "The form is broken or cut short. Send it again, whole."
NONE = "The form holds no photo. Send one file or several: curl -F photo=@car.jpg URL"


def part(
    content: bytes, head: bytes = b'Content-Disposition: form-data; name="a"; filename="1.jpg"'
) -> bytes:
    return b"--xyz\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    "content_type",
    [FORM, 'Multipart/Form-Data; charset=utf-8; Boundary="xyz"', r'multipart/form-data; boundary="\x\y\z"'],
)
def test_a_form_holds_files(content_type: str) -> None:
    field = part(b"not a file", b'Content-Disposition: form-data; name="comment"')
    body = b"preamble\r\n" + part(b"1\r\n--xy\r\n") + field + part(b"") + b"--xyz--\r\nepilogue"
    assert read_files(body, content_type, 3) == [b"1\r\n--xy\r\n", b""]


FILES = (
    b'form-data; name="a"; filename="1.jpg"',
    b"form-data; name=a; filename=1.jpg",
    b'form-data;name="a";filename="1.jpg"',
    b'form-data; name="a" ; FileName = "1.jpg"',
    b'form-data; filename="1.jpg"; name="a"',
    b'form-data; name="a"; filename=""',  # nameless, as of curl -F "a=@-;filename="
    b'form-data; name="a"; filename="a; b.jpg"',
    b'form-data; name="a"; filename="a\\"b.jpg"',
    b'form-data; name="a"; filename="a%22b.jpg"',
    b'form-data; name="a"; filename="C:\\Photos\\1.jpg"',
    b'form-data; name="a\\\\"; filename="1.jpg"',
    b'form-data; name="a; b"; filename="1.jpg"',
    b"form-data; name=\"a\"; filename*=UTF-8''%d0%bc.jpg",
    b'form-data; name="a"; filename*0="long"; filename*1=".jpg"',
    'form-data; name="фото"; filename="машина.jpg"'.encode(),
    b'form-data; name="a";\r\n filename="1.jpg"',
    b'attachment; filename="1.jpg"',
)
FIELDS = (
    b'form-data; name="a"',
    b"form-data",
    b'form-data; name="a; filename=x"',
    b'form-data; name="a; filename=\\"x\\""',
    b'form-data; name="a\\"; filename=x"',
    b'form-data; name="filename"',
    b"form-data; name=filename",
    b"form-data; filename",
    b'form-data; name="a"; xfilename="1.jpg"',
    b'form-data; name="a"; filenames="1.jpg"',
    b'form-data; name="filename=1.jpg"',
)


@pytest.mark.parametrize("disposition", FILES)
@pytest.mark.parametrize(
    "name", [b"Content-Disposition: ", b"content-disposition:", b"CONTENT-DISPOSITION :"]
)
def test_what_has_a_file_name_is_a_file(disposition: bytes, name: bytes) -> None:
    assert read_files(part(b"1", name + disposition) + b"--xyz--", FORM, 1) == [b"1"]


@pytest.mark.parametrize("disposition", FIELDS)
def test_what_has_none_is_a_field(disposition: bytes) -> None:
    body = part(b"1", b"Content-Disposition: " + disposition) + part(b"2")
    assert read_files(body + b"--xyz--", FORM, 2) == [b"2"]
    with raises(RequestError, NONE):
        read_files(part(b"1", b"Content-Disposition: " + disposition) + b"--xyz--", FORM, 2)


@pytest.mark.parametrize(
    ("content_type", "is_file"),
    [(b"image/jpeg", True), (b"Image/PNG", True), (b"text/plain", False), (b"application/json", False)],
)
def test_a_picture_needs_no_file_name(content_type: bytes, is_file: bool) -> None:
    head = b'Content-Disposition: form-data; name="a"\r\nContent-Type: ' + content_type
    body = part(b"1", head) + part(b"2") + b"--xyz--"
    assert read_files(body, FORM, 2) == ([b"1", b"2"] if is_file else [b"2"])


def test_a_file_input_that_was_left_empty_is_passed_over() -> None:
    empty = part(
        b"",
        b'Content-Disposition: form-data; name="b"; filename=""\r\nContent-Type: application/octet-stream',
    )
    assert read_files(empty + part(b"1") + empty + b"--xyz--", FORM, 3) == [b"1"]
    with raises(RequestError, NONE, ErrorCode.INVALID):
        read_files(empty + b"--xyz--", FORM, 2)


def test_an_empty_file_is_told_by_the_decoder() -> None:
    assert read_files(part(b"") + b"--xyz--", FORM, 1) == [b""]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", BROKEN),
        (part(b"1"), BROKEN),
        (b"--xyz\r\nno end of the head\r\n--xyz--", BROKEN),
        (part(b"1", b"X: " + b"x" * MAX_PART_HEAD_BYTES) + b"--xyz--", BROKEN),
        (part(b"1") * 3 + b"--xyz--", "The form has more than 2 parts. Send the photos in several requests."),
        (b"--xyz--", NONE),
    ],
)
def test_a_form_that_can_not_be_read(body: bytes, error: str) -> None:
    with raises(RequestError, error, ErrorCode.INVALID):
        read_files(body, FORM, 2)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; xboundary=a",
     'multipart/form-data; charset="boundary=a"', f"multipart/form-data; boundary={'x' * 71}"],
)  # fmt: skip
def test_a_form_names_its_boundary(content_type: str) -> None:
    text = "The form's Content-Type does not name its boundary. Let the HTTP client write it."
    with raises(RequestError, text):
        read_files(b"", content_type, 2)


def test_a_backslash_takes_the_next_character_as_it_is() -> None:
    assert parameters(r'form-data; name="a\"b\\"; FILENAME=c') == {"name": 'a"b\\', "filename": "c"}
