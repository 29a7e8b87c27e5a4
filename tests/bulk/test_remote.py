from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from kuzov.api import classify
from kuzov.bulk import remote
from kuzov.bulk.source import Source
from kuzov.bundle.ready import ready_model
from kuzov.errors import MissingExtraError, PhotoError, SourceError
from tests.bulk.object_store import BUCKET, Store

fsspec = pytest.importorskip("fsspec", reason="addresses need kuzov[cluster]")
pytest.importorskip("aiohttp", reason="addresses need kuzov[cluster]")
pytest.importorskip("s3fs", reason="s3:// needs kuzov[cluster]")
pytest.importorskip("gcsfs", reason="gs:// needs kuzov[cluster]")


STATUSES = {"/gone.jpg": 404, "/gone.txt": 404, "/refused.jpg": 403, "/down.jpg": 500}


class Pages(BaseHTTPRequestHandler):
    """/photo.jpg, /busy.jpg that is there at the second time, /slow.jpg, and those of STATUSES."""

    asked: ClassVar[list[str]] = []
    closing: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/slow.jpg":
            self.closing.wait(10)
        busy = self.path == "/busy.jpg" and self.asked.count("/busy.jpg") < 2
        status = 503 if busy else STATUSES.get(self.path, 200)
        self.send_response(status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"photo")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(remote, "_PAUSE_S", 0.01)
    Pages.asked.clear()
    Pages.closing.clear()
    with served(Pages) as address:
        yield address
        Pages.closing.set()


@contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """A web server's address, while it runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def memory() -> Iterator[None]:
    files = fsspec.filesystem("memory")
    for name in ("/cars/a.jpg", "/cars/deeper/b.PNG", "/cars/notes.md"):
        files.pipe(name, b"photo")
    files.pipe("/list.txt", "a.jpg\r\n\nmemory://cars/a.jpg".encode("utf-8-sig"))
    yield
    files.rm("/cars", recursive=True)
    files.rm("/list.txt")


def refusal(address: str) -> str:
    with pytest.raises(PhotoError) as raised:
        remote.fetch(address).result(20)
    return raised.value.reason


def unlisted(address: str) -> str:
    with pytest.raises(SourceError) as raised:
        list(Source(address))
    return str(raised.value)


def test_what_may_pass_is_tried_again(host: str) -> None:
    assert remote.fetch(f"{host}/busy.jpg").result(20) == b"photo"
    assert refusal(f"{host}/down.jpg") == "can't be fetched: the server answers with status 500"
    assert Pages.asked == ["/busy.jpg"] * 2 + ["/down.jpg"] * remote.TRIES


def test_what_stays_is_not(host: str) -> None:
    assert refusal(f"{host}/gone.jpg") == "there is no such address; check it"
    assert refusal(f"{host}/refused.jpg") == "can't be fetched: the server answers with status 403"
    assert Pages.asked == ["/gone.jpg", "/refused.jpg"]


def test_an_address_that_hangs(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TIMEOUT_S", 1.0)
    assert refusal(f"{host}/slow.jpg") == "did not come within 1 seconds; check the address"


def test_a_scheme_that_nobody_knows() -> None:
    assert refusal("nonsense://a.jpg") == "can't be fetched: Protocol not known: nonsense"


@pytest.mark.usefixtures("memory")
def test_other_stores_are_listed_and_fetched() -> None:
    source = Source("memory://cars")
    assert sorted(source) == ["memory:///cars/a.jpg", "memory:///cars/deeper/b.PNG"]
    assert dict(source.left_out) == {".md": 1}
    assert list(Source("memory://cars/*.jpg")) == ["memory:///cars/a.jpg"]
    assert list(Source("memory://list.txt")) == ["a.jpg", "memory://cars/a.jpg"]
    assert remote.fetch("memory://cars/a.jpg").result(20) == b"photo"
    assert unlisted("memory://nowhere") == "There is nothing at memory://nowhere."


def test_a_list_that_is_not_there(host: str) -> None:
    assert unlisted(f"{host}/gone.txt") == f"There is nothing at {host}/gone.txt."


def test_a_store_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_scheme: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    with pytest.raises(SourceError) as raised:
        remote.require({"s3"})
    assert str(raised.value) == "Reading s3:// addresses needs one package more. Install s3fs to access S3."


def test_addresses_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError) as raised:
        remote.require({"http"})
    assert str(raised.value) == (
        "Reading addresses such as s3:// and http:// needs packages that are not installed. "
        "Install them with: pip install 'kuzov[cluster]'"
    )


def test_what_is_an_address() -> None:
    assert remote.is_remote("s3://bucket/a.jpg")
    assert not remote.is_remote("photos/a.jpg")
    assert not remote.is_remote("/odd://name.jpg")
    assert remote.is_pattern("s3://bucket/*.jpg")
    assert not remote.is_pattern("https://host/a.jpg?size=2")


@pytest.fixture
def objects(synthetic_photos: Path) -> dict[str, bytes]:
    photos = sorted((synthetic_photos / "test").rglob("*.jpg"))[:3]
    return {f"cars/new & old/{file.name}": file.read_bytes() for file in photos} | {"cars/list.txt": b"0"}


@pytest.fixture
def store(objects: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with served(partial(Store, objects=objects)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        yield
        for scheme in ("s3", "gs"):
            fsspec.get_filesystem_class(scheme).clear_instance_cache()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_photos_of_a_bucket(scheme: str, objects: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    source = f"{scheme}://{BUCKET}/cars"
    done = classify(source, out, model=ready_model())
    assert (done.classified, done.failed, done.left_out) == (3, 0, {".txt": 1})
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    photos = [f"{scheme}://{BUCKET}/{name}" for name in objects if name.endswith(".jpg")]
    assert sorted(row["photo"] for row in rows) == sorted(photos)
    assert all(row["label"] for row in rows)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_what_is_not_there(scheme: str) -> None:
    assert refusal(f"{scheme}://{BUCKET}/cars/gone.jpg") == "there is no such address; check it"
    assert unlisted(f"{scheme}://{BUCKET}/trucks") == f"There is nothing at {scheme}://{BUCKET}/trucks."


@pytest.mark.usefixtures("store")
def test_a_store_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(Store, "s3_listing", lambda *_: b"<html>")
    assert unlisted(f"s3://{BUCKET}/cars") == f"s3://{BUCKET}/cars can't be read: Internal Server Error."


@pytest.mark.usefixtures("store")
def test_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert (
        unlisted(f"s3://{BUCKET}/cars") == f"s3://{BUCKET}/cars can't be read: Unable to locate credentials."
    )
