from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from kuzov.errors import ErrorCode
from kuzov.serve.monitoring.journal import Journal, Record
from kuzov.serve.monitoring.log import configure_logging

NAMES = (None, "kuzov", "kuzov.requests")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = list(root.handlers), [logging.getLogger(name).level for name in NAMES]
    yield
    root.handlers[:] = handlers
    for name, level in zip(NAMES, levels, strict=True):
        logging.getLogger(name).setLevel(level)


def answer_a_request(**known: Any) -> Record:
    journal = Journal(lambda _: None)
    record = journal.begin("REST", "POST", "/v1/models/m:predict", "abc-1")
    for name, value in known.items():
        setattr(record, name, value)
    journal.end(record)
    return record


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text")
    logging.getLogger("kuzov.serve").info("Loaded %s", "m")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO Loaded m\n", capsys.readouterr().err)


def test_text_tells_no_requests_but_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text")
    answer_a_request()
    assert capsys.readouterr().err == ""
    configure_logging("text", logging.DEBUG)
    record = answer_a_request()
    assert capsys.readouterr().err.endswith(f" INFO {record}\n")


def test_json_tells_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json")
    record = answer_a_request(
        api="predict",
        model="m",
        version=3,
        signature="serving_default",
        rows=2,
        status=ErrorCode.INVALID,
        http_status=400,
        bytes_in=1200,
        bytes_out=80,
    )
    (entry,) = entries(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("time"))
    assert entry == {
        "level": "INFO",
        "message": "request",
        "protocol": "REST",
        "method": "POST",
        "path": "/v1/models/m:predict",
        "model": "m",
        "version": 3,
        "signature": "serving_default",
        "rows": 2,
        "status": "INVALID_ARGUMENT",
        "http_status": 400,
        "duration_ms": round(record.seconds * 1000, 3),
        "bytes_in": 1200,
        "bytes_out": 80,
        "request_id": "abc-1",
    }


def test_json_above_info_tells_no_requests(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", logging.WARNING)
    answer_a_request()
    assert capsys.readouterr().err == ""


def test_json_keeps_a_traceback_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json")
    try:
        _ = 1 // int("0")
    except ZeroDivisionError:
        logging.getLogger("kuzov.serve").exception("Failed to answer %s", "/v1/\n")
    (entry,) = entries(capsys)
    assert (entry["level"], entry["message"]) == ("ERROR", "Failed to answer /v1/\n")
    assert entry["traceback"].startswith("Traceback (most recent call last):\n")
    assert entry["traceback"].endswith("ZeroDivisionError: integer division or modulo by zero")


def test_no_client_can_forge_or_swell_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json")
    hostile = '"}\r\n{"level": "INFO"}\u2028\x1b[2J\udc80' + "x" * 1000
    answer_a_request(path=hostile, model=hostile, signature=hostile)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    assert line.isprintable()
    entry = json.loads(line)
    assert entry["path"] == entry["model"] == entry["signature"] == hostile[:200]


def test_other_packages_log_only_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", logging.DEBUG)
    logging.getLogger("grpc").info("chatter")
    logging.getLogger("grpc").warning("trouble")
    assert [entry["message"] for entry in entries(capsys)] == ["trouble"]


def test_to_configure_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("text")
    configure_logging("json")
    logging.getLogger("kuzov").info("once")
    assert [entry["message"] for entry in entries(capsys)] == ["once"]
