"""The models of a server: found on disk, loaded, swapped while requests go on, unloaded."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Mapping, Sequence

from kuzov.cores import usable_cores
from kuzov.errors import BundleError, ErrorCode, RequestError, invalid
from kuzov.serve.repository.config import ModelConfig, RepositorySettings, check_names
from kuzov.serve.repository.lifecycle import Failure, VersionLife
from kuzov.serve.repository.model import Loaded, Model
from kuzov.serve.repository.servable import LoadEngine, Servable, VersionStatus
from kuzov.serve.repository.source import Listing, look, look_for_reload, look_for_start
from kuzov.serve.repository.threads import Keeper, Loader, WarmUp

MAX_REMOVED = 100
STOP_GRACE_S = 5.0
NOTHING = Loaded()

_log = logging.getLogger(__name__)


class Repository:
    """The loaded versions of all configured models. Safe to use from several threads at once.

    Requests read one immutable mapping, which is replaced as a whole: they take no lock, and a swap can't
    fail them. Everything else happens under `_changed`, except what takes time: versions are loaded by
    threads of the loader, folders are looked at and memory is freed by the keeper's.
    """

    def __init__(
        self,
        configs: Sequence[ModelConfig],
        settings: RepositorySettings,
        load_engine: LoadEngine,
        *,
        warm_up: WarmUp,
    ) -> None:
        """Nothing is loaded before `start`."""
        self._configs = tuple(configs)
        self._settings = settings
        self._loaded: Mapping[str, Loaded] = {}
        self._models: dict[str, Model] = {}
        self._removed: dict[str, Model] = {}
        self._stopped = False
        self._changed = threading.Condition()
        self._reloading = threading.Lock()
        self._polling = threading.Lock()
        at_start = settings.num_load_threads or usable_cores()
        self._loader = Loader(load_engine, warm_up, settings, limit=at_start, done=self._finish_load)
        self._keeper = Keeper(
            poll=self.poll_once,
            poll_interval_s=settings.file_system_poll_wait_seconds,
            advance=self._keep,
            ended=self._end,
        )

    def start(self) -> None:
        """Load the configured models, and look after them from now on.

        Returns when each that has versions has one available, and no version is in its first try any more.

        Raises:
            BundleError: A model has nothing to load, does not load, or has a label that it may not have.
            RequestError: UNAVAILABLE: `stop` was called meanwhile.
        """
        try:
            check_names(config.name for config in self._configs)
            self._check_labels(self._configs)
        except RequestError as error:
            hint = (
                ". Labels that are there from the start need --allow_version_labels_for_unavailable_models."
                if error.code is ErrorCode.FAILED_PRECONDITION
                else "."
            )
            raise BundleError(f"Failed to start server. Error: {error.code.value}: {error}{hint}") from error
        listings = [look_for_start(config) for config in self._configs]
        with self._changed:
            models = [self._add(*each) for each in zip(self._configs, listings, strict=True)]
            self._advance()
        self._keeper.start()
        wanted = [model for model, listing in zip(models, listings, strict=True) if listing.wanted]
        failures = self._wait(wanted, math.inf)
        if failures:
            self.stop()
            raise BundleError(
                f"Failed to start server. Error: UNKNOWN: {len(failures)} servable(s) did not become "
                f"available: {{{', '.join(failures)}}}"
            )
        self._loader.limit = max(1, self._settings.num_load_threads)

    def stop(self) -> None:
        """End the threads; what is loaded stays so as long as somebody holds it.

        A load under way can't be interrupted: it is waited for a few seconds, then left to itself.
        """
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_GRACE_S
        self._keeper.stop(deadline)
        self._loader.join(deadline)

    def get(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """Find a loaded version: the newest unless a version or a label is named.

        Raises:
            RequestError: NOT_FOUND for what is not loaded, INVALID for an unknown label.
        """
        found = self._loaded.get(name, NOTHING).find(version, label)
        if found is not None:
            return found
        if label is not None:
            version = self._loaded.get(name, NOTHING).labels.get(label)
            if version is None:
                raise invalid(f"Unrecognized servable version label: {label}")
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise RequestError(ErrorCode.NOT_FOUND, f"Servable not found for request: {wanted}")

    def status(self, name: str, version: int | None = None) -> tuple[VersionStatus, ...]:
        """The states of a model's versions, newest first, or of one; also of a model that is served no more.

        Raises:
            RequestError: NOT_FOUND, in TensorFlow Serving's words.
        """
        found = tuple(each for each in self.statuses(name) if version in {None, each.version})
        if not found:
            wanted = "any versions" if version is None else f"version {version}"
            raise RequestError(ErrorCode.NOT_FOUND, f"Could not find {wanted} of model {name}")
        return found

    def statuses(self, name: str) -> tuple[VersionStatus, ...]:
        """As `status`, of all versions; none where the model has none, or is not known."""
        with self._changed:
            model = self._models.get(name) or self._removed.get(name)
            return model.statuses() if model is not None else ()

    def models(self) -> tuple[str, ...]:
        """Names of the models that are configured, sorted."""
        return tuple(sorted(self._loaded))

    def poll_once(self) -> None:
        """Look at the base paths now, and start what follows from it."""
        with self._polling:
            with self._changed:
                models = tuple(self._models.values())
            for model in models:
                self._look(model, model.config)

    def reload(self, configs: Sequence[ModelConfig], *, deadline_s: float | None = None) -> None:
        """Replace the set of models, all of it or, on failure, nothing.

        Returns when all new models are available; new versions of old models are not waited for. Models that
        the set lacks are then unloaded. Reloads take turns.

        Raises:
            RequestError: INVALID, FAILED_PRECONDITION or NOT_FOUND: the set can't be served; UNKNOWN: a new
                model does not load; DEADLINE_EXCEEDED; UNAVAILABLE: the server is stopping.
        """
        deadline = math.inf if deadline_s is None else time.monotonic() + deadline_s
        if not self._reloading.acquire(timeout=_patience(deadline)):
            text = "Another reload of the configuration is under way, and has taken all the time of this one."
            raise RequestError(ErrorCode.DEADLINE_EXCEEDED, text)
        try:
            self._load_new(self._check(configs), deadline)
            with self._changed:
                for name in self._models.keys() - {config.name for config in configs}:
                    self._remove(name)
                for config in configs:
                    self._models[config.name].config = config
                self._advance()
            self.poll_once()
        finally:
            self._reloading.release()

    def _check(self, configs: Sequence[ModelConfig]) -> list[tuple[ModelConfig, Listing]]:
        """Refuse a configuration that can't be served; give its new models, with what is on disk."""
        check_names(config.name for config in configs)
        self._check_labels(configs)
        new = []
        for config in configs:
            model = self._models.get(config.name)
            if model is None:
                new.append((config, look_for_reload(config)))
            elif model.config.base_path != config.base_path:
                look_for_reload(config)
        return new

    def _check_labels(self, configs: Sequence[ModelConfig]) -> None:
        allow = self._settings.allow_version_labels_for_unavailable_models
        for config in configs:
            self._loaded.get(config.name, NOTHING).check_labels(config, allow_unavailable=allow)

    def _load_new(self, new: Sequence[tuple[ModelConfig, Listing]], deadline: float) -> None:
        """Load new models, all of them, or leave none behind."""
        with self._changed:
            models = [self._add(config, listing) for config, listing in new]
            self._advance()
        failures: list[str] | None = None
        try:
            failures = self._wait(models, deadline)
        finally:
            if failures != []:
                with self._changed:
                    for config, _ in new:
                        self._remove(config.name)
                    self._advance()
        if failures:
            text = f"{len(failures)} model(s) did not become available: {{{', '.join(failures)}}}"
            raise RequestError(ErrorCode.UNKNOWN, text)

    def _wait(self, models: Sequence[Model], deadline: float) -> list[str]:
        """Wait until all are ready; returns why some never will be, as soon as one is known."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or _settled(models), _patience(deadline))
            if self._stopped:
                raise RequestError(ErrorCode.UNAVAILABLE, "The server is stopping.")
            if not _settled(models):
                late = [model for model in models if not model.ready]
                reasons = "".join(f" {text}" for model in late for text in model.failures())
                raise RequestError(
                    ErrorCode.DEADLINE_EXCEEDED,
                    f"Not available in time: {', '.join(model.config.name for model in late)}.{reasons}",
                )
            return [text for model in models if model.failed for text in _reasons(model)]

    def _look(self, model: Model, config: ModelConfig) -> None:
        listing = None
        try:
            listing = look(config)
            level, remarks = logging.WARNING, listing.remarks
        except BundleError as error:
            # A disk that is away for a while must not unload what was loaded from it.
            level, remarks = logging.ERROR, (f"{error} What is loaded is served on.",)
        with self._changed:
            if self._models.get(config.name) is not model or model.config is not config:
                return
            model.remark(level, remarks)
            if listing is not None:
                model.want(listing.wanted, self._settings.max_num_load_retries + 1)
            self._advance()

    def _finish_load(
        self, model: Model, life: VersionLife, outcome: Servable | Failure, seconds: float
    ) -> None:
        interval_s = self._settings.load_retry_interval_s
        try:
            with self._changed:
                model.finish(life, outcome, seconds=seconds, retry_interval_s=interval_s)
                self._advance()
        finally:
            self._keeper.wake()

    def _keep(self) -> float:
        with self._changed:
            self._advance()
            return min((model.next_retry() for model in self._models.values()), default=math.inf)

    def _end(self, model: Model, life: VersionLife) -> None:
        with self._changed:
            life.end()
            model.tidy()
            self._changed.notify_all()
        _log.info("Unloaded %s, version %d", life.model, life.version)

    # What follows is called with `_changed` held.

    def _add(self, config: ModelConfig, listing: Listing) -> Model:
        model = self._removed.pop(config.name, None) or Model(config)
        model.config = config
        model.remark(logging.WARNING, listing.remarks)
        model.want(listing.wanted, self._settings.max_num_load_retries + 1)
        self._models[config.name] = model
        return model

    def _remove(self, name: str) -> None:
        model = self._removed[name] = self._models.pop(name)
        model.want({}, 0)
        while len(self._removed) > MAX_REMOVED:
            del self._removed[next(iter(self._removed))]

    def _advance(self) -> None:
        """Do whatever is due now: unload, load, and let requests and waiting threads see it."""
        for model in (*self._models.values(), *self._removed.values()):
            for life in model.superfluous():
                self._keeper.let_go(model, life)
            model.tidy()
        self._loaded = {name: model.loaded() for name, model in self._models.items()}
        self._changed.notify_all()
        if not self._stopped:
            self._loader.start_due(self._models.values())


def _settled(models: Sequence[Model]) -> bool:
    return any(model.failed for model in models) or all(model.ready for model in models)


def _reasons(model: Model) -> list[str]:
    return model.failures() or [
        f"{{{{name: {model.config.name}}} due to error: NOT_FOUND: its versions are gone}}"
    ]


def _patience(deadline: float) -> float:
    """Seconds until a time by `time.monotonic`, as locks take them."""
    return min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
