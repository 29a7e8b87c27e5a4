from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from kuzov.bundle.ready import ready_model
from kuzov.cluster import remote
from kuzov.cluster.classify import classify
from kuzov.errors import PhotoError, SourceError

fsspec = pytest.importorskip("fsspec", reason="addresses need kuzov[cluster]")
pytest.importorskip("s3fs", reason="s3:// needs kuzov[cluster]")
pytest.importorskip("gcsfs", reason="gs:// needs kuzov[cluster]")

BUCKET = "photos"
DATE = "2026-01-31T12:00:00.000Z"


class Store(BaseHTTPRequestHandler):
    """A bucket, as S3 and as Google's JSON interface tell of it; nothing is refused but what it lacks."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, objects: dict[str, bytes]) -> None:
        self.objects = objects
        super().__init__(*args)

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        prefix = query.get("prefix", [""])[0]
        named = {name: content for name, content in self.objects.items() if name.startswith(prefix)}
        if "list-type" in query:
            self.answer(self.s3_listing(named), "application/xml")
        elif path == f"/storage/v1/b/{BUCKET}/o":
            self.answer(json.dumps({"items": [self.told(name) for name in named]}).encode())
        elif path.startswith(f"/storage/v1/b/{BUCKET}/o/") and unquote(path.split("/o/")[1]) in self.objects:
            self.answer(json.dumps(self.told(unquote(path.split("/o/")[1]))).encode())
        else:
            name = unquote(path.split("/o/")[-1].removeprefix(f"/{BUCKET}/"))
            self.answer(self.objects.get(name), "image/jpeg")

    def do_HEAD(self) -> None:
        self.do_GET()

    def s3_listing(self, named: dict[str, bytes]) -> bytes:
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{DATE}</LastModified><ETag>1</ETag>"
            f"<Size>{len(content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for name, content in named.items()
        )
        return (
            f"<ListBucketResult><Name>{BUCKET}</Name><KeyCount>{len(named)}</KeyCount>"
            f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        ).encode()

    def told(self, name: str) -> dict[str, str]:
        size = str(len(self.objects[name]))
        return {"name": name, "bucket": BUCKET, "size": size, "generation": "1", "updated": DATE}

    def answer(self, content: bytes | None, kind: str = "application/json") -> None:
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def objects(synthetic_photos: Path) -> dict[str, bytes]:
    photos = sorted((synthetic_photos / "test").rglob("*.jpg"))[:3]
    return {f"cars/new & old/{file.name}": file.read_bytes() for file in photos} | {"cars/list.txt": b"0"}


@pytest.fixture(autouse=True)
def store(objects: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Store, objects=objects)) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        for scheme in ("s3", "gs"):
            fsspec.get_filesystem_class(scheme).clear_instance_cache()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_photos_of_a_bucket(scheme: str, objects: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    source = f"{scheme}://{BUCKET}/cars"
    done = classify(source, out, model=ready_model(), progress=lambda *_: None)
    assert (done.classified, done.failed, done.left_out) == (3, 0, {".txt": 1})
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    photos = [f"{scheme}://{BUCKET}/{name}" for name in objects if name.endswith(".jpg")]
    assert sorted(row["photo"] for row in rows) == sorted(photos)
    assert all(row["label"] for row in rows)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_what_is_not_there(scheme: str) -> None:
    with pytest.raises(PhotoError) as refused:
        remote.fetch(f"{scheme}://{BUCKET}/cars/gone.jpg").result(20)
    assert refused.value.reason == "there is no such address; check it"
    with pytest.raises(SourceError) as raised:
        list(remote.listing(f"{scheme}://{BUCKET}/trucks"))
    assert str(raised.value) == f"There is nothing at {scheme}://{BUCKET}/trucks."


def test_a_store_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(Store, "s3_listing", lambda *_: b"<html>")
    with pytest.raises(SourceError) as raised:
        list(remote.listing(f"s3://{BUCKET}/cars"))
    assert str(raised.value) == f"s3://{BUCKET}/cars can't be read: Internal Server Error."


def test_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError) as raised:
        list(remote.listing(f"s3://{BUCKET}/cars"))
    assert str(raised.value) == f"s3://{BUCKET}/cars can't be read: Unable to locate credentials."
