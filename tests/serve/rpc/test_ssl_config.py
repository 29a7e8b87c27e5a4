from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kuzov.errors import ConfigError
from kuzov.serve.rpc.ssl_config import SslConfig, read_ssl_config
from kuzov.wire.messages import SSLConfig

KEY = "-----BEGIN EC PRIVATE KEY-----\nMC4=\n-----END EC PRIVATE KEY-----\n"
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUFs+BiEo02CbZ+RjzvR3FsAa7BxgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIxMjYyNVoYDzIxMjYxMDI5
MjEyNjI1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS8urMSHBkF9r+e6TFgY85Gk4WRZBudws0Hp1+qYMIOhovyqoEO0wLa
ph6r7kYPLOHzuvwuQ7LpWKl8YEaz26VFo1MwUTAdBgNVHQ4EFgQU7KysEKjSXQyj
8u531y9NpJzyPFgwHwYDVR0jBBgwFoAU7KysEKjSXQyj8u531y9NpJzyPFgwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA4ZoB6NPkVxN+yY7a+I9L
ADjG39GjsEZnx7iWQreO31ICIQC4AVzoZFm3ai+nBFJV8ozYxDorhhOdtvXTJrkX
rHoB7A==
-----END CERTIFICATE-----
"""


def written(file: Path, **fields: object) -> Path:
    file.write_text(str(SSLConfig(**fields)))  # type: ignore[arg-type]
    return file


@pytest.mark.parametrize("asks", [{}, {"custom_ca": CERTIFICATE * 2, "client_verify": True}])
def test_a_file_gives_key_and_certificate_and_may_ask_clients_for_theirs(
    tmp_path: Path, asks: dict[str, Any]
) -> None:
    file = written(tmp_path / "ssl.config", server_key=KEY, server_cert=CERTIFICATE, **asks)
    assert read_ssl_config(file) == SslConfig(
        server_key=KEY.encode(),
        server_cert=CERTIFICATE.encode(),
        custom_ca=(CERTIFICATE * 2).encode() if asks else None,
        client_verify=bool(asks),
    )


def test_the_key_is_not_shown() -> None:
    shown = repr(SslConfig(server_key=KEY.encode(), server_cert=CERTIFICATE.encode()))
    assert "PRIVATE KEY" not in shown


BROKEN = CERTIFICATE.replace(CERTIFICATE.splitlines()[1], "AAAA")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "server_key is missing."),
        ({"server_key": KEY}, "server_cert is missing."),
        (
            {"server_key": "/etc/key.pem", "server_cert": CERTIFICATE},
            "server_key is not in PEM form: the text itself of a private key stands here, not a file's name. "
            "It begins with -----BEGIN PRIVATE KEY-----, and its line ends are written \\n.",
        ),
        (
            {"server_key": KEY, "server_cert": KEY},
            "server_cert is not in PEM form: the text itself of a certificate stands here, not a file's "
            "name. It begins with -----BEGIN CERTIFICATE-----, and its line ends are written \\n.",
        ),
        (
            {"server_key": KEY, "server_cert": CERTIFICATE, "custom_ca": "/etc/ca.pem"},
            "custom_ca is not in PEM form: the text itself of a certificate stands here, not a file's "
            "name. It begins with -----BEGIN CERTIFICATE-----, and its line ends are written \\n.",
        ),
        (
            {"server_key": KEY, "server_cert": CERTIFICATE, "client_verify": True},
            "client_verify is true, but custom_ca is missing: the certificates of the authorities whose "
            "clients are let in.",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_missing_is_told(fields: dict[str, object], reason: str, tmp_path: Path) -> None:
    file = written(tmp_path / "ssl.config", **fields)
    with pytest.raises(ConfigError) as caught:
        read_ssl_config(file)
    assert str(caught.value) == f"{file}: {reason}"


@pytest.mark.parametrize("broken", [BROKEN, f"Ж{CERTIFICATE}", CERTIFICATE.replace("MIIB", "МИИБ")])
def test_a_broken_certificate_is_told(tmp_path: Path, broken: str) -> None:
    file = written(tmp_path / "ssl.config", server_key=KEY, server_cert=broken)
    with pytest.raises(ConfigError) as caught:
        read_ssl_config(file)
    assert str(caught.value).startswith(f"{file}: server_cert is broken: ")


def test_words_beside_a_certificate_may_be_in_any_language(tmp_path: Path) -> None:
    told = f"Владелец: localhost\n{CERTIFICATE}"
    file = written(tmp_path / "ssl.config", server_key=KEY, server_cert=told)
    assert read_ssl_config(file).server_cert == told.encode()
