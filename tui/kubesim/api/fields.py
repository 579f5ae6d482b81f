"""What field selectors can ask of each kind, in the real server's words and with its refusals."""

from __future__ import annotations

from kubesim.api.kinds import Kind, Object

_META = ("metadata.name", "metadata.namespace")
_EXTRA: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}
# events.k8s.io calls the same field by another name.
_RENAMED = {"reportingController": "reportingComponent", "regarding": "involvedObject"}


def selectable(kind: Kind, obj: Object) -> dict[str, str]:
    """The values that a field selector may compare, computed once when an object is stored."""
    meta = obj["metadata"]
    values = {"metadata.name": meta["name"], "metadata.namespace": meta.get("namespace", "")}
    for path in _EXTRA.get(kind.table, ()):
        values[path] = _value(kind, obj, path)
    return values


def known(kind: Kind) -> tuple[str, ...]:
    return (*_META, *_EXTRA.get(kind.table, ()))


def canonical(kind: Kind, label: str) -> str:
    """The stored name of a selector's field (events.k8s.io renames some)."""
    if kind.table != "events":
        return label
    head, dot, rest = label.partition(".")
    return _RENAMED.get(head, head) + dot + rest


def _value(kind: Kind, obj: Object, path: str) -> str:
    if path == "source" and kind.table == "events":
        return str(obj.get("source", {}).get("component", "") or obj.get("reportingComponent", ""))
    node: object = obj
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    if isinstance(node, bool):
        return "true" if node else "false"
    if node is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(node)
