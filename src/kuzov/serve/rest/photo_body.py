"""Photos as the body of a request: one plain, or several in a form."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, getincrementaldecoder

import numpy as np
import numpy.typing as npt

from kuzov.engine.engine import STRING_DTYPE
from kuzov.engine.photo_input import PHOTO_INPUT
from kuzov.errors import ErrorCode, RequestError, invalid
from kuzov.images.formats import PROBE_BYTES, format_of
from kuzov.images.reasons import UNSUPPORTED, foreign
from kuzov.serve.calls import Call, ModelSpec
from kuzov.serve.rest.form import FORM, read_files
from kuzov.serve.service import Service

_MARKS_OF_TEXT = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE, BOM_UTF32_BE)


def is_photos(body: bytes, content_type: str) -> bool:
    """Whether a body is photos rather than JSON: by its type, else by how it begins.

    Clients that send a file's bytes, such as `curl --data-binary`, name another type or none. JSON begins as
    no photo does.
    """
    kind = _kind(content_type)
    return kind == FORM or kind.startswith("image/") or format_of(body[:PROBE_BYTES]) is not None


def refuse_other_files(body: bytes) -> None:
    """Refuse a file that is no photo that is read, and no text either, so that its sender meant no JSON.

    Raises:
        RequestError: INVALID: it is such a file; the text says what, where that is known.
    """
    start = body[:PROBE_BYTES]
    if start.lstrip()[:1] in (b"{", b"[") or start.startswith(_MARKS_OF_TEXT):
        return
    what = foreign(start)
    if what is UNSUPPORTED and _is_text(start):
        return  # TensorFlow Serving has words for it
    raise RequestError(ErrorCode.INVALID, f"The request's body is not JSON. It {what}.", "no_image")


def _is_text(start: bytes) -> bool:
    try:
        getincrementaldecoder("utf-8")().decode(start)  # which lets the last letter be cut
    except UnicodeDecodeError:
        return False
    return True


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
    photos = read_files(body, content_type, max_photos) if _kind(content_type) == FORM else [body]
    tensor = np.empty(len(photos), np.object_)
    tensor[:] = photos
    return tensor


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
