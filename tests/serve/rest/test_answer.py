from __future__ import annotations

import pytest

from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.rest.answer import STATUSES, Answer, HttpError, error_answer


def test_every_code_has_a_status() -> None:
    assert STATUSES.keys() == set(ErrorCode)


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (RequestError(ErrorCode.NOT_FOUND, "Why."), 404, ()),
        (RequestError(ErrorCode.INVALID, "Why.", "no_image"), 400, (("kuzov-reason", "no_image"),)),
        (RequestError(ErrorCode.RESOURCE_EXHAUSTED, "Why."), 429, ()),
        (RequestError(ErrorCode.UNAUTHENTICATED, "Why."), 401, (("www-authenticate", "Bearer"),)),
        (OverloadedError("Why.", retry_after_s=5), 503, (("retry-after", "5"),)),
        (HttpError(ErrorCode.INVALID, 405, "Why.", (("allow", "GET"),)), 405, (("allow", "GET"),)),
        (
            HttpError(ErrorCode.ABORTED, 409, "Why.", (("x", "y"),), "training"),
            409,
            (("x", "y"), ("kuzov-reason", "training")),
        ),
    ],
)
def test_an_error_becomes_an_answer(
    error: RequestError, status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    assert error_answer(error) == Answer(status=status, body=b'{"error": "Why."}', headers=headers)
