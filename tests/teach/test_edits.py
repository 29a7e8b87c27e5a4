from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.rest.request import Request
from kuzov.teach.teach_routes import Teaching
from kuzov.teach.versions import ModelVersions

TAKE_BACK, PUBLISH = (
    Request(method="POST", target=f"/teach/{call}?version=1", headers=[(b"authorization", b"Bearer token")])
    for call in ("back", "publish")
)


def test_an_edit_that_is_begun_stays_alone_after_its_client_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def take_back(_versions: ModelVersions, version: int) -> int:
        begun.set()
        go_on.wait(10)
        ended.set()
        return version

    def publish(_versions: ModelVersions, version: int) -> int:
        return version if ended.is_set() else -1

    monkeypatch.setattr(ModelVersions, "take_back", take_back)
    monkeypatch.setattr(ModelVersions, "publish", publish)
    model = ModelConfig(name="m", base_path=tmp_path / "m")

    async def teach() -> bytes:
        teaching = Teaching(Mock(), model=model, photos=tmp_path / "photos", token="token", limits=Limits())
        given_up = asyncio.create_task(teaching.answer(TAKE_BACK, b""))
        await asyncio.to_thread(begun.wait, 10)
        given_up.cancel()
        following = asyncio.create_task(teaching.answer(PUBLISH, b""))
        await asyncio.wait({given_up})
        await asyncio.sleep(0)
        go_on.set()
        answer = await following
        teaching.close()
        return answer.body

    assert asyncio.run(teach()) == b'{"version": 1}'
