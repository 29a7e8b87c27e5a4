from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.errors import ConfigError, ErrorCode, RequestError
from kuzov.serve.repository.config import ALL, LATEST, ModelConfig, VersionPolicy
from kuzov.serve.repository.config_file import model_configs, read_model_configs
from kuzov.wire import messages


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
    with pytest.raises(ConfigError) as caught:
        read_model_configs(file)
    assert str(caught.value) == f"The file {file} can't be read: No such file or directory."
    file.write_text("model_config_list { config { name: 'm' base_path: 'm' } }")
    with pytest.raises(ConfigError) as caught:
        read_model_configs(file)
    assert str(caught.value) == (
        f"{file}: Expected model m to have an absolute path or URI; got base_path()=m"
    )
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
            server_config(config(model_platform="pytorch")),
            "Model m requests unsupported platform pytorch",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(message: messages.ModelServerConfig, reason: str) -> None:
    with pytest.raises(RequestError) as caught:
        model_configs(message)
    assert (caught.value.code, str(caught.value)) == (ErrorCode.INVALID, reason)


def test_the_platform_of_a_served_model_can_not_change() -> None:
    with pytest.raises(RequestError) as caught:
        model_configs(server_config(config(model_platform="pytorch")), served=["m"])
    assert str(caught.value) == (
        "Illegal to change a model's platform. For model m platform was tensorflow and new platform "
        "requested is pytorch."
    )
