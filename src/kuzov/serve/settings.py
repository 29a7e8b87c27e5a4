"""What to serve, where, and within which bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kuzov.cores import usable_cores
from kuzov.serve.batching.parameters import BatchingParameters
from kuzov.serve.limits import Limits
from kuzov.serve.repository.config import ModelConfig, RepositorySettings
from kuzov.serve.rest.extension import OpenExtension
from kuzov.serve.rpc.ssl_config import SslConfig

FREE_PORT = 0
# Threads that share an inference wait for each other, so two inferences on a core each get more done than one
# on both (docs/serving-benchmarks.md); but each holds its intermediate results in memory.
MAX_STREAMS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What computes the models.

    Attributes:
        engine: "auto", "openvino" or "tensorflow"; see `kuzov.engine.choose.load_engine`.
        precision: "auto", "f32", "bf16" or "int8"; see `kuzov.engine.openvino.load`.
        threads: Threads of one inference; 0 for as many as there are cores to use.
    """

    engine: str = "auto"
    precision: str = "auto"
    threads: int = 0

    @property
    def streams(self) -> int:
        """Inferences computed at the same time, each on its share of the threads."""
        return min(self.threads or usable_cores(), MAX_STREAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcSettings:
    """The gRPC side.

    Attributes:
        port: FREE_PORT takes a free one, which the log names; None turns gRPC off.
        socket_path: A Unix socket to listen on as well; None for none.
        tls: Keys and certificates; None for plain text.
        channel_options: gRPC's own options by name, as --grpc_channel_arguments gives them.
        tensor_content: Whether answers carry tensors as tensor_content rather than in typed fields.
        health: Whether grpc.health.v1 is answered.
    """

    port: int | None = 8500
    socket_path: str | None = None
    tls: SslConfig | None = None
    channel_options: Sequence[tuple[str, str | int]] = ()
    tensor_content: bool = False
    health: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RestSettings:
    """The REST side.

    Attributes:
        port: FREE_PORT takes a free one, which the log names; None turns REST off.
        cors: Whether pages from elsewhere may call it.
        metrics_path: Where Prometheus finds the metrics; None for nowhere.
        extensions: What is answered beside the server's own paths.
    """

    port: int | None = 8501
    cors: bool = False
    metrics_path: str | None = None
    extensions: Sequence[OpenExtension] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Everything that `kuzov serve` is told.

    Attributes:
        model_config_file: Where `models` came from, to be read again; None where flags named the one model.
        model_config_file_poll_wait_seconds: How often it is read again; 0 for never.
        batching: TensorFlow Serving's batching parameters; None for kuzov's own rule.
        host: Name or address to listen on; 0.0.0.0 for every address of the machine.
        method_name_check: Whether a signature may do only what its method name says.
        decode_threads: Threads that read JSON and decode photos; 0 for as many as there are cores.
        api_key_file: File of the keys that requests must carry one of; None where all are let in.
        grace_s: Time that requests under way have to finish once the server is told to stop.
        workers: Processes that share the ports.
    """

    models: tuple[ModelConfig, ...]
    model_config_file: Path | None = None
    model_config_file_poll_wait_seconds: float = 0.0
    repository: RepositorySettings = field(default_factory=RepositorySettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    batching: BatchingParameters | None = None
    host: str = "0.0.0.0"
    rpc: RpcSettings = field(default_factory=RpcSettings)
    rest: RestSettings = field(default_factory=RestSettings)
    limits: Limits = field(default_factory=Limits)
    method_name_check: bool = False
    decode_threads: int = 0
    api_key_file: Path | None = None
    grace_s: float = 30.0
    workers: int = 1
