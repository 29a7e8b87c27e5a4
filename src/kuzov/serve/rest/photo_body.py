"""Photos as the body of a request: one plain, or several in a form."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import STRING_DTYPE
from kuzov.engine.photo_input import PHOTO_INPUT
from kuzov.errors import invalid
from kuzov.serve.calls import Call, ModelSpec
from kuzov.serve.service import Service

_FORM = "multipart/form-data"
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
# A form's file has a name; what has none is a plain field of the form.
_FILE = re.compile(
    rb"^content-disposition[ \t]*:[^\r\n]*;[ \t]*filename\*?[ \t]*=", re.IGNORECASE | re.MULTILINE
)


def is_photo_type(content_type: str) -> bool:
    """Whether a body of this type is photos rather than JSON."""
    kind = _kind(content_type)
    return kind == _FORM or kind.startswith("image/")


def find_photo_call(service: Service, spec: ModelSpec, signature: str = "") -> Call:
    """The call that takes encoded photos: of a signature whose only input is the DT_STRING `image_bytes`.

    It is the one of this name; where none is named, the one that is called like its input, or any.

    Raises:
        RequestError: The model is unknown, or has no such signature.
    """
    names = sorted(
        name
        for name, signature in service.metadata(spec).signatures.items()
        if signature.inputs.keys() == {PHOTO_INPUT} and signature.inputs[PHOTO_INPUT].dtype == STRING_DTYPE
    )
    if not names:
        raise invalid(
            f'The model "{spec.name}" takes no photos: none of its signatures has {PHOTO_INPUT}, a string, '
            "as its only input. Send JSON instead."
        )
    if signature and signature not in names:
        text = f'The model "{spec.name}" has no signature "{signature}" that takes photos alone; it has '
        raise invalid(f"{text}{', '.join(names)}.")
    return service.find(spec, signature or (PHOTO_INPUT if PHOTO_INPUT in names else names[0]))


def read_photos(body: bytes, content_type: str, max_photos: int) -> npt.NDArray[np.object_]:
    """The photos of a body, of which it is one, or a form's files: (N,) of `bytes`, N >= 1.

    Raises:
        RequestError: INVALID: the form is broken, or holds no file, or too many.
    """
    photos = _files(body, content_type, max_photos) if _kind(content_type) == _FORM else [body]
    tensor = np.empty(len(photos), np.object_)
    tensor[:] = photos
    return tensor


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _files(body: bytes, content_type: str, max_files: int) -> list[bytes]:
    """The content of each file of a form (RFC 2046: parts between lines of two dashes and the boundary)."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise invalid("The form's Content-Type does not name its boundary. Let the HTTP client write it.")
    boundary = b"--" + (found[1] or found[2]).encode("latin-1")
    # One split more than there may be parts: forms of many small parts are refused without the work.
    _, *parts = (b"\r\n" + body).split(b"\r\n" + boundary, max_files + 2)
    files: list[bytes] = []
    closed = False
    for part in parts:
        closed = part.startswith(b"--")
        if closed:
            break
        head, separator, content = part.lstrip(b" \t").partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"\r\n"):
            break
        if _FILE.search(head):
            files.append(content)
    if len(parts) > max_files + 1:
        raise invalid(f"The form has more than {max_files} parts. Send the photos in several requests.")
    if not closed:
        raise invalid("The form is broken or cut short. Send it again, whole.")
    if not files:
        raise invalid("The form holds no photo. Send one file or several: curl -F photo=@car.jpg URL")
    return files
