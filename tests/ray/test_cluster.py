from __future__ import annotations

import signal
import socket

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kuzov[cluster]'")

from kuzov.errors import ConfigError, KuzovError
from kuzov.ray.cluster import connected
from kuzov.words import Words


def refusal(address: str | None, kind: type[KuzovError] = KuzovError) -> Words:
    with pytest.raises(kind) as refused, connected(address):
        raise AssertionError("There is no cluster.")
    return refused.value.words


@pytest.mark.parametrize("address", ["nowhere", "ray://10.0.0.1:10001", "10.0.0.1:", ":6379"])
def test_what_is_no_address(address: str) -> None:
    assert refusal(address, ConfigError) == Words(
        f"{address!r} is no address of a Ray cluster: write HOST:PORT, as in 10.0.0.1:6379, or auto, or "
        "local.",
        f"{address!r} — не адрес кластера Ray: напишите ХОСТ:ПОРТ, как 10.0.0.1:6379, или auto, или local.",
    )


def test_nobody_answers(free_port: int) -> None:
    address = f"127.0.0.1:{free_port}"
    assert refusal(address) == Words(
        f"No Ray cluster answers at {address}: Connection refused. Check the address, and that "
        f"Ray runs there: ray status --address {address}",
        f"По адресу {address} кластер Ray не отвечает: в соединении отказано. Проверьте адрес и "
        f"запущен ли там Ray: ray status --address {address}",
    )


def test_a_cluster_that_wants_a_token(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError("Failed to connect to Ray cluster.")

    monkeypatch.setattr("ray.init", refuse)
    address = f"127.0.0.1:{free_port}"
    with socket.create_server(("127.0.0.1", free_port)):
        told = refusal(address)
    assert told.en == (
        f"No Ray cluster answers at {address}: Failed to connect to Ray cluster. Check the address, and that "
        f"Ray runs there: ray status --address {address}. If the cluster wants a token, set "
        "RAY_AUTH_MODE=token, and have it in ~/.ray/auth_token or RAY_AUTH_TOKEN."
    )


def test_the_address_in_the_environment(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{free_port}")
    assert refusal(None).en.startswith(f"No Ray cluster answers at 127.0.0.1:{free_port}: ")


def test_no_cluster_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("ray.init", none)
    assert refusal("auto").en == (
        "No Ray cluster runs on this machine. Begin one with: ray start --head, or let kuzov begin one of "
        "its own with: --ray local"
    )


def test_sigterm_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("ray.init", lambda **_: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    with connected("local") as begun:
        assert begun
        assert signal.getsignal(signal.SIGTERM) == before
