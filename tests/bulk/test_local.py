from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing

import pytest

from kuzov.bulk import local, remote
from kuzov.bulk.answers import Answer, Rows
from kuzov.bulk.local import classify_on_threads
from kuzov.errors import PhotoError


def test_every_photo_gets_one_answer() -> None:
    photos = [f"{number}.jpg" for number in range(1000)]
    found = classify_on_threads(
        iter(photos), lambda photo, content: [Answer(photo=photo, error=str(content))], cores=2
    )
    assert sorted(each.photo for (each,) in found) == sorted(photos)


def test_photos_are_taken_as_they_are_needed() -> None:
    taken = []

    def photos() -> Iterator[str]:
        for number in range(10_000):
            taken.append(number)
            yield f"{number}.jpg"

    with closing(classify_on_threads(photos(), lambda photo, _: [Answer(photo=photo)], cores=2)) as answers:
        next(answers)
    assert len(taken) < 200


def test_photos_are_computed_side_by_side() -> None:
    together = threading.Barrier(3, timeout=10)

    def answer(photo: str, _content: local.Content) -> Rows:
        together.wait()
        return [Answer(photo=photo)]

    assert len(list(classify_on_threads(iter("abc"), answer, cores=1))) == 3


def test_a_failure_of_ours_ends_it() -> None:
    def answer(photo: str, _content: local.Content) -> Rows:
        raise RuntimeError(f"broken at {photo}")

    with pytest.raises(RuntimeError, match=r"^broken at a$"):
        list(classify_on_threads(iter("a"), answer, cores=1))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("photos-")]


def test_a_slow_address_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    slow: Future[bytes] = Future()

    def fetch(address: str) -> Future[bytes]:
        ready: Future[bytes] = Future()
        if address.endswith("gone"):
            ready.set_exception(PhotoError(address, "there is no such address; check it"))
        else:
            ready.set_result(address.encode())
        return slow if address.endswith("slow") else ready

    monkeypatch.setattr(remote, "fetch", fetch)
    monkeypatch.setattr(local, "FETCHES", 2)
    photos = ["http://slow", "http://a", "here.jpg", "http://gone"]
    contents = {}
    for photo, content in local.fetch_ahead(iter(photos), threading.Event()):
        contents[photo] = content
        if len(contents) == 3:
            slow.set_result(b"late")
    assert list(contents)[-1] == "http://slow"
    assert (contents["http://slow"], contents["http://a"], contents["here.jpg"]) == (
        b"late", b"http://a", "here.jpg"
    )  # fmt: skip
    assert str(contents["http://gone"]) == "http://gone: there is no such address; check it"


def test_what_is_stopped_waits_for_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    never: Future[bytes] = Future()
    monkeypatch.setattr(remote, "fetch", lambda _address: never)
    stopped = threading.Event()
    stopped.set()
    assert list(local.fetch_ahead(iter(["http://slow"]), stopped)) == []
    assert never.cancelled()
