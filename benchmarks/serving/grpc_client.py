"""One gRPC client over a raw socket: just enough of HTTP/2 (RFC 9113) to call one method again and again.

grpcio's client costs about a millisecond of processor time where the request is a tensor of 786 kB, which
the server, on the same cores, would lack.
"""

from __future__ import annotations

import socket
import struct
from collections import deque

_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_ACK = _END_STREAM = 0x1
_END_HEADERS = 0x4
_TABLE_SIZE, _INITIAL_WINDOW, _MAX_FRAME = 1, 4, 5
_CHUNK, _BUFFERS_A_CALL = 1 << 16, 64
_OK = b"grpc-status\x010"  # as HPACK writes it out, which `_TABLE_SIZE` 0 makes the server do


class GrpcClient:
    """A connection that calls the same method with the same message, one call at a time.

    Answers may have 65 kB, which is where HTTP/2 would have it ask for more.
    """

    def __init__(self, address: tuple[str, int], request: bytes, path: str) -> None:
        """Connect; `request` is the serialized message, `path` the method's: /package.Service/Method."""
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.succeeded = False
        self.body = b""
        self._headers = _literals({
            ":method": "POST",
            ":scheme": "http",
            ":path": path,
            ":authority": f"{address[0]}:{address[1]}",
            "content-type": "application/grpc",
            "te": "trailers",
        })  # fmt: skip
        self._message = memoryview(struct.pack(">BI", 0, len(request)) + request)
        self._sent = len(self._message)
        self._stream = -1
        self._initial_window = self._stream_window = self._connection_window = 65_535
        self._max_frame = 16_384
        self._unacknowledged = 0
        self._unsent: deque[bytes | memoryview] = deque([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
        self._received = bytearray()
        self._frame(_SETTINGS, 0, 0, struct.pack(">HI", _TABLE_SIZE, 0))

    def ask(self) -> None:
        """Begin to send the request."""
        self._stream += 2
        self._stream_window, self._sent, self.body = self._initial_window, 0, b""
        self._frame(_HEADERS, _END_HEADERS, self._stream, self._headers)
        self._send()

    def advance(self) -> bool:
        """Send and receive what goes without waiting.

        Returns:
            Whether the answer is there: `succeeded` tells whether its status is OK, `body` its message.

        Raises:
            ConnectionError: The server has closed the connection, or resets the call.
        """
        complete = False
        try:
            while chunk := self.socket.recv(_CHUNK):
                self._received += chunk
                complete |= self._read_frames()
        except BlockingIOError:
            self._send()
            return complete
        raise ConnectionError("The server closed the connection.")

    def _read_frames(self) -> bool:
        complete, at = False, 0
        while len(self._received) >= at + 9:
            high, low, kind, flags, stream = struct.unpack_from(">BHBBI", self._received, at)
            end = at + 9 + (high << 16 | low)
            if len(self._received) < end:
                break
            complete |= self._obey(kind, flags, stream, bytes(self._received[at + 9 : end]))
            at = end
        del self._received[:at]
        return complete

    def _obey(self, kind: int, flags: int, stream: int, payload: bytes) -> bool:
        """Act on a frame; tells whether it ends the call."""
        if kind == _DATA:
            self.body += payload
            self._acknowledge(len(payload))
        elif kind == _HEADERS and flags & _END_STREAM:
            self.succeeded, self.body = _OK in payload, self.body[5:] or payload
            return True
        elif kind == _SETTINGS and not flags & _ACK:
            self._take_settings(dict(struct.iter_unpack(">HI", payload)))
        elif kind == _PING and not flags & _ACK:
            self._frame(_PING, _ACK, 0, payload)
        elif kind == _WINDOW_UPDATE:
            self._widen(stream, int.from_bytes(payload, "big"))
        elif kind in {_RESET, _GO_AWAY}:
            raise ConnectionError(f"The server ended the call: {payload!r}")
        return False

    def _take_settings(self, settings: dict[int, int]) -> None:
        window = settings.get(_INITIAL_WINDOW, self._initial_window)
        self._stream_window += window - self._initial_window
        self._initial_window = window
        self._max_frame = settings.get(_MAX_FRAME, self._max_frame)
        self._frame(_SETTINGS, _ACK, 0, b"")

    def _widen(self, stream: int, increment: int) -> None:
        if stream == 0:
            self._connection_window += increment
        elif stream == self._stream:
            self._stream_window += increment

    def _acknowledge(self, size: int) -> None:
        """Give back what was taken of the connection's window, now and then."""
        self._unacknowledged += size
        if self._unacknowledged > 1 << 14:
            self._frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", self._unacknowledged))
            self._unacknowledged = 0

    def _send(self) -> None:
        size = len(self._message)
        try:
            while True:
                while self._sent < size and len(self._unsent) < _BUFFERS_A_CALL:
                    length = min(
                        size - self._sent, self._stream_window, self._connection_window, self._max_frame
                    )
                    if length <= 0:
                        break
                    end = self._sent + length
                    flags = _END_STREAM if end == size else 0
                    self._frame(_DATA, flags, self._stream, self._message[self._sent : end])
                    self._sent = end
                    self._stream_window -= length
                    self._connection_window -= length
                if not self._unsent:
                    return
                self._drop(self.socket.sendmsg([*self._unsent][:_BUFFERS_A_CALL]))
        except BlockingIOError:
            pass

    def _drop(self, sent: int) -> None:
        while sent:
            first = self._unsent.popleft()
            if sent < len(first):
                self._unsent.appendleft(memoryview(first)[sent:])
                return
            sent -= len(first)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes | memoryview) -> None:
        size = len(payload)
        self._unsent.append(struct.pack(">BHBBI", size >> 16, size & 0xFFFF, kind, flags, stream))
        if size:
            self._unsent.append(payload)


def _literals(headers: dict[str, str]) -> bytes:
    """A header block in HPACK: every field a literal with a new name, not indexed nor Huffman-coded."""
    texts = ((name.encode(), value.encode()) for name, value in headers.items())
    return b"".join(bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in texts)
