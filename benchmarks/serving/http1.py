"""One HTTP/1.1 client over a raw socket: the request's bytes are ready, of the answer little is read."""

from __future__ import annotations

import re
import socket

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNK = 1 << 16


class HttpClient:
    """A connection that asks the same request again and again, kept alive in between."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        """Connect; `request` is the head and the body."""
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.succeeded = False
        self.body = b""
        self._request = memoryview(request)
        self._unsent = self._request[:0]
        self._received = bytearray()

    def ask(self) -> None:
        """Begin to send the request."""
        self._unsent = self._request
        self._received.clear()
        self._send()

    def advance(self) -> bool:
        """Send and receive what goes without waiting.

        Returns:
            Whether the answer is there: `succeeded` tells whether its status is 200, `body` what it holds.

        Raises:
            ConnectionError: The server has closed the connection.
        """
        if self._unsent:
            self._send()
        try:
            while chunk := self.socket.recv(_CHUNK):
                self._received += chunk
                if self._complete():
                    return True
        except BlockingIOError:
            return False
        raise ConnectionError("The server closed the connection.")

    def _send(self) -> None:
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            pass

    def _complete(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        status, length = _STATUS.match(self._received), _LENGTH.search(self._received, 0, end)
        if status is None or length is None:
            raise ConnectionError(f"Not an answer of known length: {bytes(self._received[:200])!r}")
        start, size = end + 4, int(length[1])
        if len(self._received) < start + size:
            return False
        self.succeeded, self.body = status[1] == b"200", bytes(self._received[start : start + size])
        return True
