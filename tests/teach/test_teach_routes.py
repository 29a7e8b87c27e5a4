"""A lesson over a real `kuzov serve --teach`."""

from __future__ import annotations

import asyncio
import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from PIL import Image

from kuzov.bundle.layout import REPORT, versions
from kuzov.images.decode import decode
from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.request import Request
from kuzov.teach.refusal import RefusedError
from kuzov.teach.teach_routes import Teaching
from kuzov.teach.trainer import Trainer
from kuzov.teach.versions import ModelVersions
from tests.chaos.running import until
from tests.errors import raises
from tests.folders import contents
from tests.teach.conftest import School, a_photo, school


class Lesson(School):
    """A server that is taught by its calls."""

    def ask(
        self, method: str, call: str, body: bytes = b"", *, authorization: str | None = None, **query: object
    ) -> tuple[int, Any, str | None]:
        """Status, JSON and reason of an answer."""
        status, content, reason = self.fetch(method, call, body, authorization=authorization, **query)
        return status, json.loads(content), reason

    def fetch(
        self, method: str, call: str, body: bytes = b"", *, authorization: str | None = None, **query: object
    ) -> tuple[int, bytes, str | None]:
        """Status, content and reason of an answer."""
        words = f"Bearer {self.token}" if authorization is None else authorization
        connection = http.client.HTTPConnection("127.0.0.1", self.server.rest_port, timeout=30)
        path = f"/teach/{call}?{urlencode(query)}"
        connection.request(method, path, body, {"authorization": words} if words else {})
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.getheader("kuzov-reason")
        connection.close()
        return found

    @property
    def state(self) -> Any:
        return self.ask("GET", "state")[1]


@pytest.fixture(scope="module")
def lesson(
    synthetic_photos: Path, own_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lesson]:
    """The ready model as version 1, to be taught three drawn cars."""
    folder = tmp_path_factory.mktemp("lesson")
    for side in ("train", "validation"):
        shutil.copytree(synthetic_photos / side, folder / "photos" / side)
    with school(folder, Lesson) as lesson:
        yield lesson


NO_TOKEN = (
    "Teaching needs the token that kuzov serve printed when it started. "
    "Send it as: Authorization: Bearer TOKEN"
)
WRONG_TOKEN = "This is not the token that kuzov serve printed when it started; each start has its own."


@pytest.mark.parametrize(
    "call", ["state", "begin", "photos", "thumbnail", "train", "publish", "back", "none", ""]
)
@pytest.mark.parametrize(
    ("authorization", "text"),
    [("", NO_TOKEN), ("Basic eA==", NO_TOKEN), ("Bearer x", WRONG_TOKEN), ("Bearer \xe9", NO_TOKEN)],
)
def test_nothing_is_told_or_done_without_the_token(
    lesson: Lesson, call: str, authorization: str, text: str
) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = lesson.ask(method, call, authorization=authorization)
        assert answer == (401, {"error": text}, "token")


MANY = "9" * 5000


@pytest.mark.parametrize(
    ("method", "call", "query", "status", "text"),
    [
        ("GET", "train", {}, 405, "/teach/train takes POST, not GET."),
        ("POST", "photos", {}, 400, "The request's query lacks class=…."),
        ("POST", "publish", {"version": "x"}, 400, "version=x is not the number of a version."),
        ("POST", "back", {"version": MANY}, 400, f"version={MANY} is not the number of a version."),
        (
            "POST",
            "publish",
            {"version": 7},
            409,
            "Version 7 can't be published: it is not there any more. Train again.",
        ),
        ("GET", "thumbnail", {"class": "a", "photo": "b"}, 404, "There is no photo b of a any more."),
        (
            "POST",
            "photos",
            {"class": "a/b"},
            400,
            "A car's folder can't be called a/b; give it another name.",
        ),
    ],
)
def test_wrong_use(
    lesson: Lesson, method: str, call: str, query: dict[str, Any], status: int, text: str
) -> None:
    answer = lesson.ask(method, call, **query)
    assert answer[:2] == (status, {"error": text})


def test_an_unknown_path_lists_those_there_are(lesson: Lesson) -> None:
    status, answer, reason = lesson.ask("GET", "none")
    assert (status, reason) == (404, "nothing_here")
    assert answer["error"].startswith(
        "There is nothing at /teach/none; there are /teach/state, /teach/begin, /teach/photos,"
    )


def test_the_state_tells_what_is_there_and_what_would_be_forgotten(lesson: Lesson) -> None:
    state = lesson.state
    classes = {each["id"]: (each["photos"], each["served"]) for each in state["classes"]}
    assert classes["bmw_x5"] == (0, True)
    assert classes["sedan"] == (11, False)
    assert (state["judgement"]["version"], state["former"], state["newest"]) == (1, None, 1)
    assert (state["training"], state["candidates"]) == (None, [])


def test_files_that_are_no_images_are_refused_and_the_server_goes_on(lesson: Lesson) -> None:
    status, answer, reason = lesson.ask("POST", "photos", b"GIF89a" + bytes(50), **{"class": "sedan"})
    assert (status, reason) == (400, "broken_image")
    assert answer == {"error": "The photo is broken or cut short; replace it with a whole copy of the photo."}
    assert lesson.server.get("/readyz") == (200, {"ready": True})


def test_a_photo_is_added_shown_corrected_and_taken_out(lesson: Lesson) -> None:
    photo = a_photo("purple")
    status, added, _ = lesson.ask("POST", "photos", photo, **{"class": "sedan"})
    assert (status, added["outcome"]) == (200, "added")
    name = added["photo"]
    assert name in lesson.ask("GET", "photos", b"", **{"class": "sedan"})[1]["photos"]
    picture = lesson.fetch("GET", "thumbnail", b"", **{"class": "sedan", "photo": name})[1]
    assert decode(picture).size == (80, 60)
    moved = lesson.ask("POST", "photos", photo, **{"class": "minivan"})[1]
    assert moved == {"class": "minivan", "photo": name, "outcome": "moved", "former": "sedan"}
    out = lesson.ask("DELETE", "photos", **{"class": "minivan", "photo": name})[1]
    assert Path(out["moved_to"]).read_bytes() == photo
    assert lesson.ask("DELETE", "photos", **{"class": "minivan", "photo": name})[0] == 404


@pytest.mark.slow
def test_a_lesson(lesson: Lesson) -> None:
    assert lesson.ask("POST", "train")[:2] == (202, {"training": True})
    # Another teacher clicks, too, and corrects something.
    assert lesson.ask("POST", "train")[0::2] == (409, "training")
    known = next((lesson.photos / "train" / "sedan").iterdir())
    assert lesson.ask("POST", "photos", known.read_bytes(), **{"class": "minivan"})[0::2] == (409, "training")
    photos = {"class": "sedan", "photo": known.name}
    assert lesson.ask("DELETE", "photos", b"", **photos)[0::2] == (409, "training")
    until(lambda: not lesson.state["training"]["running"], within_s=300)
    state = lesson.state
    assert state["training"]["failure"] is None
    (candidate,) = state["candidates"]
    assert (candidate["kind"], candidate["validation"]["total"]) == ("trained", 9)
    assert state["judgement"]["version"] == 1  # nothing has changed for those who ask
    version = candidate["version"]
    assert versions(lesson.base) == [1]

    assert lesson.ask("POST", "publish", version=version)[1] == {"version": version}
    assert lesson.ask("POST", "publish", version=version)[0::2] == (409, "published")
    until(lambda: lesson.state["judgement"]["version"] == version)
    assert lesson.server.states()[version] == "AVAILABLE"
    report = (lesson.base / str(version) / REPORT).read_text(encoding="utf-8")
    assert f"kuzov {version}" in report
    run_folder = ModelVersions(lesson.base).runs / str(version)
    assert (run_folder / REPORT.name).read_text(encoding="utf-8") == report

    assert lesson.ask("POST", "back", version=version)[1] == {"version": 1}
    assert lesson.ask("POST", "back", version=version)[0::2] == (409, "not_newest")
    until(lambda: lesson.state["judgement"]["version"] == 1)
    assert lesson.ask("POST", "back", version=1)[0::2] == (409, "no_former")
    assert [each["kind"] for each in lesson.state["candidates"]] == ["withdrawn"]


def test_the_server_takes_its_trainer_with_it(lesson: Lesson) -> None:
    assert lesson.ask("POST", "begin")[0] == 200
    tasks = Path(f"/proc/{lesson.server.process.pid}/task").glob("*/children")
    (trainer,) = [pid for task in tasks for pid in task.read_text(encoding="ascii").split()]
    assert lesson.server.stop() == 0
    until(lambda: not Path("/proc", trainer).exists())


def without_a_server(folder: Path) -> Teaching:
    model = ModelConfig(name="m", base_path=folder / "m")
    return Teaching(Mock(), model=model, photos=folder / "photos", token="token", limits=Limits())


def request(method: str, call: str) -> Request:
    return Request(method=method, target=f"/teach/{call}", headers=[(b"authorization", b"Bearer token")])


def test_a_thumbnail_is_small_and_a_photo_that_can_not_be_read_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "x5"
    folder.mkdir(parents=True)
    Image.new("RGB", (640, 480), "red").save(folder / "car.png")
    (folder / "empty.png").touch()
    teaching = without_a_server(tmp_path)
    answer = asyncio.run(teaching.answer(request("GET", "thumbnail?class=x5&photo=car.png"), b""))
    assert decode(answer.body).size == (160, 120)
    with pytest.raises(RefusedError) as refused:
        asyncio.run(teaching.answer(request("GET", "thumbnail?class=x5&photo=empty.png"), b""))
    assert (refused.value.status, str(refused.value)) == (
        404, "empty.png: is empty; replace it with a whole copy of the photo."
    )  # fmt: skip


def test_no_photo_is_moved_under_a_training(
    tmp_path: Path, synthetic_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(synthetic_photos / "train", photos / "train")
    shutil.copytree(synthetic_photos / "validation" / "sedan", photos / "validation" / "sedan")
    before = contents(photos)
    teaching = without_a_server(tmp_path)
    monkeypatch.setattr(Trainer, "busy", True)
    with raises(RefusedError, "A training goes on already; wait for it to end."):
        asyncio.run(teaching.answer(request("POST", "train"), b""))
    assert contents(photos) == before


def test_an_edit_that_is_begun_stays_alone_after_its_client_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def take_back(_versions: ModelVersions, version: int) -> int:
        begun.set()
        go_on.wait(10)
        ended.set()
        return version

    def publish(_versions: ModelVersions, version: int) -> int:
        return version if ended.is_set() else -1

    monkeypatch.setattr(ModelVersions, "take_back", take_back)
    monkeypatch.setattr(ModelVersions, "publish", publish)

    async def teach() -> bytes:
        teaching = without_a_server(tmp_path)
        given_up = asyncio.create_task(teaching.answer(request("POST", "back?version=1"), b""))
        await asyncio.to_thread(begun.wait, 10)
        given_up.cancel()
        following = asyncio.create_task(teaching.answer(request("POST", "publish?version=1"), b""))
        await asyncio.wait({given_up})
        await asyncio.sleep(0)
        go_on.set()
        answer = await following
        teaching.close()
        return answer.body

    assert asyncio.run(teach()) == b'{"version": 1}'
