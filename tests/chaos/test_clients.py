"""Clients that are slow, hang, or leave."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle

import pytest

from tests.chaos.conftest import Start
from tests.chaos.running import (
    Rest,
    Server,
    channel,
    connected,
    load,
    predict_call,
    received,
    rest_client,
    sleep_request,
    until,
)
from tests.chaos.slow_server import HEAD_TIMEOUT_S

pytestmark = pytest.mark.slow

SLOW_CLIENTS = 150  # more than the server answers at a time
POST = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\n"
HEAD = POST + b"A: " + b"b" * 1000
BODY = POST + b"Content-Length: 1000\r\n\r\n" + b" " * 1000


@contextmanager
def trickling(server: Server, data: bytes, begin: int) -> Iterator[list[socket.socket]]:
    """Connections that begin a request and then send a byte a second."""
    stopped = threading.Event()
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(SLOW_CLIENTS)]

        def trickle() -> None:
            at, size = 0, begin
            while not stopped.is_set():
                for connection in connections:
                    try:
                        connection.sendall(data[at : at + size])
                    except OSError:
                        return
                at, size = at + size, 1
                stopped.wait(1)

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            yield connections
        finally:
            stopped.set()
            thread.join()


def test_slow_clients_hold_nobody_up(start: Start) -> None:
    server = start()
    with (
        trickling(server, HEAD, 10),
        trickling(server, BODY, BODY.index(b"\r\n\r\n") + 5),
        load(server, rest_client, rest_client) as asked,
    ):
        time.sleep(1.5)
    assert asked.failed == []
    assert len(asked.all) > 20


NEVER_ENDS = {
    b"": b"",
    POST: b'HTTP/1.1 408 Request Timeout\r\n.*"The head of the request did not arrive within 1 seconds."}',
    BODY[:-1]: (
        b"HTTP/1.1 408 Request Timeout\r\n.*\"The request's body did not arrive within 1 seconds\\. .*"
    ),
}


def test_what_never_ends_is_closed(start_slow: Start) -> None:
    assert HEAD_TIMEOUT_S == 1
    server = start_slow("--rest-api-timeout-in-ms=1000")
    before = server.open_files
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(3 * SLOW_CLIENTS)]
        asked = list(zip(connections, cycle(NEVER_ENDS.items())))
        for connection, (data, _) in asked:
            connection.sendall(data)
        for connection, (_, answer) in asked:
            assert re.fullmatch(answer, received(connection, within_s=10), re.DOTALL)
        until(lambda: server.open_files <= before)


def leave_rest(server: Server) -> Callable[[], object]:
    """Ask for three seconds of sleep over REST; gives what the client does to leave."""
    connection = socket.create_connection(("127.0.0.1", server.rest_port))
    body = b'{"instances": [3.0]}'
    connection.sendall(POST + b"X-Request-Id: gone\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return connection.close


def leave_rpc(server: Server) -> Callable[[], object]:
    """The same over gRPC."""
    connection = channel(server)
    asked = predict_call(connection).future(sleep_request(3), metadata=(("x-request-id", "gone"),))
    return lambda: (asked.cancel(), connection.close())


def test_nothing_is_computed_for_clients_that_have_left(start_slow: Start) -> None:
    server = start_slow("--log-format=json", "--tensorflow_intra_op_parallelism=1")  # one inference at a time
    with Rest(server) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.sleep, 1.0)
        time.sleep(0.2)
        leaving = leave_rest(server), leave_rpc(server)
        time.sleep(0.3)
        for leave in leaving:
            leave()
        with Rest(server) as another:
            assert another.sleep(0) == (200, {"predictions": [2.0]})
        assert first.result() == (200, {"predictions": [1.0]})
    gone = [each["status"] for each in server.entries if each.get("request_id") == "gone"]
    assert gone == ["CANCELLED", "CANCELLED"]
    assert server.stop() == 0
