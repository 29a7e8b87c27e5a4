"""What Kubernetes, KEDA, KServe and the Prometheus operator take, and what Kustomize makes of a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema
import kubernetes_validate
import pytest
import yaml

Manifest: TypeAlias = dict[str, Any]

OLDEST = "1.30"  # the first with preStop.sleep
NEWEST = kubernetes_validate.latest_version()

# The kinds that Kubernetes does not define, as far as they are used here: what their documentation says.
TEXT = {"type": "string"}
NUMBER = {"type": "integer", "minimum": 0}


def closed(required: str, **properties: object) -> dict[str, object]:
    """An object that has these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def closed_resource(api_version: str, kind: str, spec: dict[str, object]) -> dict[str, object]:
    named = {"apiVersion": {"const": api_version}, "kind": {"const": kind}, "metadata": {"type": "object"}}
    return closed("apiVersion kind metadata spec", **named, spec=spec)


SCALED_OBJECT = closed_resource(
    "keda.sh/v1alpha1",
    "ScaledObject",
    closed(
        "scaleTargetRef triggers",
        scaleTargetRef=closed("name", name=TEXT),
        pollingInterval=NUMBER,
        minReplicaCount=NUMBER,
        maxReplicaCount=NUMBER,
        fallback=closed(
            "failureThreshold replicas",
            failureThreshold=NUMBER,
            replicas=NUMBER,
            behavior={
                "enum": [
                    "static",
                    "currentReplicas",
                    "currentReplicasIfHigher",
                    "currentReplicasIfLower",
                    "triggerScalingModifier",
                ]
            },
        ),
        triggers={
            "type": "array",
            "items": closed(
                "type metadata",
                type={"enum": ["prometheus", "cpu"]},
                metricType={"enum": ["AverageValue", "Value", "Utilization"]},
                metadata={"type": "object", "additionalProperties": TEXT},
            ),
        },
    ),
)
SERVING_RUNTIME = closed_resource(
    "serving.kserve.io/v1alpha1",
    "ServingRuntime",
    closed(
        "supportedModelFormats containers",
        annotations={"type": "object", "additionalProperties": TEXT},
        supportedModelFormats={"type": "array", "items": closed("name", name=TEXT, version=TEXT)},
        protocolVersions={"type": "array", "items": {"enum": ["v1", "v2", "grpc-v1", "grpc-v2"]}},
        containers={"type": "array", "minItems": 1},
        volumes={"type": "array"},
    ),
)
INFERENCE_SERVICE = closed_resource(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    closed(
        "predictor",
        predictor=closed(
            "model",
            automountServiceAccountToken={"type": "boolean"},
            terminationGracePeriodSeconds=NUMBER,
            minReplicas=NUMBER,
            maxReplicas=NUMBER,
            model=closed(
                "modelFormat storageUri",
                runtime=TEXT,
                modelFormat=closed("name", name=TEXT, version=TEXT),
                protocolVersion={"enum": ["v1", "v2"]},
                storageUri=TEXT,
            ),
            autoScaling=closed(
                "metrics",
                metrics={
                    "type": "array",
                    "items": closed(
                        "type external",
                        type={"const": "External"},
                        external=closed(
                            "metric target",
                            metric=closed(
                                "backend serverAddress query",
                                backend={"const": "prometheus"},
                                serverAddress=TEXT,
                                query=TEXT,
                            ),
                            target=closed("type value", type={"const": "Value"}, value=TEXT),
                        ),
                    ),
                },
            ),
        ),
    ),
)
POD_MONITOR = closed_resource(
    "monitoring.coreos.com/v1",
    "PodMonitor",
    closed(
        "selector podMetricsEndpoints",
        selector=closed("matchLabels", matchLabels={"type": "object"}),
        podMetricsEndpoints={"type": "array", "items": closed("port", port=TEXT, path=TEXT, interval=TEXT)},
    ),
)
OF_OTHERS = {
    "ScaledObject": SCALED_OBJECT,
    "ServingRuntime": SERVING_RUNTIME,
    "InferenceService": INFERENCE_SERVICE,
    "PodMonitor": POD_MONITOR,
}


def validate(found: Manifest, version: str = OLDEST) -> None:
    """As the API server of a version would, strictly; kinds that others define by their documentation."""
    if found["kind"] in OF_OTHERS:
        jsonschema.validate(found, OF_OTHERS[found["kind"]])
    else:
        kubernetes_validate.validate(found, version, strict=True)


def build(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("There is no kubectl here to build the overlays with.")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
