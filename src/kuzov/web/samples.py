"""Drawn cars to try the page with."""

from __future__ import annotations

import io

import numpy as np

from kuzov.data.synthetic import BODIES, draw_car
from kuzov.errors import ErrorCode
from kuzov.serve.rest.answer import Answer, HttpError

SIZE = (640, 440)
_SEED = 3
_QUALITY = 88


def sample_photo(number: int) -> Answer:
    """The car of this number, from 1 on, as a JPEG; the same one each time.

    Raises:
        HttpError: 404: there are not so many.
    """
    if not 1 <= number <= len(BODIES):
        text = f"There is no drawn car {number}; there are 1 to {len(BODIES)}."
        raise HttpError(ErrorCode.NOT_FOUND, 404, text)
    picture = draw_car(BODIES[number - 1], SIZE, np.random.default_rng([_SEED, number]))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    headers = (("cache-control", "max-age=86400"), ("x-content-type-options", "nosniff"))
    return Answer(body=content.getvalue(), content_type="image/jpeg", headers=headers)
