from __future__ import annotations

import socket

import pytest

from kuzov.errors import KuzovError
from kuzov.serve.listening import bind, free_port, network_address, shown
from kuzov.words import Words
from tests.errors import raises


def test_a_free_port_can_be_bound() -> None:
    port = free_port("127.0.0.1", 0, "--port")
    with bind("127.0.0.1", port, "--port") as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_a_port_in_use_is_told_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = Words(
            f"Can't listen on 127.0.0.1, port {port}: Address already in use. "
            "Stop the program that uses the port, or choose another with --port.",
            f"На 127.0.0.1, порт {port}, запросы не принять: адрес уже занят. "
            "Остановите программу, занявшую порт, или выберите другой: --port.",
        )
        with raises(KuzovError, told):
            free_port("127.0.0.1", port, "--port")


def test_processes_may_share_a_port() -> None:
    with bind("127.0.0.1", 0, "--port", shared=True) as first:
        port = first.getsockname()[1]
        with bind("127.0.0.1", port, "--port", shared=True) as second:
            assert second.getsockname()[1] == port


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(KuzovError, match=r"^Can't listen on not a host: .*\. Check --host\.$"):
        bind("not a host", 0, "--port")


def test_an_address_of_another_machine_is_told() -> None:
    told = Words(
        "Can't listen on 192.0.2.1: Cannot assign requested address. Check --host.",
        "На 192.0.2.1 запросы не принять: у этого компьютера нет такого адреса. Проверьте --host.",
    )
    with raises(KuzovError, told):
        bind("192.0.2.1", 0, "--port")


@pytest.mark.parametrize(("host", "text"), [("127.0.0.1", "127.0.0.1:8500"), ("::1", "[::1]:8500")])
def test_an_address_as_urls_have_it(host: str, text: str) -> None:
    assert shown(host, 8500) == text


def test_the_address_in_the_network_is_one_that_can_be_bound() -> None:
    address = network_address()
    if address is not None:
        with bind(address, 0, "--port") as listener:
            assert listener.getsockname()[0] == address


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_machine_may_be_in_no_network(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: None)
    monkeypatch.setattr(socket.socket, "getsockname", lambda _: (address, 1))
    assert network_address() is None

    def refuse(*_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert network_address() is None
