"""The server process: load the models, open the ports, answer until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from kuzov.engine.choose import load_engine as choose_engine
from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.admission import Admission
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.batching.scheduler import Scheduler, SchedulerSettings
from kuzov.serve.listening import bind, free_port, shown
from kuzov.serve.memory import keep_freed_memory
from kuzov.serve.monitoring.journal import Journal
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.monitoring.prometheus import Snapshot, exposition
from kuzov.serve.monitoring.shared import PUBLISH_EVERY_S, SharedMetrics
from kuzov.serve.open_files import allow_all_files, tell_when_files_run_out
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.config_file import read_model_configs
from kuzov.serve.repository.config_poll import ConfigPoller
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import LoadEngine
from kuzov.serve.repository.warmup import warm_up
from kuzov.serve.rest.app import rest_app
from kuzov.serve.rest.extension import Extension
from kuzov.serve.rest.server import RestServer
from kuzov.serve.rpc.server import GrpcServer, grpc_server
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings
from kuzov.serve.workers import run_workers

# A thread that has computed an answer needs the interpreter to hand it on; the 5 ms that Python lets another
# keep it are as long as an inference.
SWITCH_INTERVAL_S = 0.0005
EVERY_ADDRESS = ("0.0.0.0", "::")

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
        _serve_alone(settings, load_engine or _engine_loader(settings))
        return
    cores = max(1, (os.cpu_count() or 1) // settings.workers)
    engine = replace(settings.engine, threads=settings.engine.threads or cores)
    settings = replace(settings, engine=engine, decode_threads=settings.decode_threads or cores)
    load = load_engine or _engine_loader(settings)
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


def _engine_loader(settings: ServeSettings) -> LoadEngine:
    engine = settings.engine
    return partial(
        choose_engine,
        engine=engine.engine,
        precision=engine.precision,
        intra_op_parallelism=engine.threads,
        threads=engine.threads,
        streams=engine.streams,
        max_pixels=settings.limits.max_image_pixels,
    )


def _serve_alone(
    settings: ServeSettings, load_engine: LoadEngine, worker: tuple[Path, int] | None = None
) -> None:
    """Serve in this process; a worker has a folder in common with the others, and a number."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()
    allow_all_files()
    # What was imported until now stays: the collector need not look at it again with every request.
    gc.collect()
    gc.freeze()
    with _core(settings, load_engine) as core:
        shared = None if worker is None else SharedMetrics(*worker, core.snapshot)
        asyncio.run(_answer(settings, core, shared))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Core:
    """What both protocols share."""

    service: Service
    repository: Repository
    admission: Admission
    journal: Journal
    metrics: Metrics
    keys: ApiKeys | None
    decode_pool: ThreadPoolExecutor

    def snapshot(self) -> Snapshot:
        """The metrics of this process."""
        return self.metrics.snapshot(self.service.models(), self.admission.under_way)


class _OneOfMany:
    """The repository of one worker, which alone can't change what all serve."""

    def reload(self, _configs: Sequence[ModelConfig], *, deadline_s: float | None = None) -> None:  # noqa: ARG002
        raise RequestError(
            ErrorCode.FAILED_PRECONDITION,
            "A reload would reach one of several worker processes. Change the file of --model_config_file "
            "instead, which all read again every --model_config_file_poll_wait_seconds.",
        )


@contextmanager
def _core(settings: ServeSettings, load_engine: LoadEngine) -> Iterator[_Core]:
    """Load the models; their threads end with the context."""
    keys = None if settings.api_key_file is None else ApiKeys.read(settings.api_key_file)
    metrics = Metrics()
    with ExitStack() as stack:
        threads = settings.decode_threads or os.cpu_count() or 1
        decode_pool = stack.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="decode"))
        streams = settings.engine.streams
        # Beside several streams one thread more: its request is ready as soon as one of them is free.
        inference_threads = streams + 1 if streams > 1 else 1
        scheduling = SchedulerSettings(threads=inference_threads, parameters=settings.batching)
        scheduler = Scheduler(scheduling, decode_pool, metrics)
        stack.callback(scheduler.close)
        repository = Repository(settings.models, settings.repository, load_engine, warm_up=warm_up)
        stack.callback(repository.stop)
        repository.start()
        if settings.model_config_file is not None and settings.model_config_file_poll_wait_seconds:
            poller = ConfigPoller(
                partial(read_model_configs, settings.model_config_file),
                repository.reload,
                applied=settings.models,
                interval_s=settings.model_config_file_poll_wait_seconds,
            )
            stack.callback(poller.stop)
            poller.start()
        yield _Core(
            service=Service(repository, scheduler, method_name_check=settings.method_name_check),
            repository=repository,
            admission=Admission(settings.limits.max_requests),
            journal=Journal(metrics.count),
            metrics=metrics,
            keys=keys,
            decode_pool=decode_pool,
        )


async def _answer(settings: ServeSettings, core: _Core, shared: SharedMetrics | None) -> None:
    """Answer requests until a signal comes, then finish those under way."""
    tell_when_files_run_out(asyncio.get_running_loop())
    stop = _stop_signal()
    rpc = _rpc_server(settings, core)
    extensions = [each(core.service) for each in settings.rest.extensions]
    rest = _rest_server(settings, core, shared, extensions)
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

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, obey, number)
    return stop


def _rpc_server(settings: ServeSettings, core: _Core) -> GrpcServer | None:
    if settings.rpc.port is None and settings.rpc.socket_path is None:
        return None
    server = grpc_server(
        core.service,
        core.repository if settings.workers == 1 else _OneOfMany(),
        admission=core.admission,
        limits=settings.limits,
        journal=core.journal,
        decode_pool=core.decode_pool,
        keys=core.keys,
        tls=settings.rpc.tls,
        tensor_content=settings.rpc.tensor_content,
        channel_options=settings.rpc.channel_options,
        share_port=settings.workers > 1,
        health=settings.rpc.health,
    )
    if settings.rpc.port is not None:
        server.listen(shown(settings.host, settings.rpc.port))
    if settings.rpc.socket_path is not None:
        server.listen(f"unix:{settings.rpc.socket_path}")
    return server


def _rest_server(
    settings: ServeSettings, core: _Core, shared: SharedMetrics | None, extensions: Sequence[Extension]
) -> RestServer | None:
    if settings.rest.port is None:
        return None
    app = rest_app(
        core.service,
        admission=core.admission,
        limits=settings.limits,
        journal=core.journal,
        keys=core.keys,
        decode_pool=core.decode_pool,
        cors=settings.rest.cors,
        metrics_path=settings.rest.metrics_path,
        metrics=shared.text if shared is not None else lambda: exposition(core.snapshot()),
        extensions=extensions,
    )
    listener = bind(settings.host, settings.rest.port, "--rest-api-port", shared=settings.workers > 1)
    return RestServer(app, listener, settings.grace_s)
