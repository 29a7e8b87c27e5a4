from __future__ import annotations

import logging
import re

import pytest

from kuzov.errors import ErrorCode
from kuzov.serve.monitoring.journal import Journal, Record, fit_request_id, printable


@pytest.fixture
def ended() -> list[Record]:
    return []


@pytest.fixture
def journal(ended: list[Record]) -> Journal:
    return Journal(ended.append)


def test_a_request_is_counted_once_it_has_ended(journal: Journal, ended: list[Record]) -> None:
    record = journal.begin("REST", "POST", "/v1/models/m:predict", "abc-1")
    assert ended == []
    assert record == Record(
        protocol="REST",
        method="POST",
        path="/v1/models/m:predict",
        request_id="abc-1",
        started=record.started,
    )
    journal.end(record)
    assert ended == [record]
    assert record.seconds > 0


def test_the_status_is_named_as_tensorflow_and_grpc_do(journal: Journal) -> None:
    record = journal.begin("GRPC", "Predict", "/tensorflow.serving.PredictionService/Predict")
    assert record.status_name == "OK"
    record.status = ErrorCode.INVALID
    assert record.status_name == "INVALID_ARGUMENT"


def test_what_happened_is_one_line_for_people(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="kuzov.requests")
    record = journal.begin("REST", "POST", "/v1/models/m:predict", "abc-1")
    record.model, record.version, record.rows = "m", 3, 2
    record.status, record.http_status = ErrorCode.INVALID, 400
    record.bytes_in, record.bytes_out = 1200, 80
    journal.end(record)
    record.seconds = 0.01234
    assert caplog.messages[0].startswith(
        "REST POST /v1/models/m:predict: m, version 3: INVALID_ARGUMENT (400)"
    )
    assert str(record) == (
        "REST POST /v1/models/m:predict: m, version 3: INVALID_ARGUMENT (400), 2 rows, 12.3 ms, "
        "1200 bytes in, 80 bytes out, request abc-1"
    )


def test_no_client_can_forge_a_line_of_the_log(journal: Journal) -> None:
    record = journal.begin("REST", "GET\n", "/v1/models/m\r\n2026-01-01 INFO all is well\x1b[2J", "a\nb")
    record.model = "m\nn"
    line = str(record)
    assert line.isprintable()
    assert line.startswith(
        r"REST GET\n /v1/models/m\r\n2026-01-01 INFO all is well\x1b[2J: m\nn: OK, 0 rows, "
    )


@pytest.mark.parametrize("fit", ["a", "6f1d0a2e-9b1c", "x" * 128, '~!"#'])
def test_a_request_keeps_the_id_that_its_client_gave(fit: str, journal: Journal) -> None:
    assert fit_request_id(fit) == fit
    assert journal.begin("REST", "GET", "/", fit).request_id == fit


@pytest.mark.parametrize("unfit", [None, "", "x" * 129, "a b", "a\n", "a\r\nX-Evil: 1", "é", "\x00", "\x7f"])
def test_an_id_that_is_unfit_for_a_header_is_replaced(unfit: str | None) -> None:
    made = fit_request_id(unfit)
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert fit_request_id(unfit) != made


def test_what_is_shown_of_a_clients_text_is_short_and_printable() -> None:
    assert printable("/v1/models/кузов") == "/v1/models/кузов"
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201) == "x" * 200 + "…"
    assert printable("a\nb\u2028c") == r"a\nb\u2028c"
