from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kuzov.bundle.card import read_card
from kuzov.bundle.ready import ready_model
from kuzov.serve.rest.answer import Answer, HttpError
from kuzov.web.report import report_answer
from tests.web.port import service_of

CARD = read_card(ready_model() / "1")
NO_REPORT = 'Version 7 of the model "cars" has no report. kuzov train puts one into its bundle.'


def ask(folder: Path | None, version: int = 7) -> Answer:
    return asyncio.run(report_answer(service_of(CARD, folder), "cars", version))


def test_the_report_can_show_and_do_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "report.html").write_text("<p>Отчёт", encoding="utf-8")
    answer = ask(tmp_path)
    assert answer.body.decode() == "<p>Отчёт"
    assert answer.content_type == "text/html; charset=utf-8"
    policy = dict(answer.headers)["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


@pytest.mark.parametrize("with_folder", [True, False])
def test_a_version_without_a_report(tmp_path: Path, with_folder: bool) -> None:
    with pytest.raises(HttpError) as caught:
        ask(tmp_path if with_folder else None)
    assert (caught.value.status, str(caught.value)) == (404, NO_REPORT)
