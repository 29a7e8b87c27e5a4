"""What KubeRay 1.7 takes as a RayService and a RayJob, as far as it is used here: its API types."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import kubernetes_validate

from tests.deploy.manifests import NUMBER, OLDEST, TEXT, Manifest, closed, closed_resource

_ANY = {"type": "object"}  # what Kubernetes defines: validated as Kubernetes does, below
_FLAG = {"type": "boolean"}
_NAME = {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 47}
_OF_TEXTS = {"type": "object", "additionalProperties": TEXT}

RAY_CLUSTER = closed(
    "headGroupSpec",
    rayVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    enableInTreeAutoscaling=_FLAG,
    autoscalerOptions=closed("", securityContext=_ANY, volumeMounts={"type": "array"}),
    headGroupSpec=closed("template", rayStartParams=_OF_TEXTS, template=_ANY),
    workerGroupSpecs={
        "type": "array",
        "items": closed(
            "groupName minReplicas maxReplicas template",
            groupName=TEXT,
            replicas=NUMBER,
            minReplicas=NUMBER,
            maxReplicas=NUMBER,
            rayStartParams=_OF_TEXTS,
            template=_ANY,
        ),
    },
)
RAY_SERVICE = closed_resource(
    "ray.io/v1",
    "RayService",
    closed(
        "rayClusterConfig",
        excludeHeadPodFromServeSvc=_FLAG,
        serveConfigV2=TEXT,
        rayClusterConfig=RAY_CLUSTER,
    ),
)
RAY_JOB = closed_resource(
    "ray.io/v1",
    "RayJob",
    closed(
        "entrypoint rayClusterSpec",
        entrypoint=TEXT,
        backoffLimit=NUMBER,
        shutdownAfterJobFinishes=_FLAG,
        ttlSecondsAfterFinished=NUMBER,
        submitterPodTemplate=_ANY,
        rayClusterSpec=RAY_CLUSTER,
    ),
)


def validate_ray(found: Manifest, version: str = OLDEST) -> None:
    """As the API server of a version would with KubeRay's definitions, strictly, down to the pods."""
    jsonschema.validate(found, {"RayService": RAY_SERVICE, "RayJob": RAY_JOB}[found["kind"]])
    jsonschema.validate(found["metadata"]["name"], _NAME)
    cluster = cluster_of(found)
    groups = cluster.get("workerGroupSpecs", [])
    assert all(group["minReplicas"] <= group.get("replicas", group["minReplicas"]) <= group["maxReplicas"]
               for group in groups)  # fmt: skip
    for template in pod_templates(found):
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "any"}, "template": template},
            version,
            strict=True,
        )
    container = {"name": "autoscaler", **cluster.get("autoscalerOptions", {})}
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, "spec": {"containers": [container]}},
        version,
        strict=True,
    )


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
