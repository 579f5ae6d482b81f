"""What is in a new cluster: namespaces, and the roles that everybody refers to by name."""

from __future__ import annotations

from kubesim.api.kinds import AUTHZ, CLUSTERROLEBINDINGS, CLUSTERROLES, NAMESPACES, RBAC, Kind, Object
from kubesim.registry.registry import Registry, Write

_WRITE = Write(manager="kube-apiserver")
_READ = ["get", "list", "watch"]
_EDIT = ["create", "delete", "deletecollection", "patch", "update"]
_CORE = ["configmaps", "events", "pods", "pods/log", "pods/status", "serviceaccounts", "services"]
_APPS = ["deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale", "replicasets/status"]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Object:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


_VIEW = [
    _rule("", [*_CORE, "namespaces"], _READ),
    _rule("apps", _APPS, _READ),
    _rule("autoscaling", ["horizontalpodautoscalers"], _READ),
    _rule("events.k8s.io", ["events"], _READ),
]
_CHANGE = [
    _rule("", [*_CORE, "secrets"], [*_READ, *_EDIT]),
    _rule("", ["pods/eviction"], ["create"]),
    _rule("apps", _APPS, _EDIT),
    _rule("autoscaling", ["horizontalpodautoscalers"], _EDIT),
    _rule("coordination.k8s.io", ["leases"], [*_READ, *_EDIT]),
]
_ADMINISTER = [_rule(RBAC, ["roles", "rolebindings"], [*_READ, *_EDIT]), _rule(AUTHZ, ["localsubjectaccessreviews"], ["create"])]

_HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_ROLES: dict[str, list[Object]] = {
    "system:basic-user": [
        _rule(AUTHZ, ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
        _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
    "system:discovery": [
        {
            "verbs": ["get"],
            "nonResourceURLs": [
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ],
        }
    ],
    "system:public-info-viewer": [{"verbs": ["get"], "nonResourceURLs": _HEALTH}],
    "cluster-admin": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}],
    "view": _VIEW,
    "edit": _VIEW + _CHANGE,
    "admin": _VIEW + _CHANGE + _ADMINISTER,
}
_BINDINGS = {
    "cluster-admin": ["system:masters"],
    "system:basic-user": ["system:authenticated"],
    "system:discovery": ["system:authenticated"],
    "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
}


def seed(registry: Registry) -> None:
    """Create what is missing; a cluster that was here before keeps what it has."""
    for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        _ensure(registry, NAMESPACES, {"metadata": {"name": name}})
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    for name, rules in _ROLES.items():
        _ensure(registry, CLUSTERROLES, {"metadata": {"name": name, "labels": dict(labels)}, "rules": rules})
    for name, groups in _BINDINGS.items():
        _ensure(
            registry,
            CLUSTERROLEBINDINGS,
            {
                "metadata": {"name": name, "labels": dict(labels)},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
                "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in groups],
            },
        )


def _ensure(registry: Registry, kind: Kind, obj: Object) -> None:
    if registry.find(kind, "", obj["metadata"]["name"]) is None:
        registry.create(kind, "", obj, _WRITE)
