"""TensorFlow Serving's configuration of models: --model_config_file, followed or not; a reload's message."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from kuzov.errors import ConfigError, ErrorCode, KuzovError, RequestError, invalid
from kuzov.serve.repository.base_path import read_base_path
from kuzov.serve.repository.config import ALL, ModelConfig, VersionPolicy, check_names
from kuzov.wire import messages
from kuzov.wire.messages import ModelServerConfig
from kuzov.wire.text_file import read_text_file

PLATFORM = "tensorflow"

_log = logging.getLogger(__name__)


def read_model_configs(file: Path) -> tuple[ModelConfig, ...]:
    """The models that a file lists; none for an empty file, which a reload may fill later.

    Raises:
        ConfigError: The file can't be read, or what it says can't be served; the text names the file.
    """
    message = read_text_file(file, ModelServerConfig)
    if message.WhichOneof("config") is None:
        return ()
    try:
        return model_configs(message)
    except RequestError as error:
        raise ConfigError(f"{file}: {error}") from error


def model_configs(message: ModelServerConfig, served: Collection[str] = ()) -> tuple[ModelConfig, ...]:
    """The models that a configuration lists, in its order; the platform of those `served` can't change.

    Raises:
        RequestError: INVALID: it has no list, or lists a model twice, or one that can't be served; in
            TensorFlow Serving's words where it has some.
    """
    if message.WhichOneof("config") != "model_config_list":
        raise invalid("Only model_config_list is supported in a ModelServerConfig.")
    listed = message.model_config_list.config
    check_names(each.name for each in listed)
    for each in listed:
        _check_base_path(each)
    for each in listed:
        _check_platform(each, served)
    return tuple(
        ModelConfig(
            name=each.name,
            base_path=read_base_path(each.name, each.base_path),
            policy=_policy(each.model_version_policy),
            labels=dict(each.version_labels),
        )
        for each in listed
    )


class ConfigPoller:
    """Reloads the models when their configuration has changed; a bad configuration is logged and ignored."""

    def __init__(
        self,
        file: Path,
        reload: Callable[[Sequence[ModelConfig]], None],
        applied: Sequence[ModelConfig],
        interval_s: float,
    ) -> None:
        """Watch a file; `applied` is in force at the start, `reload` is the repository's."""
        self._file = file
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
            configs = read_model_configs(self._file)
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


def _check_base_path(config: messages.ModelConfig) -> None:
    if not read_base_path(config.name, config.base_path or ".").is_absolute():
        raise invalid(
            f"Expected model {config.name} to have an absolute path or URI; "
            f"got base_path()={config.base_path}"
        )


def _check_platform(config: messages.ModelConfig, served: Collection[str]) -> None:
    if config.model_type:
        if config.model_platform:
            raise invalid(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                "ModelServerConfig::model_platform."
            )
        if config.model_type != messages.TENSORFLOW:
            raise invalid(f"ModelServerConfig::model_type choice {config.model_type} not supported.")
    elif not config.model_platform:
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform."
        )
    elif config.model_platform != PLATFORM:
        if config.name in served:
            raise invalid(
                f"Illegal to change a model's platform. For model {config.name} platform was {PLATFORM} and "
                f"new platform requested is {config.model_platform}."
            )
        raise invalid(f"Model {config.name} requests unsupported platform {config.model_platform}")


def _policy(message: messages.FileSystemStoragePathSourceConfig.ServableVersionPolicy) -> VersionPolicy:
    match message.WhichOneof("policy_choice"):
        case "all":
            return ALL
        case "specific":
            return VersionPolicy(latest=None, specific=tuple(message.specific.versions))
        case _:
            # TensorFlow Serving takes a number that is not given, and so 0, for 1.
            return VersionPolicy(latest=max(1, message.latest.num_versions))
