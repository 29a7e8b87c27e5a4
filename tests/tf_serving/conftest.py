"""One server for all these tests, with the models and the flags of TensorFlow Serving's tests.

TensorFlow is imported where it is needed: these tests are skipped where it is not installed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tf_serving.client import Server

MODELS = """
model_config_list {{
  config {{ name: 'half_plus_two' base_path: '{0}/half_plus_two' model_platform: 'tensorflow' }}
  config: {{ name: "half_plus_three", base_path: "{0}/half_plus_three", model_platform: "tensorflow" }}
  config {{
    name: 'two_versions' base_path: '{0}/two_versions' model_platform: 'tensorflow'
    model_version_policy {{ all {{}} }}
    version_labels {{ key: 'stable' value: 123 }}
    version_labels {{ key: 'canary' value: 124 }}
  }}
  config {{
    name: 'counter' base_path: '{0}/counter' model_platform: 'tensorflow'
    model_version_policy {{ specific {{ versions: 123 }} }}
  }}
  config {{ name: 'tf2' base_path: '{0}/tf2' model_platform: 'tensorflow' }}
  config {{ name: 'changing' base_path: '{0}/changing' model_platform: 'tensorflow' }}
}}
"""
MONITORING = 'prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }'


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models."""
    from tests import saved_models

    folder = tmp_path_factory.mktemp("models")
    saved_models.half_plus_two(folder / "half_plus_two" / "00000123")
    saved_models.half_plus_three(folder / "half_plus_three" / "123")
    saved_models.counter(folder / "counter" / "123")
    saved_models.half_plus_two_tf2(folder / "tf2" / "123")
    shutil.copytree(folder / "half_plus_two" / "00000123", folder / "two_versions" / "123")
    shutil.copytree(folder / "half_plus_three" / "123", folder / "two_versions" / "124")
    shutil.copytree(folder / "half_plus_two" / "00000123", folder / "changing" / "1")
    return folder


@pytest.fixture(scope="session")
def config(folder: Path) -> str:
    return MODELS.format(folder)


@pytest.fixture(scope="session")
def server(folder: Path, config: str) -> Iterator[Server]:
    from tests.tf_serving.client import serving

    models, monitoring = folder / "models.config", folder / "monitoring.config"
    models.write_text(config)
    monitoring.write_text(MONITORING)
    with serving(folder, f"--model_config_file={models}", f"--monitoring_config_file={monitoring}") as found:
        yield found
