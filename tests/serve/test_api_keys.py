from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from kuzov.errors import ErrorCode, RequestError
from kuzov.serve import api_keys
from kuzov.serve.api_keys import ApiKeys, bearer
from tests.errors import raises

ANNA = "anna-0123456789abcdef"
BORIS = "boris-0123456789abcdef"
HOW = "Send one in the header Authorization: Bearer KEY, or X-API-Key: KEY."


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.txt"
    file.write_text(f"# The tour's server\n\n{ANNA}\n  {BORIS}\r\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "CHECK_INTERVAL_S", 0)


def knows(keys: ApiKeys, key: str) -> bool:
    try:
        keys.check(key)
    except RequestError:
        return False
    return True


def test_each_key_of_the_file_lets_a_request_pass(file: Path) -> None:
    keys = ApiKeys.read(file)
    assert knows(keys, ANNA)
    assert knows(keys, BORIS)


@pytest.mark.parametrize(
    "key", ["", ANNA[:-1], ANNA + "f", ANNA.upper(), "# The tour's server", "é" * 16, "\udc80" * 16]
)
def test_any_other_key_is_refused(key: str, file: Path) -> None:
    with raises(RequestError, f"The server does not know this API key. {HOW}", ErrorCode.UNAUTHENTICATED):
        ApiKeys.read(file).check(key)


def test_a_request_without_a_key_is_told_how_to_send_one(file: Path) -> None:
    with raises(RequestError, f"This server needs an API key. {HOW}", ErrorCode.UNAUTHENTICATED):
        ApiKeys.read(file).check(None)


def test_the_keys_themselves_are_not_kept(file: Path) -> None:
    keys = ApiKeys.read(file)
    assert ANNA not in repr(vars(keys))


@pytest.mark.usefixtures("always_look")
def test_a_changed_file_is_read_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    keys = ApiKeys.read(file)
    file.write_text("# Boris has left\n" + ANNA)
    assert not knows(keys, BORIS)
    assert knows(keys, ANNA)
    assert caplog.messages == [f"Read the API keys in {file} again: 1"]


@pytest.mark.usefixtures("always_look")
def test_a_broken_new_file_leaves_the_old_keys(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = ApiKeys.read(file)
    file.write_text("# empty by mistake\n")
    assert knows(keys, ANNA)
    assert knows(keys, BORIS)
    file.unlink()
    assert knows(keys, ANNA)
    assert caplog.messages == [
        f"The file of API keys {file} holds no key. Write one a line; make it with: openssl rand -hex 32 "
        "The keys that were read before stay valid.",
        f"The file of API keys {file} can't be read: No such file or directory. "
        "The keys that were read before stay valid.",
    ]


def test_the_file_is_looked_at_once_a_second(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    keys = ApiKeys.read(file)
    file.write_text(BORIS)
    assert knows(keys, ANNA)
    now += 1.0
    assert not knows(keys, ANNA)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("", None),
        (f"Bearer {ANNA}", ANNA),
        (f"bearer   {ANNA} ", ANNA),
        (f"BEARER {ANNA}", ANNA),
        ("Bearer", None),
        ("Bearer ", None),
        (f"Bearer{ANNA}", None),
        (f"Bearer {ANNA} {BORIS}", None),
        (f"Basic {ANNA}", None),
        (ANNA, None),
        (f"Bearer {ANNA}\n", None),
    ],
)
def test_the_key_is_taken_from_a_bearer_header(header: str | None, key: str | None) -> None:
    assert bearer(header) == key
