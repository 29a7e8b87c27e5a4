from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kuzov.bundle.ready import ready_model
from kuzov.cli.serve import command
from kuzov.errors import BundleError
from kuzov.serve import server
from kuzov.serve.server import ServeSettings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ServeSettings]:
    """What would be served; the command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    served: list[ServeSettings] = []
    monkeypatch.setattr(server, "serve", served.append)
    return served


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("", ServeSettings(model_base_path=ready_model())),
        (
            "--model-name cars --model-base-path /models/cars --host 0.0.0.0 --rest-api-port 0 "
            "--precision f32",
            ServeSettings(
                model_name="cars",
                model_base_path=Path("/models/cars"),
                host="0.0.0.0",
                rest_api_port=0,
                precision="f32",
            ),
        ),
        (
            "--model_name=cars --model_base_path=/models/cars --rest_api_port=80",
            ServeSettings(model_name="cars", model_base_path=Path("/models/cars"), rest_api_port=80),
        ),
    ],
)
def test_options(served: list[ServeSettings], words: str, settings: ServeSettings) -> None:
    result = CliRunner().invoke(command, words.split())
    assert result.exit_code == 0, result.output
    assert served == [settings]


@pytest.mark.parametrize(
    "words", ["--rest-api-port 65536", "--rest-api-port x", "--precision f16", "--unknown", "extra"]
)
def test_wrong_use(served: list[ServeSettings], words: str) -> None:
    assert CliRunner().invoke(command, words.split()).exit_code == 2
    assert served == []


def test_a_fresh_install_serves_the_ready_model(served: list[ServeSettings]) -> None:
    result = CliRunner().invoke(command, [])
    assert "so the model that comes with kuzov answers; it knows BMW X5 (E70), " in result.stderr
    assert served[0].model_base_path == ready_model()


def test_the_users_model_is_served_even_if_empty(served: list[ServeSettings]) -> None:
    Path("models/img_classifier").mkdir(parents=True)
    assert CliRunner().invoke(command, []).output == ""
    assert served == [ServeSettings()]


def test_a_missing_base_path_is_one_clear_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        command, ["--model-base-path", str(tmp_path / "none"), "--rest-api-port", "0"]
    )
    assert isinstance(result.exception, BundleError)
    assert str(result.exception).startswith(f"There is no model folder {tmp_path / 'none'}.")


def test_help_loads_no_runtime() -> None:
    code = (
        "import sys; from kuzov.cli.serve import command; command(['--help'], standalone_mode=False); "
        "assert not {'openvino', 'numpy', 'uvicorn', 'tensorflow'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--model-base-path" in done.stdout
