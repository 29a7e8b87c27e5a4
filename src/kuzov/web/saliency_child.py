"""The process that tells where a model looked: questions on stdin, answers on stdout.

Each is a line of JSON, whose "bytes" tells how many bytes follow it. A question's are a photo, and its
"folder" is the bundle's; an answer's are a WebP, unless it has "error", "code" and, of a photo, "reason".
"""

from __future__ import annotations

import json
import os
import signal
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kuzov.errors import BundleError, ErrorCode, KuzovError, PhotoError

if TYPE_CHECKING:
    from kuzov.explain.explainer import Explainer

QUALITY = 82
# The server's answers come first.
NICENESS = 10


class Draughtsman:
    """Draws where a model looked; the model of the last question stays loaded."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._explainer: Explainer | None = None

    def draw(self, folder: Path, photo: bytes) -> bytes:
        """The part of a photo that the model sees, with its heat map over it, as a WebP."""
        from kuzov.engine.tensorflow import silent_stderr  # noqa: PLC0415
        from kuzov.explain.pictures import overlay, read_part  # noqa: PLC0415

        if self._explainer is None or folder != self._folder:
            with silent_stderr():
                from kuzov.explain.explainer import Explainer  # noqa: PLC0415

                self._explainer, self._folder = Explainer.load(folder), folder
        found = self._explainer.explain(photo)
        picture = overlay(read_part(photo, found.part.box), found.heat)
        encoded = BytesIO()
        picture.save(encoded, "WEBP", quality=QUALITY)
        return encoded.getvalue()


def answer(questions: BinaryIO, answers: BinaryIO, draughtsman: Draughtsman) -> None:
    """Answer questions until there are no more."""
    while line := questions.readline():
        question = json.loads(line)
        photo = questions.read(question["bytes"])
        head, picture = _answer(draughtsman, Path(question["folder"]), photo)
        answers.write(json.dumps(head | {"bytes": len(picture)}).encode() + b"\n" + picture)
        answers.flush()


def _answer(draughtsman: Draughtsman, folder: Path, photo: bytes) -> tuple[dict[str, object], bytes]:
    try:
        return {}, draughtsman.draw(folder, photo)
    except PhotoError as error:
        return {"error": str(error), "code": ErrorCode.INVALID.name, "reason": error.kind}, b""
    except BundleError as error:
        return {"error": str(error), "code": ErrorCode.UNAVAILABLE.name}, b""
    except KuzovError as error:
        return {"error": str(error), "code": ErrorCode.INTERNAL.name}, b""


def main() -> None:
    """Answer on the process's own stdin and stdout."""
    # Ctrl+C reaches the whole group of processes; the server ends this one when it is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    answer(sys.stdin.buffer, answers, Draughtsman())


if __name__ == "__main__":
    main()
