"""What answers requests, whatever brings them: the models, the threads that compute, what is kept of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from kuzov.cores import cores_if_limited, usable_cores
from kuzov.engine.choose import load_engine as choose_engine
from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.batching.scheduler import Scheduler
from kuzov.serve.limits import Admission
from kuzov.serve.monitoring.journal import Journal
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.monitoring.prometheus import Snapshot
from kuzov.serve.process import ThreadWatch, give_back_memory, watched_threads
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.config_file import ConfigPoller
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import LoadEngine
from kuzov.serve.repository.warmup import warm_up
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What REST and gRPC share.

    Attributes:
        keys: Who may use the server; None for everyone.
        decode_pool: Threads that read and write what would hold the event loop up.
        peers: What the processes that serve the same models beside this one are called, "worker processes" or
            "replicas"; None where it is alone.
    """

    settings: ServeSettings
    service: Service
    repository: Repository
    admission: Admission
    journal: Journal
    metrics: Metrics
    keys: ApiKeys | None
    decode_pool: ThreadPoolExecutor
    threads: ThreadWatch
    peers: str | None = None

    def snapshot(self) -> Snapshot:
        """The metrics of this process."""
        return self.metrics.snapshot(self.service.models(), self.admission.under_way)

    def why_not_ready(self) -> str | None:
        """Why requests should go elsewhere, in a sentence; None where every model can be asked."""
        if self.admission.closed:
            return "The server is stopping."
        if self.threads.dead:
            return f"The thread {self.threads.dead[0]} has died; the log says why. Start the server again."
        models = self.service.models()
        if not models:
            return "There is no model to serve."
        for name, versions in models.items():
            if not any(each.state == "AVAILABLE" for each in versions):
                return f'No version of the model "{name}" is available.'
        return None

    def reload(self, configs: Sequence[ModelConfig], *, deadline_s: float | None = None) -> None:
        """Serve these models from now on; see `Repository.reload`.

        Raises:
            RequestError: They can't be served; FAILED_PRECONDITION where other processes serve the same, as
                this one alone can't change what all do.
        """
        if self.peers is not None:
            raise RequestError(
                ErrorCode.FAILED_PRECONDITION,
                f"A reload would reach one of several {self.peers}. Change the file of --model_config_file "
                "instead, which all read again every --model_config_file_poll_wait_seconds.",
            )
        self.repository.reload(configs, deadline_s=deadline_s)


def engine_loader(settings: ServeSettings) -> LoadEngine:
    """Loads a version's folder as the settings say."""
    engine = settings.engine
    return partial(
        choose_engine,
        engine=engine.engine,
        precision=engine.precision,
        threads=engine.threads or cores_if_limited(),
        streams=engine.streams,
        max_pixels=settings.limits.max_image_pixels,
    )


@contextmanager
def open_core(
    settings: ServeSettings, load_engine: LoadEngine, *, peers: str | None = None
) -> Iterator[Core]:
    """Load the models; their threads end with the context.

    Raises:
        BundleError: A model can't be loaded.
        ConfigError: The file of API keys can't be read.
    """
    keys = None if settings.api_key_file is None else ApiKeys.read(settings.api_key_file)
    metrics = Metrics()
    with ExitStack() as stack:
        threads = stack.enter_context(watched_threads())
        decoders = settings.decode_threads or usable_cores()
        decode_pool = stack.enter_context(ThreadPoolExecutor(decoders, thread_name_prefix="decode"))
        streams = settings.engine.streams
        # Beside several streams one thread more: its request is ready as soon as one of them is free.
        inference_threads = streams + 1 if streams > 1 else 1
        scheduler = Scheduler(metrics, threads=inference_threads, parameters=settings.batching)
        stack.callback(scheduler.close)
        repository = Repository(settings.models, settings.repository, load_engine, warm_up=warm_up)
        stack.callback(repository.stop)
        repository.start()
        give_back_memory()  # what compiling the networks took
        poll_s = settings.model_config_file_poll_wait_seconds
        if settings.model_config_file is not None and poll_s:
            poller = ConfigPoller(settings.model_config_file, repository.reload, settings.models, poll_s)
            poller.start()
            stack.callback(poller.stop)
        yield Core(
            settings=settings,
            service=Service(
                repository,
                scheduler,
                decode_pool=decode_pool,
                observe_decode=metrics.observe_decode,
                method_name_check=settings.method_name_check,
            ),
            repository=repository,
            admission=Admission(settings.limits.max_requests),
            journal=Journal(metrics.count),
            metrics=metrics,
            keys=keys,
            decode_pool=decode_pool,
            threads=threads,
            peers=peers,
        )
