"""Where a model looked, computed by a process beside the server.

TensorFlow takes seconds to load and hundreds of megabytes; the server itself stays free of it. The process
starts with the first question, and ends when none came for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from kuzov.errors import ErrorCode, OverloadedError, RequestError, invalid
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rest.answer import Answer
from kuzov.serve.service import Service

IDLE_S = 120.0
PATIENCE_S = 60.0
WAITING = 8
CONTENT_TYPE = "image/webp"
_COMMAND = (sys.executable, "-P", "-m", "kuzov.web.saliency_child")
_ENDED = "What shows where the model looked ended unexpectedly; the server's log may tell why. Try again."


def can_explain() -> bool:
    """Whether the packages that this takes are installed."""
    return all(find_spec(package) is not None for package in ("tensorflow", "matplotlib"))


class SaliencyProcess:
    """Asks the process, one question after the other."""

    def __init__(
        self,
        *,
        idle_s: float = IDLE_S,
        patience_s: float = PATIENCE_S,
        command: tuple[str, ...] = _COMMAND,
    ) -> None:
        """Start nothing yet.

        The process is ended where no question came for `idle_s`, or where it is stuck: it has not answered
        for `patience_s`.
        """
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._asking: asyncio.Task[bytes] | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._end: asyncio.TimerHandle | None = None

    async def answer(self, service: Service, name: str, version: int | None, photo: bytes) -> Answer:
        """A WebP of the part of an encoded photo that the model sees, with what it looked at in colours."""
        served = service.metadata(ModelSpec(name=name, version=version))
        if served.card is None or served.folder is None:
            text = f'The model "{name}" was not made by kuzov: where it looks can\'t be told.'
            raise invalid(text)
        if self._waiting >= WAITING:
            raise OverloadedError("Others wait to see where the model looked; try again in a moment.", 5)
        self._waiting += 1
        try:
            async with self._turn:
                # Its client may have given up; the pipe brings the answer all the same.
                if self._asking is not None:
                    await asyncio.wait({self._asking})
                self._asking = asyncio.create_task(self._ask(served.folder, photo))
                picture = await asyncio.shield(self._asking)
        finally:
            self._waiting -= 1
        return Answer(body=picture, content_type=CONTENT_TYPE)

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _ask(self, folder: Path, photo: bytes) -> bytes:
        if self._end is not None:
            self._end.cancel()
        question = {"folder": str(folder.absolute()), "bytes": len(photo)}
        try:
            async with asyncio.timeout(self._patience_s):
                head, payload = await self._exchange(question, photo)
        except (OSError, EOFError, ValueError) as error:
            self.close()  # it is stuck or gone, and the pipe may hold half an answer
            raise RequestError(ErrorCode.INTERNAL, _ENDED) from error
        self._end = asyncio.get_running_loop().call_later(self._idle_s, self.close)
        if "error" in head:
            raise RequestError(ErrorCode[head["code"]], head["error"], head.get("reason"))
        return payload

    async def _exchange(self, head: dict[str, object], payload: bytes) -> tuple[dict[str, str], bytes]:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(json.dumps(head).encode() + b"\n" + payload)
        await to.drain()
        answer = json.loads(await back.readline())
        return answer, await back.readexactly(answer["bytes"])
