from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from kuzov.errors import ConfigError, ErrorCode, RequestError
from kuzov.serve.repository.config import ALL, LATEST, ModelConfig, VersionPolicy
from kuzov.serve.repository.config_file import ConfigPoller, model_configs, read_model_configs
from kuzov.wire import messages
from tests.errors import raises
from tests.serve.repository.fakes import until


def config(**fields: object) -> messages.ModelConfig:
    values = {"name": "m", "base_path": "/models/m", "model_platform": "tensorflow", **fields}
    return messages.ModelConfig(**values)  # type: ignore[arg-type]


def server_config(*configs: messages.ModelConfig) -> messages.ModelServerConfig:
    return messages.ModelServerConfig(model_config_list=messages.ModelConfigList(config=configs))


def test_a_file_lists_models(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(
        """
        model_config_list {
          config { name: 'newest' base_path: '/models/newest' model_platform: 'tensorflow' }
          config {
            name: 'some' base_path: '/models/some' model_platform: 'tensorflow'
            model_version_policy { specific { versions: 42 versions: 43 } }
            version_labels { key: 'stable' value: 42 }
            version_labels { key: 'canary' value: 43 }
          }
          config {
            name: 'two' base_path: '/models/two' model_platform: 'tensorflow'
            model_version_policy { latest { num_versions: 2 } }
          }
          config {
            name: 'one' base_path: '/models/one' model_type: TENSORFLOW
            model_version_policy: { latest {} }
          }
          config {
            name: 'all' base_path: '/models/all' model_platform: 'tensorflow' model_version_policy { all {} }
          }
        }
        """
    )
    assert read_model_configs(file) == (
        ModelConfig(name="newest", base_path=Path("/models/newest"), policy=LATEST),
        ModelConfig(
            name="some",
            base_path=Path("/models/some"),
            policy=VersionPolicy(latest=None, specific=(42, 43)),
            labels={"stable": 42, "canary": 43},
        ),
        ModelConfig(name="two", base_path=Path("/models/two"), policy=VersionPolicy(latest=2)),
        ModelConfig(name="one", base_path=Path("/models/one"), policy=VersionPolicy(latest=1)),
        ModelConfig(name="all", base_path=Path("/models/all"), policy=ALL),
    )


@pytest.mark.parametrize("text", ["", "# to be filled later", "model_config_list {}"])
def test_an_empty_file_lists_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(text)
    assert read_model_configs(file) == ()


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    with raises(ConfigError, f"The file {file} can't be read: No such file or directory."):
        read_model_configs(file)
    file.write_text("models { }")
    with pytest.raises(ConfigError) as caught:
        read_model_configs(file)
    assert str(caught.value) == (
        f"{file}: Error parsing text-format tensorflow.serving.ModelServerConfig: 1:1 : Message type "
        '"tensorflow.serving.ModelServerConfig" has no field named "models".'
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (messages.ModelServerConfig(), "Only model_config_list is supported in a ModelServerConfig."),
        (
            messages.ModelServerConfig(custom_model_config=messages.Any()),
            "Only model_config_list is supported in a ModelServerConfig.",
        ),
        (server_config(config(), config()), "Illegal to list model m multiple times in config list"),
        (
            server_config(config(base_path="models/m")),
            "Expected model m to have an absolute path or URI; got base_path()=models/m",
        ),
        (
            server_config(config(base_path="")),
            "Expected model m to have an absolute path or URI; got base_path()=",
        ),
        (
            server_config(config(base_path="gs://bucket/m")),
            "Model m has the base path gs://bucket/m, but only folders of this computer can be served. Mount "
            "or copy it, and give its path.",
        ),
        (
            server_config(config(model_platform="")),
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform.",
        ),
        (
            server_config(config(model_type=messages.TENSORFLOW)),
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            "ModelServerConfig::model_platform.",
        ),
        (
            server_config(config(model_platform="", model_type=messages.OTHER)),
            "ModelServerConfig::model_type choice 2 not supported.",
        ),
        (
            server_config(config(name="n", model_platform="pytorch")),
            "Model n requests unsupported platform pytorch",
        ),
        (
            server_config(config(model_platform="pytorch")),
            "Illegal to change a model's platform. For model m platform was tensorflow and new platform "
            "requested is pytorch.",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(message: messages.ModelServerConfig, reason: str) -> None:
    with raises(RequestError, reason, ErrorCode.INVALID):
        model_configs(message, served=["m"])


M, N = (ModelConfig(name=name, base_path=Path("/models") / name) for name in "mn")
IGNORED = "The new model configuration is ignored: "


class Server:
    """Reloads the models that its file lists, or refuses them."""

    def __init__(self, file: Path) -> None:
        self.refused: Exception | None = None
        self.reloads: list[Sequence[ModelConfig]] = []
        self._file = file
        self.list_models(M)
        self.poller = ConfigPoller(file, self.reload, [M], 0.005)

    def list_models(self, *models: ModelConfig) -> None:
        listed = (config(name=each.name, base_path=str(each.base_path)) for each in models)
        self._file.write_text(str(server_config(*listed)))

    def break_file(self) -> None:
        self._file.write_text("model_config_list { config { name: 'm' base_path: 'm' } }")

    def reload(self, configs: Sequence[ModelConfig]) -> None:
        self.reloads.append(configs)
        if self.refused:
            raise self.refused

    def poll_twice(self) -> None:
        self.poller.poll_once()
        self.poller.poll_once()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "models.config")


def test_a_change_is_reloaded_once(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server.poller.poll_once()
    assert server.reloads == []
    server.list_models(M, N)
    server.poll_twice()
    assert server.reloads == [(M, N)]
    assert caplog.messages == ["The new model configuration is in force"]


def test_a_bad_file_is_told_of_once_and_ignored(
    server: Server, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    text = f"{tmp_path}/models.config: Expected model m to have an absolute path or URI; got base_path()=m"
    server.break_file()
    server.poll_twice()
    assert (server.reloads, caplog.messages) == ([], [IGNORED + text])
    server.list_models(M)
    server.poller.poll_once()
    server.break_file()
    server.poller.poll_once()
    assert caplog.messages == [IGNORED + text] * 2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RequestError(ErrorCode.FAILED_PRECONDITION, "Version 2 is missing."), "Version 2 is missing."),
        (ZeroDivisionError("oh"), "unexpected ZeroDivisionError('oh')"),
    ],
)
def test_what_may_come_right_by_itself_is_tried_again(
    server: Server, caplog: pytest.LogCaptureFixture, error: Exception, text: str
) -> None:
    server.list_models(N)
    server.refused = error
    server.poll_twice()
    assert caplog.messages == [IGNORED + text]
    server.refused = None
    server.poll_twice()
    assert server.reloads == [(N,)] * 3


def test_a_model_that_does_not_load_is_not_tried_again(server: Server) -> None:
    server.list_models(N)
    server.refused = RequestError(ErrorCode.UNKNOWN, "1 model(s) did not become available")
    server.poll_twice()
    assert server.reloads == [(N,)]
    server.list_models(M)
    server.poller.poll_once()
    assert server.reloads == [(N,), (M,)]


def test_it_polls_until_it_is_stopped(server: Server) -> None:
    server.poller.start()
    server.list_models(N)
    until(lambda: server.reloads)
    server.poller.stop()
    server.poller._thread.join(10)
    assert not server.poller._thread.is_alive()
