"""A configuration file that is read again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from kuzov.errors import ErrorCode, KuzovError, RequestError
from kuzov.serve.repository.config import ModelConfig

_log = logging.getLogger(__name__)


class ConfigPoller:
    """Reloads the models when their configuration has changed; a bad configuration is logged and ignored."""

    def __init__(
        self,
        read: Callable[[], Sequence[ModelConfig]],
        reload: Callable[[Sequence[ModelConfig]], None],
        *,
        applied: Sequence[ModelConfig],
        interval_s: float,
    ) -> None:
        """Watch a configuration.

        Args:
            read: Reads it; raises a KuzovError where it is bad.
            reload: Takes a new one; raises a RequestError where it can't: `Repository.reload`.
            applied: What is in force at the start.
            interval_s: Time between two looks.
        """
        self._read = read
        self._reload = reload
        self._settled = tuple(applied)
        self._complaint: str | None = None
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kuzov-config-poller", daemon=True)

    def start(self) -> None:
        """Look at it regularly from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. A reload under way is not waited for: stopping the repository ends it."""
        self._stopped.set()

    def poll_once(self) -> None:
        """Look at it now, and reload where it has changed."""
        try:
            configs = tuple(self._read())
            if configs == self._settled:
                self._complaint = None
                return
            try:
                self._reload(configs)
            except RequestError as error:
                # Anything but a model that won't load may come right by itself, as a label for a version
                # that is still loading: such a configuration is tried again.
                if error.code is ErrorCode.UNKNOWN:
                    self._settled = configs
                raise
            self._settled = configs
            self._complaint = None
            _log.info("The new model configuration is in force")
        except KuzovError as error:
            self._complain(f"The new model configuration is ignored: {error}")
        except Exception as error:
            self._complain(f"The new model configuration is ignored: unexpected {error!r}")

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            _log.error("%s", text)
        self._complaint = text

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            self.poll_once()
