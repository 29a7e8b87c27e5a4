"""The web page at / and the calls that it makes, as an extension of the REST port."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote

from kuzov.bundle.layout import REPORT
from kuzov.errors import ErrorCode
from kuzov.serve.calls import ModelSpec
from kuzov.serve.limits import Limits
from kuzov.serve.rest.answer import Answer, HttpError, expect_method
from kuzov.serve.rest.json_answer import object_json
from kuzov.serve.rest.request import Request
from kuzov.serve.service import Service
from kuzov.web.front_page import assemble_page
from kuzov.web.models import describe_models
from kuzov.web.pictures import shown_photo
from kuzov.web.report_language import asked_language, in_language
from kuzov.web.saliency import SaliencyPictures
from kuzov.web.samples import sample_photo

_REPORT = re.compile(r"/web/report/([^/]+)/([0-9]{1,18})")
_SAMPLE = re.compile(r"/web/sample/([0-9]{1,3})")
_SALIENCY = re.compile(r"/web/saliency/([^/]+)(?:/([0-9]{1,18}))?")
# The bundle may come from anywhere: its page may show what stands in it, and do nothing.
_REPORT_HEADERS = (
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    ("x-content-type-options", "nosniff"),
)


class Web:
    """Answers the page's requests; see `kuzov.serve.rest.extension.Extension`.

    - GET / gives the page. It needs no key itself, and asks the reader for one.
    - GET /web/models tells what is served.
    - GET /web/report/NAME/VERSION[?language=ru] gives a version's report.
    - GET /web/sample/1, and up to as many as there are, gives a drawn car to try; it needs no key either.
    - POST /web/picture, its body a photo, gives it as a JPEG, for browsers that can't show its format.
    - POST /web/saliency/NAME[/VERSION], its body a photo, draws where the model looked.
    """

    def __init__(self, service: Service, *, teaching: bool, limits: Limits) -> None:
        """Begin nothing yet; with `teaching` the page has what asks /teach/…."""
        self.max_body_bytes = limits.max_body_bytes
        self._service = service
        self._limits = limits
        self._page = assemble_page(teaching=teaching)
        self._saliency = SaliencyPictures(max_pixels=limits.max_image_pixels)

    def owns(self, path: str) -> bool:
        """Whether a path is the page's or one of its calls."""
        return path == "/" or path.startswith("/web/")

    def is_open(self, path: str) -> bool:
        """Whether a path needs no API key: the page itself, and its pictures."""
        return path == "/" or _SAMPLE.fullmatch(path) is not None

    async def answer(self, request: Request, body: bytes) -> Answer:
        """Answer a request, or refuse it."""
        if request.path == "/":
            expect_method(request, "GET", "HEAD")
            return self._page
        if request.path == "/web/models":
            expect_method(request, "GET", "HEAD")
            return Answer(body=object_json(describe_models(self._service, self._limits)))
        if found := _REPORT.fullmatch(request.path):
            expect_method(request, "GET", "HEAD")
            return await self._report(request, unquote(found[1]), int(found[2]))
        if found := _SAMPLE.fullmatch(request.path):
            expect_method(request, "GET", "HEAD")
            return await asyncio.to_thread(sample_photo, int(found[1]))
        if request.path == "/web/picture":
            expect_method(request, "POST")
            return await asyncio.to_thread(shown_photo, body, max_pixels=self._limits.max_image_pixels)
        if found := _SALIENCY.fullmatch(request.path):
            expect_method(request, "POST")
            version = None if found[2] is None else int(found[2])
            return await self._saliency.answer(self._service, unquote(found[1]), version, body)
        text = f"There is nothing at {request.path} on this server."
        raise HttpError(ErrorCode.NOT_FOUND, 404, text)

    async def _report(self, request: Request, name: str, version: int) -> Answer:
        """The page that `kuzov train` has put into a version's bundle, in the language that is asked for."""
        folder = self._service.metadata(ModelSpec(name=name, version=version)).folder
        try:
            if folder is None:
                raise FileNotFoundError
            page = await asyncio.to_thread((folder / REPORT).read_bytes)
        except OSError:
            text = f'Version {version} of the model "{name}" has no report.'
            advice = "kuzov train puts one into its bundle."
            raise HttpError(ErrorCode.NOT_FOUND, 404, f"{text} {advice}") from None
        page = in_language(page, asked_language(request))
        return Answer(body=page, content_type="text/html; charset=utf-8", headers=_REPORT_HEADERS)

    def close(self) -> None:
        """Draw no more where models look."""
        self._saliency.close()
