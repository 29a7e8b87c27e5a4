"""kuzov tells which car model a photo shows.

The public names load on first use, so that `import kuzov` costs next to nothing and needs no TensorFlow.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kuzov.api import load, train
    from kuzov.client.client import Client
    from kuzov.config import TrainConfig
    from kuzov.engine.recogniser import Recogniser
    from kuzov.errors import KuzovError
    from kuzov.records import Prediction

    __version__: str

__all__ = ["Client", "KuzovError", "Prediction", "Recogniser", "TrainConfig", "load", "train"]

# OpenVINO would tell its makers of every process, and leave a file in the home folder. Without this package
# it tells nobody. In a process that has loaded it already, it stays as it is.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

_HOMES = {
    "Client": "kuzov.client.client",
    "KuzovError": "kuzov.errors",
    "Prediction": "kuzov.records",
    "Recogniser": "kuzov.engine.recogniser",
    "TrainConfig": "kuzov.config",
    "load": "kuzov.api",
    "train": "kuzov.api",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it takes longer than all else here

        return version("kuzov")
    if name not in _HOMES:
        raise AttributeError(f"module 'kuzov' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
