"""`kuzov serve` with a model that takes as many seconds as it is asked to, and with little patience.

Run as `python -m tests.chaos.slow_server OPTION…`; the options are those of `kuzov serve`.
"""

from __future__ import annotations

import time
from unittest.mock import patch

from kuzov.cli.main import main
from kuzov.network import Tensors
from kuzov.records import Signature, TensorSpec
from kuzov.serve.batching import scheduler
from kuzov.serve.rest import http
from tests.serve.engines import PlainEngine

HEAD_TIMEOUT_S = 1.0

_X = TensorSpec(dtype="DT_FLOAT", shape=(-1,), name="x:0")


class SlowEngine(PlainEngine):
    """Sleeps, and answers with how often it has slept."""

    name = "slow"

    def __init__(self) -> None:
        self.signatures = {"serving_default": Signature(inputs={"x": _X}, outputs={"y": _X}, method_name="")}
        self._calls = 0

    def batched(self, signature: str) -> bool:
        return False

    def infer(self, _network: str, tensors: Tensors) -> Tensors:
        self._calls += 1
        time.sleep(float(tensors["x"][0]))
        return {"y": tensors["x"] * 0 + self._calls}


if __name__ == "__main__":
    http.HEAD_TIMEOUT_S, http.LINGER_S, scheduler.CLOSE_GRACE_S = HEAD_TIMEOUT_S, 0.2, 0.5
    with patch("kuzov.serve.core.choose_engine", lambda _folder, **_options: SlowEngine()):
        main()
