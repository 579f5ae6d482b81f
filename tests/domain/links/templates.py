"""Pod templates, pods and Deployments for tests, with defaults for what a case does not care about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeldeck.domain.kubernetes.workloads import Container, ContainerState, Deployment, EnvVar, Pod, PodTemplate, ReplicaSet


def container(name: str = "server", image: str = "registry/server:1", **parts: Any) -> Container:
    env = tuple(EnvVar(key, value) for key, value in dict(parts.pop("env", {})).items())
    return Container(name, image, env=env, **parts)


def template(*containers: Container, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None) -> PodTemplate:
    return PodTemplate(labels or {"app": "iris"}, annotations or {}, containers or (container(),))


def deployment(name: str = "iris", of: PodTemplate | None = None, **parts: Any) -> Deployment:
    counts = parts.pop("counts", 1)
    values: dict[str, Any] = {
        "namespace": "serving",
        "name": name,
        "uid": f"uid-{name}",
        "resource_version": "1",
        "generation": 1,
        "observed_generation": 1,
        "labels": {},
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "selector": {"app": name},
        "template": of or template(),
        "template_hash": "t",
        "desired": counts,
        "replicas": counts,
        "updated": counts,
        "ready": counts,
        "available": counts,
        "paused": False,
        "conditions": (),
        "created_at": 0.0,
    }
    return Deployment(**(values | parts))


def replica_set(of: Deployment, revision: int = 1, template: PodTemplate | None = None, **parts: Any) -> ReplicaSet:
    values: dict[str, Any] = {
        "namespace": of.namespace,
        "name": f"{of.name}-{revision}",
        "uid": f"{of.uid}-{revision}",
        "owner_uid": of.uid,
        "revision": revision,
        "change_cause": "",
        "annotations": {},
        "template": template or of.template,
        "desired": 1,
        "ready": 1,
        "available": 1,
        "created_at": 0.0,
    }
    return ReplicaSet(**(values | parts))


def state(name: str = "server", *, ready: bool = True, **parts: Any) -> ContainerState:
    values: dict[str, Any] = {"image": "registry/server:1", "restarts": 0, "state": "running", "reason": "", "message": ""}
    return ContainerState(name=name, ready=ready, **(values | parts))


def pod(of: ReplicaSet, name: str = "", *, ready: bool = True, **parts: Any) -> Pod:
    values: dict[str, Any] = {
        "namespace": of.namespace,
        "name": name or f"{of.name}-abcde",
        "uid": f"{of.uid}-{name}",
        "owner_uid": of.uid,
        "phase": "Running",
        "terminating": False,
        "reason": "Running",
        "message": "",
        "node": "node-1",
        "ip": "10.0.0.1",
        "created_at": 100.0,
        "started_at": 101.0,
        "template": of.template,
        "containers": (state(ready=ready),),
    }
    return Pod(ready=ready, **(values | parts))
