"""HTTP/1.1 on a connection: uvicorn's, with limits, and with errors in the form of the API's.

The parser is llhttp, by way of httptools: a small request takes about two thirds of the time that h11 takes.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kuzov.serve.rest.json_answer import error_json

MAX_TARGET_BYTES = 16 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_HEADERS = 100
HEAD_TIMEOUT_S = 30.0
LINGER_S = 2.0


class _RefusedError(Exception):
    """A request's head is over a limit."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HttpProtocol(HttpToolsProtocol):
    """One connection, for `uvicorn.Config(http=HttpProtocol)`.

    What is not HTTP is answered with `{"error": "…"}` and 400, a request line over 16 KiB with 414, headers
    over 64 KiB or more than 100 of them with 431, a head that takes longer than 30 seconds with 408. The
    connection then ends, as where the next request begins can't be told. It also ends where a client neither
    sends the rest of a body after its answer, nor fetches the answer, for 30 seconds.

    The lines of a head may end in a line feed alone, as in TensorFlow Serving.

    An application finds the whole target, as it stands in the request line, in the scope's `raw_path`; the
    `query_string` is empty.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refused = False
        self._in_head = False
        self._in_body = False
        self._last_byte = b""
        self._heads = 0
        self._header_bytes = 0
        self._unparsed_bytes = 0
        self._under_way: RequestResponseCycle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        # asyncio does so only where the listening socket names TCP as its protocol. An answer goes out in two
        # writes, of which the second would wait for the client to acknowledge the first.
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expect_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up the request under way, and those in line."""
        self._stop_reading_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._stop_idle_timer()
        self.pipeline.clear()
        running = self._under_way
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client has sent."""
        if not self._in_body and _has_bare_line_feed(data):
            self._take_lines(data)
        else:
            self._feed(data)
        self._last_byte = data[-1:]

    def _take_lines(self, data: bytes) -> None:
        """Take lines of a head that end in a bare line feed, as libevent does; the parser wants CRLF."""
        before = self._last_byte
        while data and not self._in_body and not self._refused:
            line, feed, data = data.partition(b"\n")
            ends_right = line.endswith(b"\r") or (not line and before == b"\r")
            self._feed(line + (feed if ends_right or not feed else b"\r\n"))
            before = b""
        if data:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        if self._refused:
            return
        heads = self._heads
        try:
            self.parser.feed_data(data)
            # The parser keeps a header to itself until it has the whole of it.
            if self._in_head and heads == self._heads:
                self._unparsed_bytes += len(data)
                if self._unparsed_bytes > MAX_HEADER_BYTES + MAX_TARGET_BYTES:
                    self._refuse(431, _too_long_headers())
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_with_http(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _RefusedError):
                self._refuse(cause.status, str(cause))
            else:
                self._refuse(400, "This is not a valid HTTP request.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._stop_idle_timer()
        self._in_head = True
        self._heads += 1
        self._header_bytes = self._unparsed_bytes = 0
        self._expect_reading()

    def on_url(self, url: bytes) -> None:
        """A piece of the target has come."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            raise _RefusedError(414, f"The request line is longer than {MAX_TARGET_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come, or a trailer after the body."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise _RefusedError(431, _too_long_headers())
        if len(self.headers) >= MAX_HEADERS:
            raise _RefusedError(431, f"The request has more than {MAX_HEADERS} headers.")
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: hand the request to the application."""
        self._in_head = False
        self._in_body = True
        self._stop_reading_timer()
        self._stop_idle_timer()
        if self._wants_upgrade():
            return
        waiting = len(self.pipeline)
        super().on_headers_complete()
        if len(self.pipeline) == waiting:
            self._under_way = self.cycle
        if self.url.startswith(b"/"):
            self.scope["raw_path"] = self.url
            self.scope["query_string"] = b""

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        if self._wants_upgrade():
            return
        self._stop_reading_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written, if not yet fetched."""
        waiting = list(self.pipeline)
        super().on_response_complete()
        if len(self.pipeline) < len(waiting):
            self._under_way, _ = waiting[-1]
        if self.cycle.response_complete and self.cycle.more_body:
            self._expect_reading()
        self._expect_fetching()

    def _wants_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _stay_with_http(self, rest: bytes) -> None:
        """Go on with a request that would rather have another protocol, and with what came after its head.

        Java's client asks for HTTP/2 so in every request. A server may pass over that, but the parser takes
        such a request to have no body; so it is given the head again, without the wish.
        """
        version = self.parser.get_http_version()
        head = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version.encode())]
        head += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._in_body = False
        self._feed(b"\r\n".join(head) + b"\r\n\r\n" + rest)

    def _refuse(self, status: int, message: str) -> None:
        """Answer what can't be a request, after those before it, and end the connection."""
        self._refused = True
        self._stop_reading_timer()
        self.pipeline.clear()
        running = self._under_way
        if running is not None and not running.response_complete:
            if running is not self.cycle or not running.more_body or running.response_started:
                running.keep_alive = False
                return
            # It is the body of this very request that is broken.
            running.disconnected = True
            running.message_event.set()
        self.flow.resume_reading()
        body = error_json(message)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        # To close at once would reset the connection if more is on its way, and the answer be lost with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._read_timer = self.loop.call_later(LINGER_S, self.transport.abort)

    def _expect_reading(self) -> None:
        self._stop_reading_timer()
        self._read_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._reading_took_too_long)

    def _stop_reading_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _stop_idle_timer(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _reading_took_too_long(self) -> None:
        if self.flow.read_paused:
            self._expect_reading()
        elif self._in_head:
            self._refuse(408, f"The head of the request did not arrive within {HEAD_TIMEOUT_S:g} seconds.")
        else:
            self.transport.close()

    def _expect_fetching(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent and self._write_timer is None:
            self._write_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._check_fetching, unsent)

    def _check_fetching(self, unsent_before: int) -> None:
        self._write_timer = None
        if self.transport.get_write_buffer_size() >= unsent_before:
            self.transport.abort()
        else:
            self._expect_fetching()


def _has_bare_line_feed(data: bytes) -> bool:
    """Whether a line of the head that these bytes begin with ends without a carriage return."""
    found = data.find(b"\r\n\r\n")
    end = found if found >= 0 else len(data)
    return data.count(b"\n", 0, end) != data.count(b"\r\n", 0, end)


def _too_long_headers() -> str:
    return f"The request's headers are longer than {MAX_HEADER_BYTES} bytes."
