"""What a real API server refuses with 422, field by field, in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubesim.admission.pod_validation import check_pod_spec, pod_spec_changed
from kubesim.api import selectors
from kubesim.api.int_or_percent import scaled
from kubesim.api.kinds import Kind, Object
from kubesim.api.statuses import Cause
from kubesim.api.validation_messages import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    label_problem,
    name_problem,
    not_supported,
    required,
    too_small,
    wrong,
)

_LABEL_NAMES = {"Namespace", "Service"}
_FREE_NAMES = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def check(kind: Kind, obj: Object, old: Object | None) -> list[Cause]:
    """Every reason why `obj` cannot be stored; `old` is what it replaces, None on creation."""
    causes = list(_metadata(kind, obj["metadata"], old["metadata"] if old else None))
    if old is not None:
        # An update's metadata is checked as an update and as an object; each finds the same.
        causes += causes
    match kind.kind:
        case "Deployment":
            causes += _deployment(obj, old)
        case "ReplicaSet":
            causes += _workload(obj, old)
        case "Pod":
            causes += check_pod_spec(obj.get("spec", {}), "spec", template=False) if old is None else pod_spec_changed(obj, old)
        case "RoleBinding" | "ClusterRoleBinding":
            causes += _binding(obj, old)
        case "Service":
            causes += _service(obj)
        case "HorizontalPodAutoscaler":
            causes += _autoscaler(obj)
        case "Event":
            causes += _event(obj)
        case "Lease":
            causes += _lease(obj)
    return causes


def _event(obj: Object) -> Iterator[Cause]:
    namespace = obj.get("involvedObject", {}).get("namespace", "")
    mine = obj["metadata"].get("namespace", "")
    if namespace != mine and not (namespace == "" and mine == "default"):
        yield wrong("involvedObject.namespace", namespace, "does not match event.namespace")


def _lease(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec.get("leaseDurationSeconds", 1) <= 0:
        yield wrong("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0")
    if spec.get("leaseTransitions", 0) < 0:
        yield too_small("spec.leaseTransitions", spec["leaseTransitions"])


def _metadata(kind: Kind, meta: Object, old: Object | None) -> Iterator[Cause]:
    name = meta.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif kind.kind in _FREE_NAMES:
        if "/" in name or "%" in name or name in (".", ".."):
            yield wrong("metadata.name", name, "may not contain '/'" if "/" in name else f"may not be '{name}'")
    else:
        problem = name_problem(name, DNS_LABEL if kind.kind in _LABEL_NAMES else DNS_SUBDOMAIN)
        if problem:
            yield wrong("metadata.name", name, problem)
    yield from _labels(meta.get("labels") or {}, "metadata.labels")
    for key in meta.get("annotations") or {}:
        problem = label_problem(key)
        if problem:
            yield wrong("metadata.annotations", key, problem)
    for field in ("uid", "creationTimestamp", "deletionTimestamp"):
        if old is not None and meta.get(field) != old.get(field):
            yield wrong(f"metadata.{field}", meta.get(field), "field is immutable")


def _labels(labels: Object, where: str) -> Iterator[Cause]:
    for key, value in labels.items():
        problem = label_problem(key)
        if problem:
            yield wrong(where, key, problem)
        if not re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", value) or len(value) > 63:
            yield wrong(
                where,
                value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
                "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            )


def _deployment(obj: Object, old: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from _workload(obj, old)
    yield from _strategy(spec)
    if spec.get("minReadySeconds", 0) < 0:
        yield too_small("spec.minReadySeconds", spec["minReadySeconds"])
    if spec["revisionHistoryLimit"] < 0:
        yield too_small("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
    deadline = spec["progressDeadlineSeconds"]
    if deadline < 0:
        yield too_small("spec.progressDeadlineSeconds", deadline)
    if deadline <= spec.get("minReadySeconds", 0):
        yield wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _workload(obj: Object, old: Object | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["replicas"] < 0:
        yield too_small("spec.replicas", spec["replicas"])
    selector = spec.get("selector")
    labels = spec["template"]["metadata"].get("labels")
    if selector is None:
        yield required("spec.selector")
    elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
        word = "deployment" if obj.get("kind") != "ReplicaSet" else "replicaset"
        yield wrong("spec.selector", selector, f"empty selector is invalid for {word}")
    if selector is None or not selectors.from_object(selector).matches(labels or {}):
        yield wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from _labels(labels or {}, "spec.template.labels")
    yield from check_pod_spec(spec["template"]["spec"], "spec.template.spec", template=True)
    if old is not None and selector != old["spec"].get("selector"):
        yield wrong("spec.selector", selector, "field is immutable")


def _strategy(spec: Object) -> Iterator[Cause]:
    strategy = spec["strategy"]
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate":
        if rolling is not None:
            yield Cause(
                "FieldValueForbidden", "Forbidden: may not be specified when strategy `type` is 'Recreate'", "spec.strategy.rollingUpdate"
            )
        return
    if strategy["type"] != "RollingUpdate":
        shown = {
            "Type": strategy["type"],
            "RollingUpdate": rolling and {"MaxUnavailable": rolling.get("maxUnavailable"), "MaxSurge": rolling.get("maxSurge")},
        }
        yield not_supported("spec.strategy", shown, ("Recreate", "RollingUpdate"))
        return
    bad = False
    for name in ("maxUnavailable", "maxSurge"):
        for cause in _int_or_percent(rolling[name], f"spec.strategy.rollingUpdate.{name}"):
            bad = True
            yield cause
    if not bad and scaled(rolling["maxUnavailable"], 100, up=True) == 0 and scaled(rolling["maxSurge"], 100, up=True) == 0:
        yield wrong("spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")
    if str(rolling["maxUnavailable"]).endswith("%") and int(rolling["maxUnavailable"][:-1]) > 100:
        yield wrong("spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "must not be greater than 100%")


def _int_or_percent(value: Any, where: str) -> Iterator[Cause]:
    if isinstance(value, int):
        if value < 0:
            yield too_small(where, value)
    elif not re.fullmatch(r"[0-9]+%", value):
        yield wrong(
            where,
            value,
            "a valid percent string must be a numeric string followed by an ending '%' "
            "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        )


def _binding(obj: Object, old: Object | None) -> Iterator[Cause]:
    reference = obj.get("roleRef", {})
    allowed = ("Role", "ClusterRole") if "namespace" in obj["metadata"] else ("ClusterRole",)
    if reference.get("kind") not in allowed:
        yield not_supported("roleRef.kind", reference.get("kind", ""), allowed)
    if not reference.get("name"):
        yield required("roleRef.name")
    if old is not None and reference != old.get("roleRef"):
        shown = {"APIGroup": reference["apiGroup"], "Kind": reference["kind"], "Name": reference["name"]}
        yield wrong("roleRef", shown, "cannot change roleRef")


def _service(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    for at, port in enumerate(spec.get("ports") or ()):
        if len(spec["ports"]) > 1 and not port.get("name"):
            yield required(f"spec.ports[{at}].name")
        if not 0 < port.get("port", 0) < 65536:
            yield wrong(f"spec.ports[{at}].port", port.get("port", 0), "must be between 1 and 65535, inclusive")
        target = port.get("targetPort")
        if isinstance(target, int) and not 0 < target < 65536:
            yield wrong(f"spec.ports[{at}].targetPort", target, "must be between 1 and 65535, inclusive")


def _autoscaler(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec.get("maxReplicas", 0) < 1:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    if spec["maxReplicas"] < spec["minReplicas"]:
        yield wrong("spec.maxReplicas", spec["maxReplicas"], "must be greater than or equal to `minReplicas`")
    reference = spec.get("scaleTargetRef", {})
    for name in ("kind", "name"):
        if not reference.get(name):
            yield required(f"spec.scaleTargetRef.{name}")
    if "/" not in reference.get("apiVersion", ""):
        yield wrong("spec.scaleTargetRef.apiVersion", reference.get("apiVersion", ""), "apiVersion must specify API group")
