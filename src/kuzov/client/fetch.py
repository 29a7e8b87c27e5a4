"""A photo from a web address, with limits on its size and on the time that it may take."""

from __future__ import annotations

import time

import urllib3
from urllib3 import exceptions
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError, NewConnectionError

from kuzov.errors import PhotoError, reason_of
from kuzov.words import Words, number

MAX_BYTES = 100_000_000
TIMEOUT_S = 30.0
"""For all of a photo."""

MAX_REDIRECTS = 5

_PIECE_BYTES = 65_536
_NO_ADDRESS = Words("is not a web address; check it", "это не адрес в интернете; проверьте его")
_UNREACHABLE = Words(
    "can't be reached: {why}; check the address and the connection",
    "не удаётся связаться: {why}; проверьте адрес и соединение",
)
_TOO_LATE = Words(
    "did not come within {seconds} seconds; try again, or download it with a browser",
    "не пришло за {seconds} секунд; попробуйте снова или скачайте браузером",
)
_TOO_LONG = Words(
    "has more than {most} bytes, which no photo has; check the address",
    "больше {most} байт, таких фотографий не бывает; проверьте адрес",
)
_TOO_FAR = Words(
    "leads from one address to another, more than {most} times; give the last one",
    "ведёт с адреса на адрес больше {most} раз; укажите последний",
)
_ANSWERS = {
    401: Words(
        "the site gives it to those alone who are signed in (401); download it with a browser",
        "сайт отдаёт его только тем, кто вошёл (401); скачайте браузером",
    ),
    403: Words(
        "the site does not give it to programs (403); download it with a browser",
        "сайт не отдаёт его программам (403); скачайте браузером",
    ),
    404: Words(
        "the site has nothing at this address (404); check it",
        "по этому адресу ничего нет (404); проверьте его",
    ),
    429: Words(
        "the site was asked too often (429); try again later", "к сайту обращались слишком часто (429); позже"
    ),
}
_OTHER_ANSWER = Words(
    "the site answers with status {status}, not with a photo; try again later",
    "сайт отвечает кодом {status}, а не фотографией; попробуйте позже",
)


def is_web_address(text: str) -> bool:
    """Whether a text is an address that `fetch` takes."""
    return text.lower().startswith(("http://", "https://"))


def fetch(address: str, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES) -> bytes:
    """The content at an address; whether it is a photo its decoder says.

    Raises:
        PhotoError: It can't be reached, is refused, too long, or does not come in time.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                "GET",
                address,
                headers={"User-Agent": "kuzov", "Accept": "image/*,*/*;q=0.8"},
                timeout=urllib3.Timeout(total=timeout_s),
                retries=urllib3.Retry(MAX_REDIRECTS, connect=0, read=0, status=0, other=0),
                preload_content=False,
            )
            try:
                return _content(response, address, deadline, max_bytes)
            finally:
                response.close()
    except _LateError as error:
        raise PhotoError(address, _TOO_LATE.fill(seconds=f"{timeout_s:g}")) from error
    except (LocationParseError, UnicodeError) as error:
        raise PhotoError(address, _NO_ADDRESS) from error
    except HTTPError as error:
        raise PhotoError(address, _why(error, timeout_s)) from error


class _LateError(Exception):
    pass


def _content(response: urllib3.BaseHTTPResponse, address: str, deadline: float, max_bytes: int) -> bytes:
    if response.status != 200:
        refused = _ANSWERS.get(response.status, _OTHER_ANSWER.fill(status=response.status))
        raise PhotoError(address, refused)
    told = response.headers.get("content-length", "")
    pieces, size = [], int(told) if told.isascii() and told.isdigit() else 0
    if size <= max_bytes:
        size = 0
        for piece in response.stream(_PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > max_bytes:
                break
            if time.monotonic() > deadline:
                raise _LateError
    if size > max_bytes:
        raise PhotoError(address, _TOO_LONG.fill(most=number(max_bytes)))
    return b"".join(pieces)


def _why(error: HTTPError, timeout_s: float) -> Words:
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    refused = isinstance(cause, NewConnectionError)
    if isinstance(cause, exceptions.TimeoutError) and not refused:
        return _TOO_LATE.fill(seconds=f"{timeout_s:g}")
    if isinstance(error, MaxRetryError) and "redirect" in str(cause):
        return _TOO_FAR.fill(most=MAX_REDIRECTS)
    below = cause.__cause__
    if isinstance(below, OSError):
        return _UNREACHABLE.fill(why=reason_of(below))
    return _UNREACHABLE.fill(why=str(cause).rpartition(": ")[2].rstrip("."))
