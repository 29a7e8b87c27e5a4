from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from kuzov.errors import ConfigError, KuzovError
from kuzov.serve.limits import Limits
from kuzov.serve.rpc.grpc_server import read_channel_arguments
from kuzov.serve.rpc.ssl_config import SslConfig
from kuzov.wire import messages
from tests.serve.rpc.conftest import HALF, SLOW, Site, floats, listening, model_spec, refusal, send

REQUEST = (
    *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
    *("-addext", "subjectAltName=IP:127.0.0.1"),
)


@dataclass(frozen=True)
class Pair:
    key: bytes
    certificate: bytes


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """Makes a key and a certificate that it signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")

    def make(name: str) -> Pair:
        folder = tmp_path_factory.mktemp(name)
        key, certificate = folder / "key.pem", folder / "cert.pem"
        subprocess.run(
            [openssl, *REQUEST, "-subj", f"/CN={name}", "-keyout", key, "-out", certificate],
            check=True,
            capture_output=True,
        )
        return Pair(key=key.read_bytes(), certificate=certificate.read_bytes())

    return make


async def ask(
    site: Site, address: str, credentials: grpc.ChannelCredentials | None = None, **options: Any
) -> list[float]:
    """What a server answers at an address; `%` stands for its port."""
    server = site.server(**options)
    port = server.listen(address.replace("%", "0"))
    await server.start()
    target = address.replace("%", str(port))
    channel = (
        grpc.aio.secure_channel(target, credentials) if credentials else grpc.aio.insecure_channel(target)
    )
    async with channel:
        try:
            answer = await send(channel, "Predict", HALF, timeout=5)
        finally:
            await server.stop(0)
    return list(answer.outputs["y"].float_val)


async def listen(site: Site, port: int, **options: Any) -> None:
    """Have a server take a port that it can't have."""
    server = site.server(**options)
    try:
        server.listen(f"127.0.0.1:{port}")
    finally:
        await server.stop(0)


def test_tls(site: Site, pair: Callable[[str], Pair]) -> None:
    own = pair("server")
    tls = SslConfig(server_key=own.key, server_cert=own.certificate)
    trusting = grpc.ssl_channel_credentials(own.certificate)
    assert asyncio.run(ask(site, "127.0.0.1:%", trusting, tls=tls)) == [2.5]


def test_tls_that_asks_for_the_clients_certificate(site: Site, pair: Callable[[str], Pair]) -> None:
    own, client, stranger = pair("server"), pair("client"), pair("stranger")
    tls = SslConfig(
        server_key=own.key, server_cert=own.certificate, custom_ca=client.certificate, client_verify=True
    )

    def answer(*shown: bytes) -> list[float]:
        credentials = grpc.ssl_channel_credentials(own.certificate, *shown)
        return asyncio.run(ask(site, "127.0.0.1:%", credentials, tls=tls))

    assert answer(client.key, client.certificate) == [2.5]
    for other in ((stranger.key, stranger.certificate), ()):
        assert refusal(partial(answer, *other))[0] == "UNAVAILABLE"


def test_a_key_that_does_not_belong_to_the_certificate_is_found_out(
    site: Site, pair: Callable[[str], Pair]
) -> None:
    tls = SslConfig(server_key=pair("one").key, server_cert=pair("other").certificate)

    with pytest.raises(KuzovError, match=r"--ssl_config_file does not belong to the certificate\.$"):
        asyncio.run(listen(site, 0, tls=tls))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_unix_socket(site: Site, tmp_path: Path) -> None:
    assert asyncio.run(ask(site, f"unix:{tmp_path / 'grpc.sock'}")) == [2.5]


def test_a_port_that_is_taken_is_an_error_in_words(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KuzovError) as caught:
            asyncio.run(listen(site, port))
    assert str(caught.value) == (
        f"Can't listen on 127.0.0.1:{port}. Stop the program that uses it, or choose another with --port."
    )


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="needs SO_REUSEPORT")
def test_workers_may_share_a_port(site: Site) -> None:
    async def scenario() -> tuple[int, int]:
        first, second = site.server(workers=2), site.server(workers=2)
        port = first.listen("127.0.0.1:0")
        ports = port, second.listen(f"127.0.0.1:{port}")
        await first.stop(0)
        await second.stop(0)
        return ports

    one, other = asyncio.run(scenario())
    assert one == other


def test_a_message_may_not_be_too_large(site: Site) -> None:
    site.limits = Limits(max_body_bytes=1000)
    large = messages.PredictRequest(model_spec=model_spec(), inputs={"x": floats(*[1.0] * 500)})
    code, text = refusal(lambda: site.call("Predict", large))
    assert code == "RESOURCE_EXHAUSTED"
    assert f"larger than max ({large.ByteSize()} vs. 1000)" in text


def test_an_unknown_method_is_unimplemented(site: Site) -> None:
    async def scenario(channel: grpc.aio.Channel) -> None:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/tensorflow.serving.SessionService/SessionRun"
        )
        await call(b"")

    assert refusal(lambda: site.run(scenario)) == ("UNIMPLEMENTED", "Method not found!")


def test_requests_under_way_are_finished_within_the_time_of_grace(site: Site) -> None:
    async def scenario(grace_s: float, during: Callable[[], Awaitable[object]]) -> str:
        server = site.server()
        async with listening(server) as channel:
            waiting = asyncio.ensure_future(send(channel, "Predict", SLOW, timeout=10))
            await site.computing.wait()
            stopping = asyncio.ensure_future(server.stop(grace_s))
            await during()
            await stopping
            try:
                await waiting
            except grpc.aio.AioRpcError as error:
                return str(error.code().name)
        return "OK"

    async def finish() -> None:
        site.computed.set()

    async def nothing() -> None:
        pass

    assert asyncio.run(scenario(10, finish)) == "OK"
    site.computing, site.computed = asyncio.Event(), asyncio.Event()
    assert asyncio.run(scenario(0.05, nothing)) == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", []),
        ("grpc.max_connection_age_ms=60000", [("grpc.max_connection_age_ms", 60000)]),
        ("a=1,b=text,c=-1,d=99999999999", [("a", 1), ("b", "text"), ("c", -1), ("d", "99999999999")]),
        ("a=b=c", [("a", "b=c")]),
    ],
)
def test_channel_arguments(text: str, options: list[tuple[str, Any]]) -> None:
    assert list(read_channel_arguments(text)) == options


def test_a_channel_argument_needs_a_value() -> None:
    with pytest.raises(ConfigError) as caught:
        read_channel_arguments("a=1,b")
    assert str(caught.value) == (
        "--grpc_channel_arguments: 'b' is not of the form name=value. "
        "Write for example: grpc.max_connection_age_ms=60000"
    )


def test_channel_options_go_over_the_servers_own(site: Site) -> None:
    options = read_channel_arguments("grpc.max_receive_message_length=10")
    assert refusal(lambda: site.call("Predict", HALF, channel_options=options))[0] == "RESOURCE_EXHAUSTED"
