from __future__ import annotations

import asyncio
import gc
import io
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image

from kuzov.bundle.card import Card, read_card
from kuzov.bundle.ready import ready_model
from kuzov.cars.cut_out import WHOLE
from kuzov.errors import ErrorCode, OverloadedError, RequestError
from kuzov.explain.explainer import Explainer
from kuzov.serve.limits import Limits
from kuzov.serve.rest.answer import Answer
from kuzov.web.page_routes import Web
from kuzov.web.saliency import SaliencyPictures
from tests.serve.rest.port import Port, error
from tests.web.conftest import drawn
from tests.web.port import service_of

Result = TypeVar("Result")
BUNDLE = ready_model() / "1"
CARD = read_card(BUNDLE)
PHOTO = drawn("", side=400)["buffer"]


class Blind:
    """In an explainer's place: looks nowhere, and counts and may hold up who asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[bytes] = []
        self.most_at_once = self.now = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def explain(self, photo: bytes, *, max_pixels: int) -> Any:
        assert max_pixels == 1_000_000
        self.asked.append(photo)
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        assert self.may_go_on.wait(10)
        self.now -= 1
        return SimpleNamespace(part=SimpleNamespace(box=WHOLE), heat=np.zeros((8, 8), np.float32))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Blind]:
    """All that are loaded in a test."""
    blind: list[Blind] = []

    def load(folder: Path) -> Blind:
        blind.append(Blind(folder))
        return blind[-1]

    monkeypatch.setattr(Explainer, "load", load)
    return blind


@pytest.fixture
def pictures() -> Iterator[SaliencyPictures]:
    pictures = SaliencyPictures(max_pixels=1_000_000)
    yield pictures
    pictures.close()


def draw(
    pictures: SaliencyPictures, photo: bytes = PHOTO, folder: Path = BUNDLE, card: Card | None = CARD
) -> Awaitable[Answer]:
    return pictures.answer(service_of(card, folder), "cars", 7, photo)


def run(question: Callable[[], Awaitable[Result]]) -> Result:
    async def ask() -> Result:
        return await question()

    return asyncio.run(ask())


def test_a_picture_shows_the_photo_and_the_heat(pictures: SaliencyPictures) -> None:
    first, again = (run(lambda: draw(pictures)) for _ in range(2))
    assert first.content_type == "image/jpeg"
    assert first.body == again.body
    picture = Image.open(io.BytesIO(first.body))
    assert (picture.format, picture.size) == ("JPEG", (400, 300))  # no car, so the whole photo
    assert picture.convert("RGB").getextrema() != Image.open(io.BytesIO(PHOTO)).getextrema()


def test_several_at_once_are_drawn_one_after_the_other(
    pictures: SaliencyPictures, loaded: list[Blind]
) -> None:
    async def ask() -> list[Answer]:
        return await asyncio.gather(*(draw(pictures) for _ in range(5)))

    assert len({answer.body for answer in run(ask)}) == 1
    (blind,) = loaded
    assert (len(blind.asked), blind.most_at_once) == (5, 1)


def test_of_several_models_the_last_one_stays_loaded(
    pictures: SaliencyPictures, loaded: list[Blind], tmp_path: Path
) -> None:
    for folder in (BUNDLE, BUNDLE, tmp_path, BUNDLE):
        run(lambda folder=folder: draw(pictures, folder=folder))  # type: ignore[misc]
    assert [each.folder for each in loaded] == [BUNDLE, tmp_path, BUNDLE]
    earlier, last = weakref.ref(loaded[1]), weakref.ref(loaded[2])
    loaded.clear()
    gc.collect()
    assert earlier() is None
    assert last() is not None


def test_a_model_that_nobody_asks_is_let_go(loaded: list[Blind]) -> None:
    pictures = SaliencyPictures(max_pixels=1_000_000, idle_s=0)

    async def ask() -> None:
        await draw(pictures)
        last = weakref.ref(loaded.pop())
        while last() is not None:
            await asyncio.sleep(0)
        await draw(pictures)

    run(ask)
    assert len(loaded) == 1
    pictures.close()


def test_what_waits_for_a_client_that_left_is_never_drawn(
    pictures: SaliencyPictures, loaded: list[Blind]
) -> None:
    async def ask() -> None:
        await draw(pictures)
        (blind,) = loaded
        blind.may_go_on.clear()
        under_way, waiting = (asyncio.ensure_future(draw(pictures, photo)) for photo in (PHOTO, b"left"))
        while not blind.now:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        blind.may_go_on.set()
        await under_way
        await draw(pictures)

    run(ask)
    assert loaded[0].asked == [PHOTO] * 3


def test_the_time_limit_counts_and_others_are_answered_after_it(loaded: list[Blind]) -> None:
    port = Port(pool=ThreadPoolExecutor(1))
    web = Web(service_of(CARD, BUNDLE), teaching=False, limits=Limits(max_image_pixels=1_000_000))
    port.extensions = [web]
    assert port.ask("POST", "/web/saliency/cars", content=PHOTO).headers["content-type"] == "image/jpeg"
    loaded[0].may_go_on.clear()
    port.limits = Limits(request_timeout_s=0.01)
    message = {"type": "http.request", "body": PHOTO, "more_body": False}
    text = "The answer was not ready within 0.01 seconds. Try again in a while."
    assert error(port.ask_slowly([message], target=b"/web/saliency/cars")) == (504, text)
    assert port.admission.under_way == 0
    loaded[0].may_go_on.set()
    port.limits = Limits()
    assert port.ask("POST", "/web/saliency/cars/7", content=PHOTO).status_code == 200
    web.close()


@pytest.mark.parametrize(
    ("photo", "text", "reason"),
    [
        (b"", "photo: is empty; replace it with a whole copy of the photo", "empty_image"),
        (
            b"no photo",
            "photo: is not a photo in a supported format; use JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or ICO",
            "no_image",
        ),
        (
            drawn("", side=2000)["buffer"],
            "photo: claims more than 1,000,000 pixels; make it smaller",
            "large_image",
        ),
    ],
)
def test_a_photo_that_cant_be_used_is_told_and_the_next_one_drawn(
    pictures: SaliencyPictures, photo: bytes, text: str, reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        run(lambda: draw(pictures, photo))
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, text)
    assert caught.value.reason == reason
    assert run(lambda: draw(pictures)).content_type == "image/jpeg"


def test_a_bundle_that_is_gone_is_told(pictures: SaliencyPictures, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        run(lambda: draw(pictures, folder=tmp_path))
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert str(caught.value).startswith("No version in the model folder")


def test_a_model_from_elsewhere_is_told(pictures: SaliencyPictures) -> None:
    with pytest.raises(RequestError) as caught:
        run(lambda: draw(pictures, card=None))
    text = 'The model "cars" was not made by kuzov: where it looks can\'t be told.'
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, text)


def test_a_photo_for_which_there_is_no_memory_may_come_again(
    pictures: SaliencyPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Explainer, "load", fail)
    with pytest.raises(OverloadedError) as caught:
        run(lambda: draw(pictures))
    assert str(caught.value) == "There is not enough memory for the photo now; try again later."
