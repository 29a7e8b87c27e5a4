"""TensorFlow Serving's configuration of TLS: the file of --ssl_config_file."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from kuzov.errors import ConfigError
from kuzov.wire.messages import SSLConfig
from kuzov.wire.text_file import read_text_file

CERTIFICATE = "CERTIFICATE"
PRIVATE_KEY = "PRIVATE KEY"  # RSA PRIVATE KEY and EC PRIVATE KEY end so too


@dataclass(frozen=True, slots=True, kw_only=True)
class SslConfig:
    """What the server shows its clients, and asks of them; all in PEM form.

    Attributes:
        server_cert: Its certificate, and those between it and an authority.
        custom_ca: The authorities whose clients are trusted; None where clients show no certificate.
        client_verify: Whether a client must show a certificate of such an authority.
    """

    server_key: bytes = field(repr=False)
    server_cert: bytes
    custom_ca: bytes | None = None
    client_verify: bool = False


def read_ssl_config(file: Path) -> SslConfig:
    """The configuration that a file holds in text form.

    Raises:
        ConfigError: The file can't be read, or a key or certificate is missing or not in PEM form.
    """
    message = read_text_file(file, SSLConfig)
    if message.client_verify and not message.custom_ca:
        raise ConfigError(
            f"{file}: client_verify is true, but custom_ca is missing: the certificates of the authorities "
            "whose clients are let in."
        )
    _check_pem(file, "server_key", message.server_key, PRIVATE_KEY)
    _check_pem(file, "server_cert", message.server_cert, CERTIFICATE)
    if message.custom_ca:
        _check_pem(file, "custom_ca", message.custom_ca, CERTIFICATE)
    return SslConfig(
        server_key=message.server_key.encode(),
        server_cert=message.server_cert.encode(),
        custom_ca=message.custom_ca.encode() or None,
        client_verify=message.client_verify,
    )


def _check_pem(file: Path, name: str, text: str, kind: str) -> None:
    if not text:
        raise ConfigError(f"{file}: {name} is missing.")
    if "-----BEGIN " not in text or f"{kind}-----" not in text:
        raise ConfigError(
            f"{file}: {name} is not in PEM form: the text itself of a {kind.lower()} stands here, not a "
            f"file's name. It begins with -----BEGIN {kind}-----, and its line ends are written \\n."
        )
    if kind == CERTIFICATE:
        ascii_text = text.encode("ascii", "replace").decode("ascii")  # words beside it may be in any language
        try:
            ssl.create_default_context(cadata=ascii_text)
        except ssl.SSLError as error:
            raise ConfigError(f"{file}: {name} is broken: {error.reason or error}.") from error
