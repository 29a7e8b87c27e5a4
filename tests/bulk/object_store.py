"""A bucket on this machine, for s3fs and gcsfs alike."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

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
