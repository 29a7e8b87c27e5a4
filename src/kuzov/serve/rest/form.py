"""The files of a form, multipart/form-data (RFC 7578)."""

from __future__ import annotations

import re

from kuzov.errors import invalid

FORM = "multipart/form-data"
MAX_BOUNDARY = 70
MAX_PART_HEAD_BYTES = 8 * 1024

# A parameter of a header: its value is a word, or a quoted text in which a backslash takes the next character
# as it is. The standard library's parsers take half a millisecond for this, and 150 for a part's head that is
# made to be slow, of which a body could hold thousands.
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))', re.DOTALL)
_FOLD = re.compile(r"\r\n[ \t]+")
_FILE_NAMES = {"filename", "filename*", "filename*0", "filename*0*"}


def parameters(header: str) -> dict[str, str]:
    """The parameters of a header such as `form-data; name="photo"`, by their names in small letters."""
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) or word.strip()
        for name, quoted, word in _PARAMETER.findall(header)
    }


def read_files(body: bytes, content_type: str, max_parts: int) -> list[bytes]:
    """The content of each file of a form, in order; other fields and file inputs left empty are passed over.

    Raises:
        RequestError: INVALID: the form is broken, has too many parts, or holds no file.
    """
    files = [
        content
        for head, content in _parts(body, content_type, max_parts)
        if _is_file(head, empty=not content)
    ]
    if not files:
        raise invalid("The form holds no photo. Send one file or several: curl -F photo=@car.jpg URL")
    return files


def _parts(body: bytes, content_type: str, max_parts: int) -> list[tuple[str, bytes]]:
    """The head and the content of each part: between lines of two dashes and the boundary (RFC 2046)."""
    boundary = parameters(content_type).get("boundary", "")
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise invalid("The form's Content-Type does not name its boundary. Let the HTTP client write it.")
    # One split more than there may be parts: forms of many small parts are refused without the work.
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"), max_parts + 2)
    parts = []
    closed = False
    for piece in pieces:
        closed = piece.startswith(b"--")
        if closed:
            break
        head, separator, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"\r\n") or len(head) > MAX_PART_HEAD_BYTES:
            break
        parts.append((head.decode("latin-1"), content))
    if len(pieces) > max_parts + 1:
        raise invalid(f"The form has more than {max_parts} parts. Send the photos in several requests.")
    if not closed:
        raise invalid("The form is broken or cut short. Send it again, whole.")
    return parts


def _is_file(head: str, *, empty: bool) -> bool:
    """Whether a part is a file: it has a file's name, or none and the type of a picture.

    A browser sends a file input in which nothing was chosen as a file without a name and without content.
    """
    lines = (line.partition(":") for line in _FOLD.sub(" ", head).split("\r\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    given = parameters(headers.get("content-disposition", ""))
    names = [given[each] for each in _FILE_NAMES & given.keys()]
    if not names:
        return headers.get("content-type", "").lower().startswith("image/")
    return any(names) or not empty
