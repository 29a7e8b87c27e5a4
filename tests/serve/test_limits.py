from __future__ import annotations

import pytest

from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.serve.limits import MEBIBYTE, Admission, Limits


def test_the_origins_request_fits_many_times() -> None:
    numbers = 256 * 256 * 3
    assert Limits().max_body_bytes >= 8 * numbers * len("0.4823529411764706,")
    assert Limits().max_body_bytes == 64 * MEBIBYTE


def test_requests_past_the_limit_are_refused_at_once() -> None:
    admission = Admission(2)
    with admission.enter(), admission.enter():
        assert admission.under_way == 2
        with pytest.raises(OverloadedError) as caught, admission.enter():
            pass
    assert str(caught.value) == "The server has 2 requests under way already. Try again in a second."
    assert caught.value.code is ErrorCode.RESOURCE_EXHAUSTED


def test_a_check_refuses_alike_but_holds_no_place() -> None:
    admission = Admission(1)
    admission.check()
    with admission.enter(), pytest.raises(OverloadedError):
        admission.check()


def test_a_place_is_free_again_after_a_failure() -> None:
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.enter():
        raise ZeroDivisionError
    assert admission.under_way == 0
    with admission.enter():
        assert admission.under_way == 1


def test_a_stopping_server_takes_nothing_on() -> None:
    admission = Admission(1)
    with admission.enter():
        admission.close()
        assert (admission.closed, admission.under_way) == (True, 1)
    with pytest.raises(RequestError) as caught, admission.enter():
        pass
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert str(caught.value) == "The server is stopping. Send the request again."
