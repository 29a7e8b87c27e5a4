"""The ports that the server listens on."""

from __future__ import annotations

import errno
import socket

from kuzov.errors import KuzovError, reason_of
from kuzov.words import Words

EVERY_ADDRESS = ("0.0.0.0", "::")
NO_ADDRESS = Words(
    "Can't listen on {host}: {why}. Check --host.", "На {host} запросы не принять: {why}. Проверьте --host."
)
NO_PORT = Words(
    "Can't listen on {host}, port {port}: {why}. Stop the program that uses the port, or choose another with "
    "{option}.",
    "На {host}, порт {port}, запросы не принять: {why}. Остановите программу, занявшую порт, или выберите "
    "другой: {option}.",
)
_ELSEWHERE = "192.0.2.1"  # kept for documentation: nobody's, so the way to it is the way out


def bind(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    """Take a port; nobody gets in before `listen`.

    Args:
        host: Name or address.
        port: 0 takes a free one.
        option: What sets the port, for the error.
        shared: Whether other processes may take the same port, and the system spreads clients over them.

    Raises:
        KuzovError: The host is unknown or not this machine's, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise KuzovError(NO_ADDRESS.fill(host=host, why=reason_of(error))) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise KuzovError(NO_ADDRESS.fill(host=host, why=reason_of(error))) from error
        told = {"host": host, "port": str(port), "option": option}
        raise KuzovError(NO_PORT.fill(why=reason_of(error), **told)) from error
    return listener


def free_port(host: str, port: int, option: str, *, shared: bool = False) -> int:
    """A port that others can open: the one given, or for 0 any; raises as `bind` does."""
    with bind(host, port, option, shared=shared) as listener:
        number: int = listener.getsockname()[1]
        return number


def network_address() -> str | None:
    """This machine's address in its network; None where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE, 9))  # of a datagram socket this sends nothing
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address


def shown(host: str, port: int) -> str:
    """An address as logs and URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
