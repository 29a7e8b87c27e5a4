"""The report of a served version, which `kuzov train` has put into its bundle."""

from __future__ import annotations

import asyncio

from kuzov.bundle.layout import REPORT
from kuzov.errors import ErrorCode
from kuzov.serve.calls import ModelSpec
from kuzov.serve.rest.answer import Answer, HttpError
from kuzov.serve.service import Service

# The bundle may come from anywhere: its page may show what stands in it, and do nothing.
_HEADERS = (
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    ("x-content-type-options", "nosniff"),
)


async def report_answer(service: Service, name: str, version: int) -> Answer:
    """The report's page.

    Raises:
        RequestError: NOT_FOUND: the version is not loaded.
        HttpError: 404: it has no report.
    """
    folder = service.metadata(ModelSpec(name=name, version=version)).folder
    try:
        if folder is None:
            raise FileNotFoundError
        page = await asyncio.to_thread((folder / REPORT).read_bytes)
    except OSError:
        text = f'Version {version} of the model "{name}" has no report. kuzov train puts one into its bundle.'
        raise HttpError(ErrorCode.NOT_FOUND, 404, text) from None
    return Answer(body=page, content_type="text/html; charset=utf-8", headers=_HEADERS)
