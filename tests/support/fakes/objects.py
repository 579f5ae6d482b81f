"""Kubernetes objects as JSON: merged as the API merges them, and read as the sources read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from modeldeck.domain.kubernetes.workloads import (
    Condition,
    Container,
    Controller,
    Deployment,
    EnvVar,
    FieldOwner,
    PodTemplate,
)


def to_template(raw: Mapping[str, Any]) -> PodTemplate:
    metadata, spec = raw.get("metadata", {}), raw["spec"]
    labels, annotations = dict(metadata.get("labels", {})), dict(metadata.get("annotations", {}))
    return PodTemplate(labels, annotations, _containers(spec["containers"]), _containers(spec.get("initContainers", ())))


def _containers(raw: Iterable[Mapping[str, Any]]) -> tuple[Container, ...]:
    return tuple(
        Container(
            one["name"],
            one["image"],
            tuple(one.get("command", ())),
            tuple(one.get("args", ())),
            tuple(EnvVar(variable["name"], variable.get("value")) for variable in one.get("env", ())),
        )
        for one in raw
    )


def to_deployment(raw: Mapping[str, Any]) -> Deployment:
    metadata, spec, status = raw["metadata"], raw["spec"], raw["status"]
    text = json.dumps(spec["template"], sort_keys=True)
    return Deployment(
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        metadata["generation"],
        status["observedGeneration"],
        dict(metadata["labels"]),
        dict(metadata["annotations"]),
        {"app": metadata["name"]},
        to_template(spec["template"]),
        hashlib.sha256(text.encode()).hexdigest(),
        spec["replicas"],
        status.get("replicas", 0),
        status.get("updatedReplicas", 0),
        status.get("readyReplicas", 0),
        status.get("availableReplicas", 0),
        bool(spec.get("paused")),
        tuple(Condition(**condition) for condition in status.get("conditions", ())),
        1.0,
        tuple(FieldOwner(*owner) for owner in metadata.get("owners", ())),
        Controller(*metadata["controller"]) if "controller" in metadata else None,
    )


def strategic_merge(target: Any, patch: Any) -> Any:
    """Kubernetes' strategic merge, as far as Deployments are patched here: lists of named things merge by name."""
    if isinstance(patch, dict) and isinstance(target, dict):
        for key, value in patch.items():
            if value is None:
                target.pop(key, None)
            elif key in target:
                target[key] = strategic_merge(target[key], value)
            else:
                target[key] = strategic_merge({}, value) if isinstance(value, dict) else value
        return target
    named = isinstance(patch, list) and isinstance(target, list) and all(isinstance(one, dict) and "name" in one for one in patch)
    if not named:
        return patch
    for one in patch:
        known = next((index for index, other in enumerate(target) if other["name"] == one["name"]), None)
        if one.get("$patch") == "delete":
            target[:] = [other for other in target if other["name"] != one["name"]]
        elif known is None:
            target.append(one)
        else:
            target[known] = strategic_merge(target[known], one)
    return target
