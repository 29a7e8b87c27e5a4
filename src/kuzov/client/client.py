"""Asks a server, kuzov's or TensorFlow Serving, what cars photos show."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import urllib3
from PIL import Image

from kuzov.bundle.card import Card, card_from_json
from kuzov.client import texts
from kuzov.client.answers import Answer, Row, cars, describes, main_car, prediction
from kuzov.errors import ConfigError, PhotoError, ServerError, reason_of
from kuzov.images.decode import Photo, decode
from kuzov.images.jpeg import Jpeg
from kuzov.images.orientation import orientation
from kuzov.records import LEAST_CAR_PX, Prediction
from kuzov.words import Words

SIGNATURE = "image_bytes"
CARS = "cars"
MAX_SIDE_PX = 1024
JPEG_QUALITY = 95
KEY_VARIABLE = "KUZOV_API_KEY"

_KEY = re.compile(r"[!-~]+")
_MODEL_URL = re.compile(
    r"(https?://[^/]+(?:/.+)?/v1/models/[^/:]+(?:/(?:versions|labels)/[^/:]+)?)(?::predict)?/*", re.IGNORECASE
)


class Client:
    """A connection to one model on one server. Not for use from several threads at once."""

    def __init__(self, url: str, timeout_s: float = 30.0, *, api_key: str | None = None) -> None:
        """Name the server; nothing is sent yet.

        Args:
            url: The model's address, `http://HOST:PORT/v1/models/NAME`, or a version's below it. A trailing
                slash or `:predict` is left out.
            timeout_s: Seconds to wait for the connection, and for each part of an answer.
            api_key: Sent along, to this address only, as a server with `--api-key-file` wants it. None takes
                the one in the environment variable KUZOV_API_KEY, if there is one; "" sends none.

        Raises:
            ConfigError: The URL is not the address of a model, or the key can't be one.
        """
        if not isinstance(url, str):
            raise TypeError(f"url is the model's address, a str; it is {url!r}.")
        found = _MODEL_URL.fullmatch(url.strip())
        if found is None:
            raise ConfigError(texts.NO_MODEL_URL.fill(url=repr(url), example=texts.EXAMPLE))
        key = os.environ.get(KEY_VARIABLE, "") if api_key is None else api_key
        if key and not _KEY.fullmatch(key):
            raise ConfigError(texts.NO_KEY.fill(variable=KEY_VARIABLE))
        self._url = found[1]
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager()
        self._card: Card | None = None
        self._card_is_known = False

    def predict(self, photo: Photo, *, name: str | None = None) -> Prediction:
        """Recognise the most prominent car in one photo.

        Args:
            photo: As `kuzov.engine.recogniser.Recogniser.predict` takes it. What the server gets is upright
                and at most 1024 px long.
            name: Likewise.

        Raises:
            PhotoError: The photo can't be read.
            ServerError: The server can't be reached, or does not answer as a server of a kuzov model does.
            BundleError: The server's model was made by a newer kuzov than this one.
        """
        sent = _encoded(photo, name)
        [answer] = self._predictions(sent, SIGNATURE, lambda row: [main_car(row, sent.size)])
        return answer

    def predict_cars(
        self, photo: Photo, *, least_car_px: int = LEAST_CAR_PX, name: str | None = None
    ) -> list[Prediction]:
        """Recognise each car in one photo; see `kuzov.engine.recogniser.Recogniser.predict_cars`.

        Raises:
            PhotoError: As in `predict`.
            ServerError: Likewise.
            BundleError: Likewise, or it was made by a kuzov that did not find cars.
        """
        if (card := self._read_card()) is not None:
            card.require_cars()
        sent = _encoded(photo, name)
        found = self._predictions(sent, CARS, lambda row: cars(row, sent.size, least_car_px))
        return found or self._predictions(sent, SIGNATURE, lambda row: [main_car(row, sent.size)])

    def _predictions(
        self, photo: _Sent, signature: str, read: Callable[[Row], list[Answer]]
    ) -> list[Prediction]:
        """Ask a signature about an encoded photo; `read` takes its answers out of a row of the server's."""
        encoded = base64.b64encode(photo.content).decode("ascii")
        body = {"signature_name": signature, "instances": [{"b64": encoded}]}
        card = self._read_card()
        answer = self._ask("POST", f"{self._url}:predict", json.dumps(body).encode())
        try:
            found = read(answer["predictions"][0])
            if card is not None and not all(describes(card, each) for each in found):
                # The server has loaded another version since: its columns may be other classes.
                self._card_is_known = False
                card = self._read_card()
            return [replace(prediction(photo.name, each, card), note=photo.note) for each in found]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            told = texts.OTHER_MODEL.fill(url=self._url, answer=_shorten(answer))
            raise ServerError(told) from error

    def predict_many(self, photos: Iterable[Photo]) -> Iterator[Prediction | PhotoError]:
        """Recognise the cars in photos, in their order.

        Yields:
            A prediction for each photo; for one that can't be read, its error, and the others go on.

        Raises:
            ServerError: As in `predict`; the remaining photos are not sent.
            BundleError: As in `predict`.
        """
        for photo in photos:
            try:
                yield self.predict(photo)
            except PhotoError as error:
                yield error

    def _read_card(self) -> Card | None:
        if not self._card_is_known:
            url = f"{self._url}/metadata"
            metadata = self._ask("GET", url).get("metadata")
            found = metadata.get("card") if isinstance(metadata, dict) else None
            self._card = None if found is None else card_from_json(found, source=f"The card at {url}")
            self._card_is_known = True
        return self._card

    def _ask(self, method: str, url: str, body: bytes | None = None) -> dict[str, Any]:
        try:
            # A redirect is not followed: the key and the photo are for this server.
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=self._headers,
                timeout=self._timeout_s,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServerError(self._why_unreachable(url, error)) from error
        if response.status == 401:
            raise ServerError(self._why_refused())
        return _read_answer(url, response.status, response.data)

    def _why_unreachable(self, url: str, error: urllib3.exceptions.HTTPError) -> Words:
        # urllib3 counts a refused connection among the timeouts.
        refused = isinstance(error, urllib3.exceptions.NewConnectionError)
        if isinstance(error, urllib3.exceptions.TimeoutError) and not refused:
            return texts.NO_ANSWER.fill(url=url, seconds=f"{self._timeout_s:g}")
        cause = error.__cause__
        reason = reason_of(cause) if isinstance(cause, OSError) else str(error)
        return texts.UNREACHABLE.fill(url=url, why=reason)

    def _why_refused(self) -> Words:
        complaint = texts.UNKNOWN_KEY if "Authorization" in self._headers else texts.NEEDS_KEY
        return texts.KEY_REFUSED.fill(url=self._url, complaint=complaint, variable=KEY_VARIABLE)


def upright_jpeg(photo: Photo) -> bytes:
    """A photo as a server should get it: a JPEG, RGB, upright without EXIF's help, at most 1024 px long.

    A photo that is all this already is left as it is; any other is encoded anew.

    Raises:
        PhotoError: It can't be read.
    """
    return _encoded(photo).content


@dataclass(frozen=True, slots=True)
class _Sent:
    """A photo as a server gets it; of the given one its name, width and height, and what is odd with it."""

    content: bytes
    name: str
    size: tuple[int, int]
    note: Words | None


def _encoded(photo: Photo, name: str | None = None) -> _Sent:
    shown = name or (os.fspath(photo) if isinstance(photo, str | os.PathLike) else "photo")
    image = decode(photo, name=shown)
    size, note = image.size, image.info.get("note")
    if max(size) <= MAX_SIDE_PX and note is None:
        original = Path(photo).read_bytes() if isinstance(photo, str | os.PathLike) else photo
        if isinstance(original, bytes) and _is_upright_rgb_jpeg(original, shown):
            return _Sent(original, shown, size, None)
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=JPEG_QUALITY)
    return _Sent(encoded.getvalue(), shown, size, note)


def _is_upright_rgb_jpeg(content: bytes, name: str) -> bool:
    if not content.startswith(b"\xff\xd8\xff"):
        return False
    header = Jpeg.of(content, name)
    return header.mode == "RGB" and orientation(header.info) == 1


def _read_answer(url: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or (status != 200 and "error" not in answer):
        raise ServerError(texts.NO_SERVER.fill(url=url, status=status, answer=_shorten(body)))
    if status == 404:
        raise ServerError(texts.NO_MODEL.fill(url=url, answer=str(answer["error"])))
    if status != 200:
        raise ServerError(texts.REFUSED.fill(url=url, status=status, answer=str(answer["error"])))
    return answer


def _shorten(what: object) -> str:
    text = what.decode("utf-8", "replace") if isinstance(what, bytes) else json.dumps(what)
    return repr(text if len(text) <= 100 else f"{text[:100]}…")
