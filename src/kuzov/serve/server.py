"""The server process: load the models, open the ports, answer until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kuzov.cores import usable_cores
from kuzov.serve.core import Core, engine_loader, open_core, tune_process
from kuzov.serve.listening import EVERY_ADDRESS, bind, free_port, shown
from kuzov.serve.monitoring.shared import PUBLISH_EVERY_S, SharedMetrics
from kuzov.serve.open_files import tell_when_files_run_out
from kuzov.serve.repository.servable import LoadEngine
from kuzov.serve.rest.app import rest_app
from kuzov.serve.rest.extension import Extension
from kuzov.serve.rest.http_server import RestServer
from kuzov.serve.rpc.grpc_server import GrpcServer, grpc_server
from kuzov.serve.settings import ServeSettings
from kuzov.serve.workers import run_workers
from kuzov.signals import ENDING

_log = logging.getLogger(__name__)


def serve(settings: ServeSettings, *, load_engine: LoadEngine | None = None) -> None:
    """Serve models until SIGTERM or SIGINT; requests under way are then finished, within the time of grace.

    It logs `Running gRPC ModelServer at HOST:PORT ...` and `Exporting HTTP/REST API at:HOST:PORT ...` when
    requests are answered. A second signal ends the process at once. Call it in the main thread, which alone
    gets signals.

    Args:
        settings: What to serve, where, and within which bounds.
        load_engine: Loads a version's folder; what the settings say unless another is given.

    Raises:
        BundleError: A model can't be loaded.
        KuzovError: A port can't be opened.
    """
    settings = _with_ports(settings)
    if settings.workers == 1:
        _serve_alone(settings, load_engine or engine_loader(settings))
        return
    cores = max(1, usable_cores() // settings.workers)
    engine = replace(settings.engine, threads=settings.engine.threads or cores)
    settings = replace(settings, engine=engine, decode_threads=settings.decode_threads or cores)
    load = load_engine or engine_loader(settings)
    with TemporaryDirectory(prefix="kuzov-") as folder:
        run_workers(settings.workers, lambda index: _serve_alone(settings, load, (Path(folder), index)))


def _with_ports(settings: ServeSettings) -> ServeSettings:
    """The settings with the ports that are free; one that is taken is found out before a model is loaded."""
    shared = settings.workers > 1
    rpc, rest = settings.rpc, settings.rest
    if rpc.port is not None:
        rpc = replace(rpc, port=free_port(settings.host, rpc.port, "--port", shared=shared))
    if rest.port is not None:
        rest = replace(rest, port=free_port(settings.host, rest.port, "--rest-api-port", shared=shared))
    return replace(settings, rpc=rpc, rest=rest)


def _serve_alone(
    settings: ServeSettings, load_engine: LoadEngine, worker: tuple[Path, int] | None = None
) -> None:
    """Serve in this process; a worker has a folder in common with the others, and a number."""
    tune_process()
    with open_core(settings, load_engine, peers=None if worker is None else "worker processes") as core:
        shared = None if worker is None else SharedMetrics(*worker, core.snapshot)
        asyncio.run(_answer(core, shared))


async def _answer(core: Core, shared: SharedMetrics | None) -> None:
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
    await _wait(stop, shared)
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


async def _wait(stop: asyncio.Event, shared: SharedMetrics | None) -> None:
    """Wait for the signal; meanwhile a worker tells the others its metrics."""
    while shared is not None and not stop.is_set():
        await asyncio.to_thread(shared.publish)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PUBLISH_EVERY_S)
    await stop.wait()


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
    app = rest_app(core, extensions, metrics=None if shared is None else shared.text)
    listener = bind(settings.host, settings.rest.port, "--rest-api-port", shared=settings.workers > 1)
    return RestServer(app, listener, settings.grace_s)
