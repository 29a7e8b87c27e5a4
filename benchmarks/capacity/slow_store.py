"""A web server that is slow on purpose: `python -m benchmarks.capacity.slow_store PHOTO LATENCY_S BANDWIDTH`.

It answers every address with the photo, after so many seconds, and sends so many bytes a second to all
clients together. Prints its port; ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

_AT_ONCE = 1024  # connections that may wait


class SlowStore:
    """One photo behind every address."""

    def __init__(self, photo: bytes, latency_s: float, bandwidth: float) -> None:
        self._answer = (
            f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(photo)}\r\n\r\n".encode()
            + photo
        )
        self._latency_s = latency_s
        self._send_s = len(photo) / bandwidth
        self._free_s = 0.0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests, one after another."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                first_byte_s = clock() + self._latency_s
                await asyncio.sleep(self._latency_s)
                self._free_s = max(self._free_s, first_byte_s) + self._send_s
                await asyncio.sleep(self._free_s - clock())
                writer.write(self._answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _serve(store: SlowStore) -> None:
    server = await asyncio.start_server(store, "127.0.0.1", 0, backlog=_AT_ONCE)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    photo, latency_s, bandwidth = sys.argv[1:]
    asyncio.run(_serve(SlowStore(Path(photo).read_bytes(), float(latency_s), float(bandwidth))))
