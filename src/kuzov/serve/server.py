"""The server process: load the model, open the port, answer until a signal ends it."""

from __future__ import annotations

import logging
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from kuzov.engine import openvino
from kuzov.errors import KuzovError
from kuzov.serve.rest import rest_app
from kuzov.serve.servable import LoadEngine, ServableStore
from kuzov.serve.service import Service

SHUTDOWN_GRACE_S = 30
KEEP_ALIVE_S = 60

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """What to serve, and where.

    Attributes:
        model_name: The model's name in the paths of the API.
        model_base_path: The folder that holds its versions.
        host: Name or address to listen on; 0.0.0.0 for every address of the machine.
        rest_api_port: Port of the REST API; 0 takes a free one, which the log names.
        precision: "auto", "f32" or "bf16"; see `kuzov.engine.openvino.load`.
    """

    model_name: str = "img_classifier"
    model_base_path: Path = Path("models/img_classifier")
    host: str = "127.0.0.1"
    rest_api_port: int = 8501
    precision: str = "auto"


def serve(settings: ServeSettings, *, load_engine: LoadEngine | None = None) -> None:
    """Serve a model until SIGTERM or SIGINT; requests under way are then finished, within 30 seconds.

    It logs `Exporting HTTP/REST API at:HOST:PORT ...` when requests are answered. A second signal ends the
    process at once. Call it in the main thread, which alone gets signals.

    Args:
        settings: What to serve, and where.
        load_engine: Loads a version's folder; OpenVINO unless another is given.

    Raises:
        BundleError: There is no model under the base path, or it can't be loaded.
        KuzovError: The port can't be opened.
    """
    load = load_engine or partial(openvino.load, precision=settings.precision)
    # A port that is taken is found out before the model is loaded; no client gets in until it is served.
    with _bind(settings.host, settings.rest_api_port) as listener:
        store = ServableStore(settings.model_name, settings.model_base_path, load)
        loaded = store.get(settings.model_name)
        _log.info("Loaded %s, version %d, by %s", loaded.name, loaded.version, loaded.engine.name)
        config = uvicorn.Config(
            rest_app(Service(store)),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
        )
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, but a signal that was obeyed counts as a success: the process ends with status 0."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            _log.info("Exporting HTTP/REST API at:%s:%d ...", shown, port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # uvicorn's own handler also notes the signal, to raise it again after the shutdown: the process
        # would then die by the signal that it has just obeyed.
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.should_exit = True


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise KuzovError(f"Can't listen on {host}: {error.strerror}. Check --host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise KuzovError(
            f"Can't listen on {host}, port {port}: {error.strerror}. "
            "Stop the program that uses the port, or choose another with --rest-api-port."
        ) from error
    return listener
