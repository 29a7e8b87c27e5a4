"""`kuzov serve --ray`: run the application on a cluster until a signal comes."""

from __future__ import annotations

import logging
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from click import unstyle
from ray import serve
from ray.exceptions import RayError
from ray.serve.config import HTTPOptions, gRPCOptions
from ray.serve.schema import LoggingConfig

from kuzov.errors import BundleError, ConfigError, KuzovError
from kuzov.ray.cluster import connected
from kuzov.ray.serving.application import application, room
from kuzov.ray.serving.rpc import SERVICER_FUNCTION
from kuzov.ray.serving.settings import APPLICATION, RaySettings, check_settings
from kuzov.serve.listening import EVERY_ADDRESS, shown
from kuzov.serve.monitoring.log import LogForm
from kuzov.serve.server import WhenReady, with_ports
from kuzov.serve.settings import ServeSettings
from kuzov.signals import on_ending_signals

# The replica gives a request up by itself, and says so in the words of TensorFlow Serving. The proxy, which
# counts the time in the queue too, only cuts off what no replica takes.
PROXY_WAITS_LONGER_S = 1.0

_OWN_ERROR = re.compile(r"kuzov\.errors\.\w+: (.+)")
_log = logging.getLogger(__name__)


def serve_on_ray(
    settings: ServeSettings,
    ray_settings: RaySettings,
    *,
    log_format: LogForm = "text",
    when_ready: WhenReady | None = None,
) -> None:
    """Serve models by replicas on a Ray cluster until SIGTERM or SIGINT, then finish the requests under way.

    It logs the same lines as `kuzov.serve.server.serve` when requests are answered. Call it in the main
    thread. The models' folders and the file of keys must be found by the same paths on every node.

    Raises:
        ConfigError: A setting can't be kept on Ray Serve.
        BundleError: A model can't be loaded.
        KuzovError: There is no cluster, or Ray Serve is in use there already.
    """
    check_settings(settings)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    with connected(ray_settings.address) as begun:
        if serve.status().proxies:
            raise KuzovError(
                "Ray Serve runs on this cluster already, and its ports can't be changed. End it with: serve "
                "shutdown, or add kuzov to its own configuration file (docs/scale.md)."
            )
        if begun and room(settings) < ray_settings.min_replicas:
            raise ConfigError(
                f"This machine has cores for {room(settings)} replicas, not for {ray_settings.min_replicas}: "
                "lower --min-replicas, or --tensorflow-intra-op-parallelism, which is the cores of each."
            )
        settings = with_ports(settings)  # the other nodes take the same
        try:
            _start(settings)
            _run(settings, ray_settings, log_format)
            with _stop_signal() as stop:
                _tell(settings)
                if when_ready is not None:
                    when_ready(settings)
                stop.wait()
                serve.delete(APPLICATION)
        finally:
            # With a cluster of its own Ray Serve ends, too.
            if not begun:
                serve.shutdown()


def _start(settings: ServeSettings) -> None:
    rpc, rest = settings.rpc, settings.rest
    timeout_s = settings.limits.request_timeout_s + PROXY_WAITS_LONGER_S
    serve.start(
        http_options=HTTPOptions(host=settings.host, port=rest.port, request_timeout_s=timeout_s),
        grpc_options=gRPCOptions(
            port=rpc.port or 0,
            grpc_servicer_functions=[] if rpc.port is None else [SERVICER_FUNCTION],
            request_timeout_s=timeout_s,
            # It would describe no message: theirs are in no pool that Ray knows.
            enable_reflection=False,
        ),
        logging_config=LoggingConfig(enable_access_log=False),
    )


def _run(settings: ServeSettings, ray_settings: RaySettings, log_format: LogForm) -> None:
    try:
        serve.run(application(settings, ray_settings, log_format=log_format), name=APPLICATION)
    except RuntimeError as error:
        deployments = serve.status().applications[APPLICATION].deployments.values()
        told = "\n".join([str(error), *(each.message for each in deployments)])
        own = _OWN_ERROR.findall(told)
        if not own:
            raise KuzovError(f"The replicas do not start. {unstyle(told)}") from error
        raise BundleError(own[-1]) from error
    except RayError as error:
        raise KuzovError(f"The Ray cluster failed: {unstyle(str(error))}") from error


def _tell(settings: ServeSettings) -> None:
    host = "localhost" if settings.host in EVERY_ADDRESS else settings.host
    if settings.rpc.port is not None:
        _log.info("Running gRPC ModelServer at %s ...", shown(settings.host, settings.rpc.port))
    _log.info("Exporting HTTP/REST API at:%s ...", shown(host, settings.rest.port or 0))


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = threading.Event()

    def obey(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    with on_ending_signals(obey):
        yield stop
