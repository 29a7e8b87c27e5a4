"""The configuration file, as in tensorflow_model_server_test.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tf_serving.client import FLAGS, serving, until


@pytest.mark.slow
def test_a_configuration_file_that_is_polled(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    one = "model_config_list {{ config {{ name: 'm' base_path: '{}' model_platform: 'tensorflow' }} }}"
    file.write_text(one.format(folder / "half_plus_two"))
    flags = (f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=1")
    with serving(tmp_path, *flags) as server:
        assert list(server.predict("m", x=[2.0]).outputs["y"].float_val) == [3.0]
        file.write_text("no configuration")
        until(server.log.read_text, lambda text: "The new model configuration is ignored" in text)
        assert server.version("m") == 123
        file.write_text(one.format(folder / "half_plus_three"))
        until(lambda: list(server.predict("m", x=[2.0]).outputs["y"].float_val), lambda found: found == [4.0])


def test_a_model_that_does_not_load_ends_the_start(run_kuzov: Any, tmp_path: Path) -> None:
    version = tmp_path / "m" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"junk")
    ended = run_kuzov("serve", *FLAGS, "--model_name=m", f"--model_base_path={version.parent}")
    assert ended.returncode != 0
    assert "did not become available" in ended.stderr
