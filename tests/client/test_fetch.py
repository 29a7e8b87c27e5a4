"""Photos from web addresses, served by a server of the test's own."""

import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kuzov.client.fetch import fetch, is_web_address
from kuzov.errors import PhotoError
from tests.errors import raises

CONTENT = b"\xff\xd8\xff a photo" * 1000


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = {
            "/photo.jpg": (200, {}, CONTENT),
            "/packed": (200, {"Content-Encoding": "gzip"}, gzip.compress(CONTENT)),
            "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10_000_000))),
            "/moved": (302, {"Location": "/photo.jpg"}, b""),
            "/circle": (302, {"Location": "/circle"}, b""),
            "/away": (302, {"Location": "file:///etc/passwd"}, b""),
            "/private": (403, {}, b""),
            "/members": (401, {}, b""),
            "/often": (429, {}, b""),
            "/broken": (500, {}, b""),
            "/long": (200, {"Content-Length": "100000000000"}, b"x"),
            "/short": (200, {"Content-Length": "100"}, b"x"),
            "/slow": (200, {}, b""),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and self.path != "/slow":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/slow":
            for _ in range(50):
                time.sleep(0.1)
                self.wfile.write(b"x" * 70_000)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/photo.jpg", "/packed", "/moved"])
def test_a_photo_is_fetched(site: str, path: str) -> None:
    assert fetch(site + path) == CONTENT


REFUSED = {
    "/none.jpg": "the site has nothing at this address (404); check it",
    "/private": "the site does not give it to programs (403); download it with a browser",
    "/members": "the site gives it to those alone who are signed in (401); download it with a browser",
    "/often": "the site was asked too often (429); try again later",
    "/broken": "the site answers with status 500, not with a photo; try again later",
    "/circle": "leads from one address to another, more than 5 times; give the last one",
    "/long": "has more than 1,000,000 bytes, which no photo has; check the address",
    "/bomb": "has more than 1,000,000 bytes, which no photo has; check the address",
}


@pytest.mark.parametrize("path", REFUSED)
def test_why_it_is_not_fetched_is_told(site: str, path: str) -> None:
    with raises(PhotoError, f"{site}{path}: {REFUSED[path]}"):
        fetch(site + path, max_bytes=1_000_000)


@pytest.mark.parametrize("path", ["/short", "/away"])
def test_no_part_and_no_file_is_taken_for_a_photo(site: str, path: str) -> None:
    with pytest.raises(PhotoError, match="can't be reached"):
        fetch(site + path)


def test_what_comes_too_slowly_is_given_up(site: str) -> None:
    text = "did not come within 0.5 seconds; try again, or download it with a browser"
    with raises(PhotoError, f"{site}/slow: {text}"):
        fetch(f"{site}/slow", timeout_s=0.5)


def test_a_site_that_is_not_there_is_told() -> None:
    with pytest.raises(
        PhotoError, match="can't be reached: Connection refused; check the address and the conn"
    ):
        fetch("http://127.0.0.1:9/a.jpg")
    with pytest.raises(PhotoError, match=r"is not a web address|can't be reached"):
        fetch("http://[/a.jpg")


def test_what_is_a_web_address() -> None:
    assert is_web_address("HTTPS://site/a.jpg")
    assert not any(map(is_web_address, ("s3://bucket/a.jpg", "file:///a.jpg", "http.jpg", "a/http://b")))
