"""The standard health service, grpc.health.v1, which load balancers and Kubernetes ask."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

from kuzov.wire.messages import MODEL_SERVICE, PREDICTION_SERVICE

HEALTH_SERVICE = "grpc.health.v1.Health"
NAMES = ("", "ModelService", "PredictionService", MODEL_SERVICE, PREDICTION_SERVICE)
"""What can be asked for: everything, and each service by TensorFlow Serving's name and by its own."""


class Health:
    """Tells whether the server takes requests. It needs no key, and no place among the requests under way."""

    def __init__(self, server: grpc.aio.Server) -> None:
        """Add the service to a server that has not started."""
        self._servicer = aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def serving(self) -> None:
        """Say SERVING from now on."""
        for name in NAMES:
            await self._servicer.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def draining(self) -> None:
        """Say NOT_SERVING from now on, for good."""
        await self._servicer.enter_graceful_shutdown()
