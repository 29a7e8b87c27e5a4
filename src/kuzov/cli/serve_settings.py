"""What the options of `kuzov serve` say, as the server's settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kuzov.bundle.ready import USERS_MODEL, ready_model
from kuzov.cli.language import NO_EFFECT, note, wrong_use
from kuzov.cli.model import model_or_default
from kuzov.cli.taught_model import taught_model
from kuzov.errors import KuzovError
from kuzov.ray.serving.settings import RaySettings
from kuzov.serve.batching.parameters import BatchingParameters, read_batching_parameters
from kuzov.serve.limits import Limits
from kuzov.serve.monitoring.prometheus import read_monitoring_config
from kuzov.serve.repository.base_path import read_base_path
from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.repository.config_file import read_model_configs
from kuzov.serve.rest.extension import OpenExtension
from kuzov.serve.rpc.grpc_server import read_channel_arguments
from kuzov.serve.rpc.ssl_config import read_ssl_config
from kuzov.serve.settings import EngineSettings, RestSettings, RpcSettings, ServeSettings
from kuzov.web.page_routes import Web
from kuzov.words import Words

DEFAULT_NAME = "img_classifier"
TEACHING = Words(
    "The page teaches {model} by the photos in {folder}, with this token: {token}",
    "На странице обучают {model} по фото из {folder}, с этим токеном: {token}",
)
NOWHERE = Words(
    "Both APIs are turned off, so nobody could ask: give --port, --rest-api-port or --grpc-socket-path.",
    "Оба API выключены, и спросить сервер некому: задайте --port, --rest-api-port или --grpc-socket-path.",
)
REPLICAS_WITHOUT_RAY = Words(
    "--min-replicas and --max-replicas have no effect without --ray; add it.",
    "--min-replicas и --max-replicas без --ray ничего не меняют; добавьте.",
)
TEACH_WITHOUT_PAGE = Words(
    "--teach is a part of the page, which --no-web leaves out; drop one of them.",
    "--teach — часть страницы, а --no-web её убирает; оставьте одно из них.",
)
TEACH_WITHOUT_REST = Words(
    "--teach is a part of the REST port; give it one by --rest-api-port.",
    "--teach — часть порта REST; укажите его: --rest-api-port.",
)
TEACH_WITHOUT_POLLS = Words(
    "--teach needs a server that looks for new versions; set --file-system-poll-wait-seconds over 0.",
    "--teach нужен сервер, который ищет новые версии; задайте --file-system-poll-wait-seconds больше 0.",
)
TEACH_READY_MODEL = Words(
    "--teach can't change the model that comes with kuzov; leave --model-base-path away, and {model} begins "
    "as a copy of it.",
    "--teach не меняет модель, которая поставляется с kuzov; уберите --model-base-path, и её копией станет "
    "{model}.",
)
TEACH_ONE_MODEL = Words(
    "--teach teaches one model; name it by --model-base-path rather than --model-config-file.",
    "--teach обучает одну модель; укажите её не в --model-config-file, а в --model-base-path.",
)
TEACH_IN_ONE_PROCESS = Words(
    "--teach needs a server of one process; leave --workers away.",
    "--teach нужен сервер из одного процесса; уберите --workers.",
)
TEACH_ON_RAY = Words(
    "--teach needs a server of its own; drop --ray, or teach on another server.",
    "--teach нужен отдельный сервер; уберите --ray или обучайте на другом сервере.",
)
_TOKEN_BYTES = 24
_NO_TRAINING = Words(
    "Only what serving needs of kuzov is installed here, as in the images of kuzov deploy. To teach, "
    "serve where all of it is: pip install kuzov",
    "Здесь установлено только нужное для ответов, как в образах kuzov deploy. Чтобы обучать, "
    "запустите сервер там, где kuzov установлен целиком: pip install kuzov",
)


def new_token() -> str:
    """A secret that lets one teach; no two starts of a server have the same."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def serve_settings(options: Mapping[str, Any], token: str | None = None) -> ServeSettings:
    """What the command's options say; where the page teaches, with the token that lets one do so."""
    if options["port"] is None and options["rest_api_port"] is None and options["grpc_socket_path"] is None:
        raise wrong_use(NOWHERE)
    models = _models(options)
    request_timeout_s = options["rest_api_timeout_in_ms"] / 1000
    limits = Limits(request_timeout_s=request_timeout_s, **_of_same_name(Limits, options))
    load_retry_interval_s = options["load_retry_interval_micros"] / 1e6
    return ServeSettings(
        models=models,
        model_config_file=options["model_config_file"],
        model_config_file_poll_wait_seconds=options["model_config_file_poll_wait_seconds"],
        repository=RepositorySettings(
            load_retry_interval_s=load_retry_interval_s, **_of_same_name(RepositorySettings, options)
        ),
        engine=EngineSettings(**_of_same_name(EngineSettings, options)),
        batching=_batching(enabled=options["enable_batching"], file=options["batching_parameters_file"]),
        host=options["host"],
        rpc=_rpc(options),
        rest=_rest(options, extensions=(*_web(options, limits), *teaching(options, models, limits, token))),
        limits=limits,
        method_name_check=options["enable_signature_method_name_check"],
        decode_threads=options["decode_threads"],
        api_key_file=options["api_key_file"],
        grace_s=options["grace"],
        workers=options["workers"],
    )


def _of_same_name(settings: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are called as the settings are."""
    return {each.name: options[each.name] for each in fields(settings) if each.name in options}


def _models(options: Mapping[str, Any]) -> tuple[ModelConfig, ...]:
    """What to serve. The names of TensorFlow Serving's image, MODEL_NAME and MODEL_BASE_PATH, count too."""
    name, base_path = options["model_name"], options["model_base_path"]
    if options["model_config_file"] is not None:  # the flags for one model give way to it, as in TF Serving
        return read_model_configs(options["model_config_file"])
    of_image = "MODEL_NAME" in os.environ or "MODEL_BASE_PATH" in os.environ
    name = name or os.environ.get("MODEL_NAME") or DEFAULT_NAME
    folder = None if base_path is None else read_base_path(name, base_path)
    if folder is None and of_image:
        folder = read_base_path(name, os.environ.get("MODEL_BASE_PATH") or "/models") / name
    if options["teach"]:
        _check_teaching(options)
        return (taught_model(name, folder),)
    return (ModelConfig(name=name, base_path=model_or_default(folder)),)


def _batching(*, enabled: bool, file: Path | None) -> BatchingParameters | None:
    if file is not None and not enabled:
        raise wrong_use(NO_EFFECT.fill(option="--batching_parameters_file", without="--enable_batching"))
    if not enabled:
        return None
    return BatchingParameters() if file is None else read_batching_parameters(file)


def _rpc(options: Mapping[str, Any]) -> RpcSettings:
    ssl_file = options["ssl_config_file"]
    return RpcSettings(
        port=options["port"],
        socket_path=options["grpc_socket_path"],
        tls=None if ssl_file is None else read_ssl_config(ssl_file),
        channel_options=tuple(read_channel_arguments(options["grpc_channel_arguments"])),
        tensor_content=options["enable_serialization_as_tensor_content"],
        health=options["enable_grpc_healthcheck_service"],
    )


def _web(options: Mapping[str, Any], limits: Limits) -> tuple[OpenExtension, ...]:
    if not options["no_web"]:
        return (partial(Web, teaching=options["teach"], limits=limits),)
    if options["teach"]:
        raise wrong_use(TEACH_WITHOUT_PAGE)
    return ()


def teaching(
    options: Mapping[str, Any], models: Sequence[ModelConfig], limits: Limits, token: str | None = None
) -> tuple[OpenExtension, ...]:
    """The calls under /teach/, where they are asked for; the token that they need is printed."""
    photos: Path | None = options["teach_photos"]
    if not options["teach"]:
        if photos is not None:
            raise wrong_use(NO_EFFECT.fill(option="--teach-photos", without="--teach"))
        return ()
    _check_teaching(options)
    if models[0].base_path.resolve() == ready_model().resolve():
        raise wrong_use(TEACH_READY_MODEL.fill(model=str(USERS_MODEL)))
    from kuzov.teach.teach_routes import Teaching

    if find_spec("threadpoolctl") is None:  # the images of kuzov deploy leave it out
        raise KuzovError(_NO_TRAINING)
    (model,) = models
    folder = photos or model.base_path.with_name(f"{model.base_path.name}.photos")
    token = token or new_token()
    note(TEACHING.fill(model=model.name, folder=str(folder), token=token))
    return (partial(Teaching, model=model, photos=folder, token=token, limits=limits),)


def _check_teaching(options: Mapping[str, Any]) -> None:
    if options["model_config_file"] is not None:
        raise wrong_use(TEACH_ONE_MODEL)
    if options["workers"] > 1:
        raise wrong_use(TEACH_IN_ONE_PROCESS)
    if options["rest_api_port"] is None:
        raise wrong_use(TEACH_WITHOUT_REST)
    if not options["file_system_poll_wait_seconds"]:
        raise wrong_use(TEACH_WITHOUT_POLLS)


def _rest(options: Mapping[str, Any], *, extensions: Sequence[OpenExtension]) -> RestSettings:
    monitoring_file = options["monitoring_config_file"]
    return RestSettings(
        port=options["rest_api_port"],
        cors=options["rest_api_enable_cors_support"],
        metrics_path=None if monitoring_file is None else read_monitoring_config(monitoring_file),
        extensions=extensions,
    )


def ray_settings(options: Mapping[str, Any]) -> RaySettings | None:
    """How the server is spread over a cluster; None where it runs on this machine alone."""
    counts = {name: options[name] for name in ("min_replicas", "max_replicas") if options[name] is not None}
    if options["ray"] is None:
        if counts:
            raise wrong_use(REPLICAS_WITHOUT_RAY)
        return None
    if options["teach"]:
        raise wrong_use(TEACH_ON_RAY)
    return RaySettings(address=options["ray"] or None, **counts)
