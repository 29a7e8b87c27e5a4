"""What answers requests, whatever brings them: the models, the threads that compute, what is kept of each."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from kuzov.cores import cores_if_limited, usable_cores
from kuzov.engine.choose import load_engine as choose_engine
from kuzov.errors import ErrorCode, RequestError
from kuzov.serve.admission import Admission
from kuzov.serve.api_keys import ApiKeys
from kuzov.serve.batching.scheduler import Scheduler, SchedulerSettings
from kuzov.serve.memory import give_back_memory, keep_freed_memory
from kuzov.serve.monitoring.journal import Journal
from kuzov.serve.monitoring.metrics import Metrics
from kuzov.serve.monitoring.prometheus import Snapshot
from kuzov.serve.open_files import allow_all_files
from kuzov.serve.repository.config import ModelConfig
from kuzov.serve.repository.config_file import read_model_configs
from kuzov.serve.repository.config_poll import ConfigPoller
from kuzov.serve.repository.repository import Repository
from kuzov.serve.repository.servable import LoadEngine
from kuzov.serve.repository.warmup import warm_up
from kuzov.serve.service import Service
from kuzov.serve.settings import ServeSettings

# A thread that has computed an answer needs the interpreter to hand it on; the 5 ms that Python lets another
# keep it are as long as an inference.
SWITCH_INTERVAL_S = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
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


class OneOfMany:
    """The repository of one process of several, which alone can't change what all serve."""

    def __init__(self, processes: str) -> None:
        """Say of what the process is one: "worker processes"."""
        self._processes = processes

    def reload(self, _configs: Sequence[ModelConfig], *, deadline_s: float | None = None) -> None:  # noqa: ARG002
        """Refuse.

        Raises:
            RequestError: FAILED_PRECONDITION, always.
        """
        raise RequestError(
            ErrorCode.FAILED_PRECONDITION,
            f"A reload would reach one of several {self._processes}. Change the file of --model_config_file "
            "instead, which all read again every --model_config_file_poll_wait_seconds.",
        )


def engine_loader(settings: ServeSettings) -> LoadEngine:
    """Loads a version's folder as the settings say."""
    engine = settings.engine
    threads = engine.threads or cores_if_limited()
    return partial(
        choose_engine,
        engine=engine.engine,
        precision=engine.precision,
        intra_op_parallelism=threads,
        threads=threads,
        streams=engine.streams,
        max_pixels=settings.limits.max_image_pixels,
    )


def tune_process() -> None:
    """Set this process up to answer requests; to be called before it has other threads."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    keep_freed_memory()
    allow_all_files()
    # What was imported until now stays: the collector need not look at it again with every request.
    gc.collect()
    gc.freeze()


@contextmanager
def open_core(settings: ServeSettings, load_engine: LoadEngine) -> Iterator[Core]:
    """Load the models; their threads end with the context.

    Raises:
        BundleError: A model can't be loaded.
        ConfigError: The file of API keys can't be read.
    """
    keys = None if settings.api_key_file is None else ApiKeys.read(settings.api_key_file)
    metrics = Metrics()
    with ExitStack() as stack:
        threads = settings.decode_threads or usable_cores()
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
        give_back_memory()  # what compiling the networks took
        if settings.model_config_file is not None and settings.model_config_file_poll_wait_seconds:
            poller = ConfigPoller(
                partial(read_model_configs, settings.model_config_file),
                repository.reload,
                applied=settings.models,
                interval_s=settings.model_config_file_poll_wait_seconds,
            )
            stack.callback(poller.stop)
            poller.start()
        yield Core(
            service=Service(repository, scheduler, method_name_check=settings.method_name_check),
            repository=repository,
            admission=Admission(settings.limits.max_requests),
            journal=Journal(metrics.count),
            metrics=metrics,
            keys=keys,
            decode_pool=decode_pool,
        )
