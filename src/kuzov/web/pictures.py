"""A photo as any browser can show it."""

from __future__ import annotations

import io

from kuzov.errors import ErrorCode, OverloadedError, PhotoError, RequestError
from kuzov.images.decode import decode
from kuzov.serve.rest.answer import Answer

LONGER_SIDE_PX = 1024
_QUALITY = 85


def shown_photo(photo: bytes, *, max_pixels: int) -> Answer:
    """An encoded photo of any format that is read, as a JPEG of LONGER_SIDE_PX at most, upright.

    Raises:
        RequestError: It can't be read.
        OverloadedError: There is not enough memory for it now.
    """
    try:
        image = decode(photo, at_least_px=LONGER_SIDE_PX, max_pixels=max_pixels)
        image.thumbnail((LONGER_SIDE_PX, LONGER_SIDE_PX))
        content = io.BytesIO()
        image.save(content, "JPEG", quality=_QUALITY)
    except PhotoError as error:
        raise RequestError(ErrorCode.INVALID, str(error), error.kind) from error
    except MemoryError as error:
        raise OverloadedError("There is not enough memory for the photo now; try again later.") from error
    return Answer(body=content.getvalue(), content_type="image/jpeg")
