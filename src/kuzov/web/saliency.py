"""Where a model looked, as the picture that the page shows."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from kuzov.errors import BundleError, ErrorCode, OverloadedError, PhotoError, RequestError, invalid
from kuzov.explain.explainer import Explainer
from kuzov.explain.pictures import overlay, read_part
from kuzov.serve.calls import ModelSpec
from kuzov.serve.process import give_back_memory
from kuzov.serve.rest.answer import Answer
from kuzov.serve.service import Service

CONTENT_TYPE = "image/jpeg"  # WebP would take ten times as long for a third fewer bytes
QUALITY = 85
IDLE_S = 120.0


class SaliencyPictures:
    """Draws on a thread of its own, one picture after the other; the model of the last one stays loaded.

    Where no picture is asked for for a while, it goes too, and the server has its memory back.
    """

    def __init__(self, *, max_pixels: int, idle_s: float = IDLE_S) -> None:
        """Load nothing yet; a photo of more than `max_pixels`, by its header, is refused."""
        self._max_pixels = max_pixels
        self._idle_s = idle_s
        self._idle: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="saliency")
        self._folder: Path | None = None
        self._explainer: Explainer | None = None

    async def answer(self, service: Service, name: str, version: int | None, photo: bytes) -> Answer:
        """A JPEG of the part of an encoded photo that the model sees, with what it looked at in colours.

        Raises:
            RequestError: There is no such model, it is not kuzov's or broken, or the photo can't be read.
            OverloadedError: There is not enough memory for the photo now.
        """
        served = service.metadata(ModelSpec(name=name, version=version))
        if served.card is None or served.folder is None:
            raise invalid(f'The model "{name}" was not made by kuzov: where it looks can\'t be told.')
        draw = asyncio.get_running_loop().run_in_executor(self._thread, self._draw, served.folder, photo)
        try:
            picture = await draw
        except PhotoError as error:
            raise RequestError(ErrorCode.INVALID, str(error), error.kind) from error
        except BundleError as error:
            raise RequestError(ErrorCode.UNAVAILABLE, str(error)) from error
        except MemoryError as error:
            raise OverloadedError("There is not enough memory for the photo now; try again later.") from error
        finally:
            self._forget_later()
        return Answer(body=picture, content_type=CONTENT_TYPE)

    def close(self) -> None:
        """Begin no other picture."""
        if self._idle is not None:
            self._idle.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _forget_later(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_s, self._thread.submit, self._forget)

    def _forget(self) -> None:
        self._explainer = None
        give_back_memory()

    def _draw(self, folder: Path, photo: bytes) -> bytes:
        if self._explainer is None or folder != self._folder:
            self._explainer = None  # one network at a time
            self._explainer, self._folder = Explainer.load(folder), folder
            give_back_memory()  # what compiling the network took
        found = self._explainer.explain(photo, max_pixels=self._max_pixels)
        picture = overlay(read_part(photo, found.part.box, max_pixels=self._max_pixels), found.heat)
        encoded = BytesIO()
        picture.save(encoded, "JPEG", quality=QUALITY)
        return encoded.getvalue()
