from __future__ import annotations

import io
import re
import sys

import pytest

from kuzov.cli import serve_address
from kuzov.cli.serve_address import qr_code, tell_address
from kuzov.serve.settings import RestSettings, ServeSettings

LINK = "http://192.168.1.5:8501/#teach=secret"


class Terminal(io.TextIOWrapper):
    """Standard error as a terminal of an encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace")

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has an address in a network, and a terminal is wide."""
    monkeypatch.setattr(serve_address, "network_address", lambda: "192.168.1.5")
    monkeypatch.setenv("COLUMNS", "120")


def settings(host: str, port: int | None = 8501) -> ServeSettings:
    return ServeSettings(models=(), host=host, rest=RestSettings(port=port))


@pytest.mark.parametrize(
    ("host", "here", "there"),
    [
        ("0.0.0.0", "http://localhost:8501/", "http://192.168.1.5:8501/"),
        ("::", "http://localhost:8501/", "http://192.168.1.5:8501/"),
        ("127.0.0.1", "http://127.0.0.1:8501/", None),
        ("127.0.0.2", "http://127.0.0.2:8501/", None),
        ("::1", "http://[::1]:8501/", None),
        ("localhost", "http://localhost:8501/", None),
        ("10.0.0.7", "http://10.0.0.7:8501/", None),
        ("fe80::7", "http://[fe80::7]:8501/", None),
        ("cars.local", "http://cars.local:8501/", None),
    ],
)
def test_the_address_to_open(
    capsys: pytest.CaptureFixture[str], host: str, here: str, there: str | None
) -> None:
    tell_address(settings(host))
    more = "." if there is None else f"; on another device of this network, {there}"
    browser = " in a browser" + more
    assert capsys.readouterr() == ("", f"Open {here}{browser}\n")


def test_a_machine_without_a_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_address, "network_address", lambda: None)
    tell_address(settings("0.0.0.0", 80), "secret")
    assert capsys.readouterr().err == (
        "Open http://localhost:80/ in a browser.\nTeach it at http://localhost:80/#teach=secret\n"
    )


def test_without_rest_there_is_nothing_to_open(capsys: pytest.CaptureFixture[str]) -> None:
    tell_address(settings("0.0.0.0", None), "secret")
    assert capsys.readouterr() == ("", "")


def test_the_link_to_teach_hides_its_token_from_the_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_address(settings("0.0.0.0"), "secret")
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"Teach it at http://localhost:8501/#teach=secret or, on a phone, {LINK}"
    ]
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    tell_address(settings("0.0.0.0"), "secret")
    assert capsys.readouterr().err.splitlines() == [
        "Откройте в браузере http://localhost:8501/, на другом устройстве этой сети — http://192.168.1.5:8501/",
        f"Обучать его: http://localhost:8501/#teach=secret, с телефона — {LINK}",
    ]


def drawn(text: str) -> str:
    """The lines of a code without their colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_terminal_shows_the_link_as_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    import segno

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    tell_address(settings("0.0.0.0"), "secret")
    code = drawn("\n".join(terminal.text().splitlines()[2:]) + "\n")
    expected = io.StringIO()
    segno.make(LINK, error="l", micro=False).terminal(expected, border=2, compact=True)
    assert code == expected.getvalue()


@pytest.mark.parametrize(("host", "token"), [("127.0.0.1", "secret"), ("0.0.0.0", None)])
def test_no_code_for_what_a_phone_can_not_reach_or_need_not(
    monkeypatch: pytest.MonkeyPatch, host: str, token: str | None
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    tell_address(settings(host), token)
    assert "█" not in terminal.text()


def test_a_code_needs_room_letters_and_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert qr_code(LINK, 80)
    assert qr_code(LINK, 20) == ""
    monkeypatch.setattr(sys, "stderr", Terminal("koi8-r"))  # it has these blocks
    assert qr_code(LINK, 80)
    monkeypatch.setattr(sys, "stderr", Terminal("latin-1"))
    assert qr_code(LINK, 80) == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setitem(sys.modules, "segno", None)
    assert qr_code(LINK, 80) == ""
