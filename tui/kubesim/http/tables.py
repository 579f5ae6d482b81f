"""`kubectl get`'s tables: columns and cells per kind, as the real server prints them (pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kubesim.api.kinds import Kind, Object
from kubesim.api.selectors import from_object
from kubesim.api.timestamps import since
from kubesim.http.pod_printer import pod_cells

Cells = list[Any]
# (columns as "Name[:type[:format]]", a leading "+" means only with -o wide), the cells of an object.
_Printer = tuple[tuple[str, ...], Callable[[Object], Cells]]


def columns(kind: Kind) -> list[Object]:
    return [_column(text) for text in _printer(kind)[0]]


def row(kind: Kind, obj: Object, include: str) -> Object:
    """`include` is None, Metadata or Object: how much of the object comes with its row."""
    shown: Any = None
    if include == "Object":
        shown = {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
    elif include != "None":
        shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
    return {"cells": _printer(kind)[1](obj), "object": shown}


def table(kind: Kind, objects: Iterable[Object], meta: Object, include: str) -> Object:
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": columns(kind),
        "rows": [row(kind, obj, include) for obj in objects],
    }


def _column(text: str) -> Object:
    name, _, kind = text.lstrip("+").partition(":")
    return {
        "name": name,
        "type": kind or "string",
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 1 if text.startswith("+") else 0,
    }


def _printer(kind: Kind) -> _Printer:
    return _PRINTERS.get(kind.kind, (("Name", "Created At:date"), lambda obj: [_name(obj), obj["metadata"]["creationTimestamp"]]))


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: Object) -> str:
    return since(obj["metadata"]["creationTimestamp"])


def selector_text(selector: Object | None) -> str:
    """As `kubectl` shows it: a=b,c in (d,e)."""
    found = from_object(selector).requirements
    parts = []
    for requirement in sorted(found, key=lambda each: each.key):
        values = ",".join(sorted(requirement.values))
        plain = requirement.operator == "in" and requirement.key in ((selector or {}).get("matchLabels") or {})
        match requirement.operator:
            case "in":
                parts.append(f"{requirement.key}={values}" if plain else f"{requirement.key} in ({values})")
            case "notin":
                parts.append(f"{requirement.key} notin ({values})")
            case "!":
                parts.append(f"!{requirement.key}")
            case _:
                parts.append(requirement.key)
    return ",".join(parts) or "<none>"


def _containers(spec: Object) -> Cells:
    containers = spec["template"]["spec"].get("containers") or ()
    return [",".join(each["name"] for each in containers), ",".join(each.get("image", "") for each in containers)]


def _deployment(obj: Object) -> Cells:
    spec, status = obj["spec"], obj["status"]
    return [
        _name(obj),
        f"{status.get('readyReplicas', 0)}/{spec['replicas']}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj),
        *_containers(spec),
        selector_text(spec["selector"]),
    ]


def _replicaset(obj: Object) -> Cells:
    spec, status = obj["spec"], obj["status"]
    return [
        _name(obj),
        spec["replicas"],
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _age(obj),
        *_containers(spec),
        selector_text(spec["selector"]),
    ]


def _namespace(obj: Object) -> Cells:
    return [_name(obj), obj["status"]["phase"], _age(obj)]


def _node(obj: Object) -> Cells:
    status = obj.get("status", {})
    info = status.get("nodeInfo", {})
    ready = next((each["status"] for each in status.get("conditions", ()) if each["type"] == "Ready"), None)
    words = "Unknown" if ready is None else ("Ready" if ready == "True" else "NotReady")
    if obj.get("spec", {}).get("unschedulable"):
        words += ",SchedulingDisabled"
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses", ()))}
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in obj["metadata"].get("labels") or {} if key.startswith(prefix))
    return [
        _name(obj),
        words,
        ",".join(roles) or "<none>",
        _age(obj),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", "<none>"),
        addresses.get("ExternalIP", "<none>"),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _service(obj: Object) -> Cells:
    spec = obj["spec"]
    ports = ",".join(
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port['protocol']}"
        for port in spec.get("ports") or ()
    )
    return [
        _name(obj),
        spec["type"],
        spec.get("clusterIP", "<none>"),
        spec.get("externalName", "<none>"),
        ports or "<none>",
        _age(obj),
        ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())) or "<none>",
    ]


def _event(obj: Object) -> Cells:
    about = obj.get("involvedObject", {})
    name = about.get("name", "")
    kind = str(about.get("kind", "")).lower()
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    source = obj.get("source") or {}
    shown = ", ".join(
        filter(None, [source.get("component") or obj.get("reportingComponent", ""), source.get("host") or obj.get("reportingInstance", "")])
    )
    return [
        since(last),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        about.get("fieldPath", ""),
        shown,
        str(obj.get("message", "")).strip(),
        since(first),
        obj.get("count") or 1,
        _name(obj),
    ]


def _binding(obj: Object) -> Cells:
    subjects = obj.get("subjects") or ()
    named = {
        kind: ", ".join(
            each["name"] if kind != "ServiceAccount" else f"{each.get('namespace', '')}/{each['name']}"
            for each in subjects
            if each["kind"] == kind
        )
        for kind in ("User", "Group", "ServiceAccount")
    }
    reference = obj["roleRef"]
    return [_name(obj), f"{reference['kind']}/{reference['name']}", _age(obj), *named.values()]


def _autoscaler(obj: Object) -> Cells:
    spec, status = obj["spec"], obj.get("status", {})
    reference = spec.get("scaleTargetRef", {})
    targets = []
    for metric in spec.get("metrics") or ():
        target = metric.get("resource", {})
        wanted = target.get("target", {})
        goal = f"{wanted['averageUtilization']}%" if "averageUtilization" in wanted else wanted.get("averageValue", "<auto>")
        targets.append(f"{target.get('name', metric.get('type', ''))}: <unknown>/{goal}")
    return [
        _name(obj),
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        ", ".join(targets) or "<none>",
        str(spec.get("minReplicas", 1)),
        spec["maxReplicas"],
        status.get("currentReplicas", 0),
        _age(obj),
    ]


_WORKLOAD = ("+Containers", "+Images", "+Selector")
_BINDING: _Printer = (("Name", "Role", "Age", "+Users", "+Groups", "+ServiceAccounts"), _binding)
_PRINTERS: dict[str, _Printer] = {
    "Deployment": (("Name", "Ready", "Up-to-date", "Available", "Age", *_WORKLOAD), _deployment),
    "ReplicaSet": (("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WORKLOAD), _replicaset),
    "Pod": (("Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"), pod_cells),
    "Namespace": (("Name", "Status", "Age"), _namespace),
    "Node": (
        ("Name", "Status", "Roles", "Age", "Version", "+Internal-IP", "+External-IP", "+OS-Image", "+Kernel-Version", "+Container-Runtime"),
        _node,
    ),
    "Service": (("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"), _service),
    "ConfigMap": (("Name", "Data", "Age"), lambda obj: [_name(obj), len(obj.get("data", ())) + len(obj.get("binaryData", ())), _age(obj)]),
    "Secret": (("Name", "Type", "Data", "Age"), lambda obj: [_name(obj), obj["type"], len(obj.get("data", ())), _age(obj)]),
    "ServiceAccount": (("Name", "Age"), lambda obj: [_name(obj), _age(obj)]),
    "Event": (("Last Seen", "Type", "Reason", "Object", "+Subobject", "+Source", "Message", "+First Seen", "+Count", "+Name"), _event),
    "Lease": (("Name", "Holder", "Age"), lambda obj: [_name(obj), (obj.get("spec") or {}).get("holderIdentity", ""), _age(obj)]),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "HorizontalPodAutoscaler": (("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"), _autoscaler),
}
