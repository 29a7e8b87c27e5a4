"""Ask a server as fast as it answers, or at a given rate, from one thread of a process of its own.

    python -m benchmarks.serving.load '{"requests": [...], "clients": 4, "seconds": 3}'

`Load` describes the argument. Prints a `Result` as JSON. It shares the machine with the server, so it is as
light as can be, and tells the processor time that it took.
"""

from __future__ import annotations

import base64
import json
import math
import resource
import select
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.serving.grpc_client import GrpcClient
from benchmarks.serving.http1 import HttpClient

_SAMPLES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, and whom.

    Attributes:
        address: Host and port.
        file: An HTTP request, head and body; or a serialized message of gRPC's.
        method: Path of the gRPC method; empty for HTTP.
    """

    address: tuple[str, int]
    file: str
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How it is asked.

    Attributes:
        requests: The clients take turns in choosing from these; each keeps to its own.
        clients: Connections, each of which asks one request at a time.
        seconds: How long is measured.
        warm_s: How long is asked before, without measuring.
        rate: Requests that fall due a second, evenly spaced; 0 asks anew as soon as there is an answer.
        count: Answers to wait for, instead of `seconds`; 0 for `seconds`.
    """

    requests: Sequence[Request]
    clients: int
    seconds: float = 0.0
    warm_s: float = 0.0
    rate: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it.

    Attributes:
        answered: Good answers in the time measured.
        failed: Others.
        seconds: The time measured.
        cpu_s: Processor time that asking took, user's and system's.
        median_s: Half of the answers took no longer, from when they were due, or sent.
        p99_s: 99 of 100 answers took no longer.
        samples: Some bodies, in base64; a failure's is the first.
    """

    answered: int
    failed: int
    seconds: float
    cpu_s: float
    median_s: float
    p99_s: float
    samples: Sequence[str]


Client = GrpcClient | HttpClient


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed; NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def run(load: Load) -> Result:
    """Ask as described; a lost connection ends it.

    Raises:
        OSError: The server can't be reached, or closes a connection.
    """
    clients = [_connect(load.requests[index % len(load.requests)]) for index in range(load.clients)]
    epoll = select.epoll()
    by_descriptor = {client.socket.fileno(): client for client in clients}
    for descriptor in by_descriptor:
        epoll.register(descriptor, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    asked = _Asked(load, clients)
    while not asked.over():
        wait = asked.begin()
        # A poll of epoll's own waits whole milliseconds, which would be late for what falls due.
        select.select([epoll], [], [], wait)
        for descriptor, _ in epoll.poll(0):
            client = by_descriptor[descriptor]
            if client.advance():
                asked.end(client)
    for client in clients:
        client.socket.close()
    return asked.result()


def _connect(request: Request) -> Client:
    content = Path(request.file).read_bytes()
    if request.method:
        return GrpcClient(request.address, content, request.method)
    return HttpClient(request.address, content)


class _Asked:
    """Which requests are under way since when, and what has been measured."""

    def __init__(self, load: Load, clients: Sequence[Client]) -> None:
        self._load = load
        self._idle = deque(clients)
        self._due: dict[Client, float] = {}
        self._next = time.perf_counter()
        self._start = self._next + load.warm_s
        self._end = math.inf if load.count else self._start + load.seconds
        self._cpu_at_start = _cpu_s()
        self._measures = False
        self._times: list[float] = []
        self._failed = 0
        self._samples: deque[bytes] = deque(maxlen=_SAMPLES)
        self._failure = b""

    def over(self) -> bool:
        now = time.perf_counter()
        if not self._measures and now >= self._start:
            self._measures, self._start, self._cpu_at_start = True, now, _cpu_s()
        if self._load.count and len(self._times) + self._failed >= self._load.count:
            self._end = now
        if now >= self._end:
            self._end = now
            return True
        return False

    def begin(self) -> float:
        """Ask what is due by those who are idle; returns how long until the next is due."""
        now = time.perf_counter()
        while self._idle and (not self._load.rate or self._next <= now):
            client = self._idle.popleft()
            self._due[client] = self._next if self._load.rate else time.perf_counter()
            if self._load.rate:
                self._next += 1 / self._load.rate
            client.ask()
        until = min(self._end, math.inf if self._measures else self._start)
        if self._load.rate and self._idle:
            until = min(until, self._next)
        return min(1.0, max(0.0, until - time.perf_counter()))

    def end(self, client: Client) -> None:
        """Note an answer."""
        seconds = time.perf_counter() - self._due.pop(client)
        self._idle.append(client)
        if not self._measures:
            return
        if client.succeeded:
            self._times.append(seconds)
            self._samples.append(client.body)
        else:
            self._failed += 1
            self._failure = client.body

    def result(self) -> Result:
        samples = [self._failure, *self._samples] if self._failed else [*self._samples]
        return Result(
            answered=len(self._times),
            failed=self._failed,
            seconds=self._end - self._start,
            cpu_s=_cpu_s() - self._cpu_at_start,
            median_s=percentile(self._times, 50),
            p99_s=percentile(self._times, 99),
            samples=[base64.b64encode(body).decode() for body in samples],
        )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read a `Load`, print a `Result`."""
    described = json.loads(sys.argv[1])
    requests = [
        Request(address=(each["address"][0], each["address"][1]), file=each["file"], method=each["method"])
        for each in described.pop("requests")
    ]
    print(json.dumps(asdict(run(Load(requests=requests, **described)))))


if __name__ == "__main__":
    main()
