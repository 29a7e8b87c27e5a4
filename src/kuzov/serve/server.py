"""The server process: load the models, open the ports, answer until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from kuzov.cores import usable_cores
from kuzov.serve.core import Core, engine_loader, open_core
from kuzov.serve.listening import EVERY_ADDRESS, bind, free_port, shown
from kuzov.serve.monitoring.shared import SharedMetrics
from kuzov.serve.process import tell_when_files_run_out, tune_process
from kuzov.serve.repository.servable import LoadEngine
from kuzov.serve.rest.app import RestApp
from kuzov.serve.rest.extension import Extension
from kuzov.serve.rest.http_server import RestServer
from kuzov.serve.rpc.grpc_server import GrpcServer, grpc_server
from kuzov.serve.settings import ServeSettings
from kuzov.serve.workers import run_workers
from kuzov.signals import ENDING, Terminated, undone_on_sigterm

_log = logging.getLogger(__name__)


WhenReady: TypeAlias = Callable[[ServeSettings], object]


def serve(
    settings: ServeSettings, *, load_engine: LoadEngine | None = None, when_ready: WhenReady | None = None
) -> None:
    """Serve models until SIGTERM or SIGINT; requests under way are then finished, within the time of grace.

    SIGTERM ends it also while the models are loaded.

    It logs `Running gRPC ModelServer at HOST:PORT ...` and `Exporting HTTP/REST API at:HOST:PORT ...` when
    requests are answered. A second signal ends the process at once. Call it in the main thread, which alone
    gets signals. The engines are those that the settings say unless another loader is given. `when_ready` is
    called once requests are answered, with the ports that were taken.

    Raises:
        BundleError: A model can't be loaded.
        KuzovError: A port can't be opened.
    """
    settings = with_ports(settings)
    if settings.workers == 1:
        _serve_alone(settings, load_engine or engine_loader(settings), when_ready=when_ready)
        return
    cores = max(1, usable_cores() // settings.workers)
    engine = replace(settings.engine, threads=settings.engine.threads or cores)
    settings = replace(settings, engine=engine, decode_threads=settings.decode_threads or cores)
    load = load_engine or engine_loader(settings)
    with _metrics_folder(settings) as folder:

        def work(index: int, served: Callable[[], None]) -> None:
            def ready(settings: ServeSettings) -> None:
                served()
                if when_ready is not None and index == 0:
                    when_ready(settings)

            shares = None if folder is None else (folder, index)
            _serve_alone(settings, load, shares, when_ready=ready)

        run_workers(settings.workers, work)


@contextmanager
def _metrics_folder(settings: ServeSettings) -> Iterator[Path | None]:
    """Where workers leave their metrics for each other; None where nobody asks, or there is no room."""
    folder = None
    if settings.rest.metrics_path is not None:
        try:
            folder = TemporaryDirectory(prefix="kuzov-", ignore_cleanup_errors=True)
        except OSError as error:
            _log.warning("The workers can't share their metrics; each tells its own: %s", error)
    with folder or nullcontext() as path:
        yield None if path is None else Path(path)


def with_ports(settings: ServeSettings) -> ServeSettings:
    """The settings with the ports that are free; one that is taken is found out before a model is loaded."""
    shared = settings.workers > 1
    rpc, rest = settings.rpc, settings.rest
    if rpc.port is not None:
        rpc = replace(rpc, port=free_port(settings.host, rpc.port, "--port", shared=shared))
    if rest.port is not None:
        rest = replace(rest, port=free_port(settings.host, rest.port, "--rest-api-port", shared=shared))
    return replace(settings, rpc=rpc, rest=rest)


def _serve_alone(
    settings: ServeSettings,
    load_engine: LoadEngine,
    shares: tuple[Path, int] | None = None,
    *,
    when_ready: WhenReady | None,
) -> None:
    """Serve in this process; a worker may have a folder to share metrics in, and a number there."""
    tune_process()
    peers = "worker processes" if settings.workers > 1 else None
    try:
        # A container's first process, which a server is, is not ended by a signal that it does not handle.
        with undone_on_sigterm(), open_core(settings, load_engine, peers=peers) as core:
            shared = None if shares is None else SharedMetrics(*shares, core.snapshot)
            asyncio.run(_answer(core, shared, when_ready))
    except Terminated:
        _log.info("Stopped while the models were loaded")


async def _answer(core: Core, shared: SharedMetrics | None, when_ready: WhenReady | None) -> None:
    """Answer requests until a signal comes, then finish those under way."""
    settings = core.settings
    tell_when_files_run_out(asyncio.get_running_loop())
    stop = _stop_signal()
    rpc = _rpc_server(core)
    extensions = [each(core.service) for each in settings.rest.extensions]
    rest = _rest_server(core, shared, extensions)
    if rpc is not None:
        await rpc.start()
        _log.info("Running gRPC ModelServer at %s ...", shown(settings.host, settings.rpc.port or 0))
    if rest is not None:
        await rest.start()
        # TensorFlow Serving says so too: an address that can be pasted into a browser.
        host = "localhost" if settings.host in EVERY_ADDRESS else settings.host
        _log.info("Exporting HTTP/REST API at:%s ...", shown(host, settings.rest.port or 0))
    if when_ready is not None:
        when_ready(settings)
    core.threads.when_one_dies(_on_death(core, rpc, stop))
    if shared is not None:
        await shared.publish_until(stop)
    await stop.wait()
    core.admission.close()
    async with asyncio.TaskGroup() as ending:
        if rpc is not None:
            ending.create_task(rpc.stop(settings.grace_s))
        if rest is not None:
            ending.create_task(rest.stop())
    for extension in extensions:
        extension.close()
    # A reload that waits for a model would keep the loop from ending.
    core.repository.stop()


def _on_death(core: Core, rpc: GrpcServer | None, stop: asyncio.Event) -> Callable[[], object]:
    """What to do when a thread dies: a worker ends, to be started again; a server alone says no to health."""
    loop = asyncio.get_running_loop()
    if core.peers is not None:
        return lambda: loop.call_soon_threadsafe(stop.set)
    if rpc is not None:
        return lambda: asyncio.run_coroutine_threadsafe(rpc.drain(), loop)
    return lambda: None


def _stop_signal() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def obey(number: signal.Signals) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in ENDING:
        loop.add_signal_handler(number, obey, number)
    return stop


def _rpc_server(core: Core) -> GrpcServer | None:
    settings = core.settings
    if settings.rpc.port is None and settings.rpc.socket_path is None:
        return None
    server = grpc_server(core)
    if settings.rpc.port is not None:
        server.listen(shown(settings.host, settings.rpc.port))
    if settings.rpc.socket_path is not None:
        server.listen(f"unix:{settings.rpc.socket_path}")
    return server


def _rest_server(
    core: Core, shared: SharedMetrics | None, extensions: Sequence[Extension]
) -> RestServer | None:
    settings = core.settings
    if settings.rest.port is None:
        return None
    app = RestApp(core, extensions, None if shared is None else shared.text)
    listener = bind(settings.host, settings.rest.port, "--rest-api-port", shared=settings.workers > 1)
    return RestServer(app, listener, settings.grace_s)
