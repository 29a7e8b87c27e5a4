from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kuzov import __version__
from kuzov.bundle.ready import ready_model
from kuzov.serve import server
from kuzov.serve.batching.parameters import BatchingParameters
from kuzov.serve.limits import Limits
from kuzov.serve.monitoring import log
from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.rest.extension import OpenExtension
from kuzov.serve.settings import EngineSettings, RestSettings, RpcSettings, ServeSettings
from tests.cli.conftest import Done, Kuzov
from tests.cli.test_model import SAID

Serve = Callable[[str], None]
CARS = ServeSettings(models=(ModelConfig(name="cars", base_path=Path("/models/cars")),))


@pytest.fixture(autouse=True)
def forms(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The forms of the log that were asked for; the log of the other tests stays as it is."""
    forms: list[str] = []
    monkeypatch.setattr(log, "configure_logging", forms.append)
    return forms


@pytest.fixture
def pages() -> list[OpenExtension]:
    """What would be added to the REST port."""
    return []


@pytest.fixture
def served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pages: list[OpenExtension]
) -> list[ServeSettings]:
    """What would be served; the command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODEL_NAME", raising=False)
    monkeypatch.delenv("MODEL_BASE_PATH", raising=False)
    served: list[ServeSettings] = []

    def note(settings: ServeSettings, when_ready: Callable[[ServeSettings], object] | None = None) -> None:
        # What makes the page is no value to compare.
        pages.extend(settings.rest.extensions)
        served.append(replace(settings, rest=replace(settings.rest, extensions=())))

    monkeypatch.setattr(server, "serve", note)
    return served


@pytest.fixture
def serve(kuzov: Kuzov) -> Serve:
    """Runs `kuzov serve` with these words, which it takes."""

    def serve(words: str) -> None:
        done = kuzov("serve", *words.split())
        assert done.status == 0, done.err

    return serve


OF_CARS = "--model_name=cars --model_base_path=/models/cars "


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("", CARS),
        ("--host 127.0.0.1 --grace 5 --workers 2", replace(CARS, host="127.0.0.1", grace_s=5, workers=2)),
        (
            "--port=9000 --rest_api_port=80",
            replace(CARS, rpc=RpcSettings(port=9000), rest=RestSettings(port=80)),
        ),
        (
            "--port 0 --rest-api-port 0 --grpc_socket_path /tmp/s",
            replace(CARS, rpc=RpcSettings(port=None, socket_path="/tmp/s"), rest=RestSettings(port=None)),
        ),
        (
            "--port auto --rest-api-port auto",
            replace(CARS, rpc=RpcSettings(port=0), rest=RestSettings(port=0)),
        ),
        (
            "--engine tensorflow --precision f32 --tensorflow_session_parallelism=2",
            replace(CARS, engine=EngineSettings(engine="tensorflow", precision="f32", threads=2)),
        ),
        (
            "--file_system_poll_wait_seconds 0 --max_num_load_retries 0 --load_retry_interval_micros=500000 "
            "--num_load_threads=2 --num_request_iterations_for_warmup 3 --enable_model_warmup=false",
            replace(
                CARS,
                repository=RepositorySettings(
                    file_system_poll_wait_seconds=0,
                    max_num_load_retries=0,
                    load_retry_interval_s=0.5,
                    num_load_threads=2,
                    num_request_iterations_for_warmup=3,
                    enable_model_warmup=False,
                ),
            ),
        ),
        (
            "--max-body-bytes 1000 --max-rows 2 --max-image-pixels 3 --max-requests 4 "
            "--rest_api_timeout_in_ms=5000",
            replace(
                CARS,
                limits=Limits(
                    max_body_bytes=1000, max_rows=2, max_image_pixels=3, max_requests=4, request_timeout_s=5.0
                ),
            ),
        ),
        (
            "--grpc_channel_arguments=grpc.max_connection_age_ms=60000,a=b --grpc_socket_path /tmp/s "
            "--enable_serialization_as_tensor_content --enable_grpc_healthcheck_service=false",
            replace(
                CARS,
                rpc=RpcSettings(
                    socket_path="/tmp/s",
                    channel_options=(("grpc.max_connection_age_ms", 60000), ("a", "b")),
                    tensor_content=True,
                    health=False,
                ),
            ),
        ),
        ("--rest_api_enable_cors_support", replace(CARS, rest=RestSettings(cors=True))),
        ("--rest_api_num_threads=8", replace(CARS, decode_threads=8)),
        ("--enable_signature_method_name_check", replace(CARS, method_name_check=True)),
        ("--enable_batching", replace(CARS, batching=BatchingParameters())),
        ("--enable_profiler=false", CARS),
    ],
)
def test_options(serve: Serve, served: list[ServeSettings], words: str, settings: ServeSettings) -> None:
    serve(OF_CARS + words)
    assert served == [settings]


@pytest.mark.parametrize("word", ["", "=true", " true", "=True", " 1", "=false", " false", " 0"])
def test_a_boolean_flag_in_all_its_spellings(serve: Serve, served: list[ServeSettings], word: str) -> None:
    serve(f"{OF_CARS}--enable_model_warmup{word} --grace 5")
    assert served[0].repository.enable_model_warmup == (word[1:] not in {"false", "0"})
    assert served[0].grace_s == 5


def test_a_config_file_goes_before_the_flags_of_one_model(
    serve: Serve, served: list[ServeSettings], tmp_path: Path
) -> None:
    file = tmp_path / "models.config"
    file.write_text(
        "model_config_list { config { name: 'a' base_path: '/models/a' model_platform: 'tensorflow' } }"
    )
    serve(f"{OF_CARS}--model_config_file={file} --model_config_file_poll_wait_seconds=2")
    assert served[0].models == (ModelConfig(name="a", base_path=Path("/models/a")),)
    assert (served[0].model_config_file, served[0].model_config_file_poll_wait_seconds) == (file, 2)


def test_files_in_text_form(serve: Serve, served: list[ServeSettings], tmp_path: Path) -> None:
    monitoring, batching = tmp_path / "monitoring.config", tmp_path / "batching.config"
    monitoring.write_text('prometheus_config { enable: true, path: "/metrics" }')
    batching.write_text("max_batch_size { value: 8 } batch_timeout_micros { value: 1000 }")
    serve(
        f"{OF_CARS}--monitoring_config_file={monitoring} --enable_batching "
        f"--batching_parameters_file={batching}"
    )
    assert served[0].rest.metrics_path == "/metrics"
    assert served[0].batching == BatchingParameters(max_batch_size=8, batch_timeout_micros=1000)


@pytest.mark.parametrize(
    ("environment", "base_path"),
    [
        ({"MODEL_NAME": "cars"}, "/models/cars"),
        ({"MODEL_NAME": "cars", "MODEL_BASE_PATH": "/data"}, "/data/cars"),
        ({"MODEL_BASE_PATH": "/data"}, "/data/img_classifier"),
        ({"MODEL_BASE_PATH": "file:///my%20data"}, "/my data/img_classifier"),
        ({"MODEL_BASE_PATH": "", "MODEL_NAME": "cars"}, "/models/cars"),
    ],
)
def test_the_environment_of_tensorflow_servings_image(
    serve: Serve,
    served: list[ServeSettings],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    base_path: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    serve("")
    assert served[0].models == (ModelConfig(name=Path(base_path).name, base_path=Path(base_path)),)


def test_a_base_path_may_be_a_file_uri(serve: Serve, served: list[ServeSettings]) -> None:
    serve("--model_base_path=file://localhost/models/my%20cars")
    assert [each.base_path for each in served[0].models] == [Path("/models/my cars")]


@pytest.mark.parametrize("uri", ["s3://bucket/m", "gs://bucket/m"])
def test_a_base_path_elsewhere_is_refused_wherever_it_is_named(
    kuzov: Kuzov, served: list[ServeSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uri: str
) -> None:
    text = f"has the base path {uri}, but only folders of this computer can be served. Mount or copy it, and"
    file = tmp_path / "models.config"
    file.write_text(
        f"model_config_list {{ config {{ name: 'm' base_path: '{uri}' model_platform: 'tensorflow' }} }}"
    )
    for words in ("", f"--model-base-path {uri}", f"--model_config_file={file}"):
        if not words:
            monkeypatch.setenv("MODEL_BASE_PATH", uri)
        done = kuzov("serve", *words.split())
        assert done.status == 1
        assert text in done.err
        monkeypatch.delenv("MODEL_BASE_PATH", raising=False)
    assert served == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--rest-api-port 65536", "'65536' is not a port: 1 to 65535, 0 for off, or auto for a free one."),
        ("--port x", "'x' is not a port"),
        (
            "--port 0 --rest-api-port 0",
            "Both APIs are turned off, so nobody could ask: give --port, --rest-api-port or "
            "--grpc-socket-path.",
        ),
        ("--precision f16", "'f16' is not one of"),
        ("--unknown", "No such option"),
        ("extra", "unexpected extra argument"),
        (
            "--batching_parameters_file=f",
            "--batching_parameters_file has no effect without --enable_batching",
        ),
        ("--mixed_precision=bfloat16", "--mixed_precision is not honoured: say --precision bf16 instead."),
        ("--xla_cpu_compilation_enabled", "--xla_cpu_compilation_enabled is not honoured"),
        ("--teach --no-web", "--teach is a part of the page, which --no-web leaves out; drop one of them."),
        ("--enable_profiler", "--enable_profiler is not honoured: there is no TensorFlow profiler in kuzov"),
    ],
)
def test_wrong_use(kuzov: Kuzov, served: list[ServeSettings], words: str, error: str) -> None:
    done = kuzov("serve", *words.split())
    assert (done.status, served) == (2, [])
    assert error in done.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--teach --workers 2", "--teach нужен сервер из одного процесса; уберите --workers."),
        ("--port x", "'x' — не порт: от 1 до 65535, 0 — выключить, auto — взять свободный."),
    ],
)
def test_wrong_use_is_told_in_the_readers_language(
    kuzov: Kuzov, served: list[ServeSettings], words: str, error: str
) -> None:
    done = kuzov("serve", *words.split(), "--language", "ru")
    assert (done.status, served) == (2, [])
    assert error in done.err


def test_a_fresh_install_serves_the_ready_model_until_the_user_has_one(
    kuzov: Kuzov, served: list[ServeSettings]
) -> None:
    assert kuzov("serve").err == SAID
    assert served[0].models == (ModelConfig(name="img_classifier", base_path=ready_model()),)
    Path("models/img_classifier").mkdir(parents=True)
    assert kuzov("serve") == Done(0, "", "")
    assert served[1].models[0].base_path == Path("models/img_classifier")


def test_the_page_is_served_unless_it_is_left_out(
    serve: Serve, served: list[ServeSettings], pages: list[OpenExtension]
) -> None:
    serve(OF_CARS)
    assert len(pages) == 1
    serve(f"{OF_CARS}--no-web")
    serve(f"{OF_CARS}--no_web")
    assert len(pages) == 1


def test_the_form_of_the_log(serve: Serve, served: list[ServeSettings], forms: list[str]) -> None:
    serve(f"{OF_CARS}--log-format json")
    serve(OF_CARS)
    assert (forms, len(served)) == (["json", "text"], 2)


def test_version_is_told_as_tensorflow_serving_does(kuzov: Kuzov) -> None:
    assert kuzov("serve", "--version") == Done(0, f"kuzov {__version__}\n", "")


def test_help_loads_no_runtime() -> None:
    code = (
        "import sys; from kuzov.cli.serve import command; command(['--help'], standalone_mode=False); "
        "assert not {'openvino', 'numpy', 'uvicorn', 'grpc', 'tensorflow'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--model-base-path" in done.stdout
