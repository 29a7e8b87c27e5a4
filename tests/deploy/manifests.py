"""What Kubernetes and the operators beside it take, and what Kustomize makes of a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema
import kubernetes_validate
import pytest
import yaml

Manifest: TypeAlias = dict[str, Any]

OLDEST = "1.30"  # the first with preStop.sleep
NEWEST = kubernetes_validate.latest_version()

# What a field holds: a type, one of some words, a list of such, or fields and no others, of which those with
# a ! must be there; * is a field of any name.
_RAY_CLUSTER = {
    "rayVersion": str,
    "enableInTreeAutoscaling": bool,
    "autoscalerOptions": {"securityContext": dict, "volumeMounts": [dict]},
    "headGroupSpec!": {"template!": dict, "rayStartParams": {"*": str}},
    "workerGroupSpecs": [
        {
            "groupName!": str,
            "replicas": int,
            "minReplicas!": int,
            "maxReplicas!": int,
            "rayStartParams": {"*": str},
            "template!": dict,
        }
    ],
}
_MODEL_FORMAT = {"name!": str, "version": str}
_CURRENT = {"currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"}
# The kinds that Kubernetes does not define, as far as they are used here: what their documentation says.
OF_OTHERS: dict[str, tuple[str, Manifest]] = {
    "ScaledObject": (
        "keda.sh/v1alpha1",
        {
            "scaleTargetRef!": {"name!": str},
            "pollingInterval": int,
            "minReplicaCount": int,
            "maxReplicaCount": int,
            "fallback": {"failureThreshold!": int, "replicas!": int, "behavior": {"static", *_CURRENT}},
            "triggers!": [
                {
                    "type!": {"prometheus", "cpu"},
                    "metricType": {"AverageValue", "Value", "Utilization"},
                    "metadata!": {"*": str},
                }
            ],
        },
    ),
    "ServingRuntime": (
        "serving.kserve.io/v1alpha1",
        {
            "annotations": {"*": str},
            "supportedModelFormats!": [_MODEL_FORMAT],
            "protocolVersions": [{"v1", "v2", "grpc-v1", "grpc-v2"}],
            "containers!": [dict],
            "volumes": [dict],
        },
    ),
    "InferenceService": (
        "serving.kserve.io/v1beta1",
        {
            "predictor!": {
                "automountServiceAccountToken": bool,
                "terminationGracePeriodSeconds": int,
                "minReplicas": int,
                "maxReplicas": int,
                "model!": {
                    "runtime": str,
                    "modelFormat!": _MODEL_FORMAT,
                    "protocolVersion": {"v1", "v2"},
                    "storageUri!": str,
                },
                "autoScaling": {
                    "metrics!": [
                        {
                            "type!": {"External"},
                            "external!": {
                                "metric!": {"backend!": {"prometheus"}, "serverAddress!": str, "query!": str},
                                "target!": {"type!": {"Value"}, "value": str},
                            },
                        }
                    ]
                },
            }
        },
    ),
    "PodMonitor": (
        "monitoring.coreos.com/v1",
        {
            "selector!": {"matchLabels!": dict},
            "podMetricsEndpoints!": [{"port!": str, "path": str, "interval": str}],
        },
    ),
    "RayService": (
        "ray.io/v1",
        {"excludeHeadPodFromServeSvc": bool, "serveConfigV2": str, "rayClusterConfig!": _RAY_CLUSTER},
    ),
    "RayJob": (
        "ray.io/v1",
        {
            "entrypoint!": str,
            "backoffLimit": int,
            "shutdownAfterJobFinishes": bool,
            "ttlSecondsAfterFinished": int,
            "submitterPodTemplate": dict,
            "rayClusterSpec!": _RAY_CLUSTER,
        },
    ),
}
_TYPES: dict[object, Manifest] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": 0},
    bool: {"type": "boolean"},
    dict: {"type": "object"},
}


def schema_of(shape: Any) -> Manifest:
    """A shape as a JSON schema."""
    if isinstance(shape, type):
        return _TYPES[shape]
    if isinstance(shape, set):
        return {"enum": sorted(shape)}
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0])}
    return {
        "type": "object",
        "properties": {name.rstrip("!"): schema_of(each) for name, each in shape.items()},
        "required": [name.rstrip("!") for name in shape if name.endswith("!")],
        "additionalProperties": schema_of(shape["*"]) if "*" in shape else False,
    }


def validate(found: Manifest, version: str = OLDEST) -> None:
    """As the API server of a version would, strictly; kinds that others define by their documentation."""
    kind = found["kind"]
    if kind not in OF_OTHERS:
        kubernetes_validate.validate(found, version, strict=True)
        return
    api, spec = OF_OTHERS[kind]
    jsonschema.validate(
        found, schema_of({"apiVersion!": {api}, "kind!": {kind}, "metadata!": dict, "spec!": spec})
    )
    if api == "ray.io/v1":
        assert len(found["metadata"]["name"]) <= 47
        for group in cluster_of(found).get("workerGroupSpecs", []):
            lowest = group["minReplicas"]
            assert lowest <= group.get("replicas", lowest) <= group["maxReplicas"]
        for template in pod_templates(found):
            validate(of_kind("PodTemplate", template=template), version)
        autoscaler = {"name": "autoscaler", **cluster_of(found).get("autoscalerOptions", {})}
        validate(of_kind("Pod", spec={"containers": [autoscaler]}), version)


def of_kind(kind: str, **content: object) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "any"}, **content}


def cluster_of(found: Manifest) -> Manifest:
    """The Ray cluster of a service or a job."""
    spec = found["spec"]
    cluster: Manifest = spec["rayClusterConfig" if found["kind"] == "RayService" else "rayClusterSpec"]
    return cluster


def pod_templates(found: Manifest) -> Iterator[Manifest]:
    """The templates of all pods that KubeRay makes: the head's, the workers', the submitter's."""
    cluster = cluster_of(found)
    yield cluster["headGroupSpec"]["template"]
    yield from (group["template"] for group in cluster["workerGroupSpecs"])
    if "submitterPodTemplate" in found["spec"]:
        yield found["spec"]["submitterPodTemplate"]


def build(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("There is no kubectl here to build the overlays with.")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
