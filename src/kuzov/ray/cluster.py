"""A Ray cluster to work on: one that is there, or one begun on this machine."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from kuzov.errors import ConfigError, KuzovError, reason_of
from kuzov.words import Words

NONE_RUNS = Words(
    "No Ray cluster runs on this machine. Begin one with: ray start --head, or let kuzov begin one of its "
    "own with: --ray local",
    "На этой машине кластер Ray не запущен. Запустите его: ray start --head, или пусть kuzov запустит свой: "
    "--ray local",
)
NO_ADDRESS = Words(
    "{address} is no address of a Ray cluster: write HOST:PORT, as in 10.0.0.1:6379, or auto, or local.",
    "{address} — не адрес кластера Ray: напишите ХОСТ:ПОРТ, как 10.0.0.1:6379, или auto, или local.",
)
NO_ANSWER = Words(
    "No Ray cluster answers at {address}: {why}. Check the address, and that Ray runs there: "
    "ray status --address {address}",
    "По адресу {address} кластер Ray не отвечает: {why}. Проверьте адрес и запущен ли там Ray: "
    "ray status --address {address}",
)
OR_A_TOKEN = Words(
    "{told}. If the cluster wants a token, set RAY_AUTH_MODE=token, and have it in ~/.ray/auth_token or "
    "RAY_AUTH_TOKEN.",
    "{told}. Если кластеру нужен токен, задайте RAY_AUTH_MODE=token, а токен положите в ~/.ray/auth_token "
    "или RAY_AUTH_TOKEN.",
)

AUTO, LOCAL = "auto", "local"
ANSWERS_WITHIN_S = 5.0

# What messages larger than 100 KB pass through, on their way between the processes of a machine. Ray would
# take a third of the memory.
OBJECT_STORE_BYTES = 256 * 1024 * 1024

_QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}


@contextmanager
def connected(address: str | None) -> Iterator[bool]:
    """Be connected with a cluster; one that was begun here ends with the context, which says if it was.

    Args:
        address: The cluster's address, HOST:PORT; "auto" for the one that this machine is a part of, "local"
            for one begun on this machine alone; None for what RAY_ADDRESS names, else "auto" where there is
            one, else "local".
    """
    with _own_sigterm():
        begun = _connect(address)
    try:
        yield begun
    finally:
        ray.shutdown()


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep what SIGTERM does, which Ray changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _connect(address: str | None) -> bool:
    """Join a cluster or begin one; returns whether it was begun."""
    named = address or os.environ.get("RAY_ADDRESS") or None
    if named == LOCAL:
        _begin()
        return True
    if named not in {None, AUTO}:
        _check_answers(named)
    try:
        ray.init(address=named or AUTO, **_QUIET)
    except (ConnectionError, RuntimeError) as error:
        if named is None:
            _begin()
            return True
        if named == AUTO:
            raise KuzovError(NONE_RUNS) from error
        # Ray says no more of a cluster that wants a token.
        told = _no_answer(named, str(error).splitlines()[0].rstrip("."))
        raise KuzovError(OR_A_TOKEN.fill(told=told)) from error
    return False


def _begin() -> None:
    ray.init(address=LOCAL, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **_QUIET)


def _check_answers(address: str) -> None:
    """Ray itself would try for a minute."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise ConfigError(NO_ADDRESS.fill(address=repr(address)))
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        why = reason_of(error) if isinstance(error, OSError) else str(error)
        raise KuzovError(_no_answer(address, why)) from error


def _no_answer(address: str, reason: str | Words) -> Words:
    return NO_ANSWER.fill(address=address, why=reason)
