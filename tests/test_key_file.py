from __future__ import annotations

import os
from pathlib import Path

import pytest

from kuzov.errors import ConfigError
from kuzov.key_file import read_keys

ANNA = "anna-0123456789abcdef"
BORIS = "boris-0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.txt"
    file.write_text(f"# The tour's server\n\n{ANNA}\n  {BORIS}\r\n")
    file.chmod(0o600)
    return file


def test_the_keys_of_a_file(file: Path) -> None:
    assert read_keys(file) == (ANNA, BORIS)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{ANNA}\nfifteen-letters\n".encode(), 2),
        (f"\n{ANNA} {BORIS}\n".encode(), 2),
        ("ключ-ключ-ключ-ключ\n".encode(), 1),
        (f"{ANNA}\0\n".encode(), 1),
        (b"\xff\xfe" * 20, 1),
    ],
)
def test_a_line_that_is_no_key_is_named_but_not_shown(content: bytes, line: int, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_keys(file)
    assert str(caught.value) == (
        f"{file}, line {line}: an API key must be 16 or more ASCII characters without spaces, one key "
        "a line. Make one with: openssl rand -hex 32"
    )


@pytest.mark.parametrize("content", ["", "\n\n", "# nobody yet\n"])
def test_a_file_without_a_key_is_refused(content: str, file: Path) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_keys(file)
    assert str(caught.value) == (
        f"The file of API keys {file} holds no key. Write one a line; make it with: openssl rand -hex 32"
    )


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_keys(tmp_path / "none")
    assert str(caught.value) == (
        f"The file of API keys {tmp_path / 'none'} can't be read: No such file or directory."
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such permissions.")
def test_a_file_that_everyone_can_read_is_warned_of(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_keys(file)
    assert caplog.messages == []
    file.chmod(0o644)
    read_keys(file)
    assert caplog.messages == [
        f"Every user of this machine can read the API keys in {file}; run: chmod 600 {file}"
    ]
