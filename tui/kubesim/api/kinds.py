"""The kinds that this cluster serves: one row each, from which routing, discovery and printing follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# A decoded JSON object. The API is dynamic by nature (any kind, any patch), so the sandbox keeps objects as plain dictionaries.
Object = dict[str, Any]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """`deployments/scale` and its like; `group`/`version` are given when they differ from the parent's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One served resource. `schema` names its type in schema.json, `storage` the table its objects live in."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    schema: str
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    storage: str = ""
    stored: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, as error messages name it; core kinds are bare."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def table(self) -> str:
        return self.storage or self.qualified

    @property
    def head(self) -> bytes:
        """What goes in front of a stored object (which is kept without its type) to make it a whole one."""
        return f'{{"kind":"{self.kind}","apiVersion":"{self.api_version}",'.encode()

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, STATUS_VERBS)


def _scale() -> Subresource:
    return Subresource("scale", "Scale", STATUS_VERBS, "autoscaling", "v1")


RBAC = "rbac.authorization.k8s.io"
AUTHZ = "authorization.k8s.io"

NAMESPACES = Kind(
    "",
    "v1",
    "Namespace",
    "namespaces",
    "namespace",
    False,
    "core.v1.Namespace",
    ("ns",),
    verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
)
NODES = Kind("", "v1", "Node", "nodes", "node", False, "core.v1.Node", ("no",), subresources=(_status("Node"),))
PODS = Kind(
    "",
    "v1",
    "Pod",
    "pods",
    "pod",
    True,
    "core.v1.Pod",
    ("po",),
    ("all",),
    subresources=(
        Subresource("binding", "Binding", ("create",)),
        Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
        Subresource("log", "Pod", ("get",)),
        _status("Pod"),
    ),
)
SERVICES = Kind("", "v1", "Service", "services", "service", True, "core.v1.Service", ("svc",), ("all",), subresources=(_status("Service"),))
CONFIGMAPS = Kind("", "v1", "ConfigMap", "configmaps", "configmap", True, "core.v1.ConfigMap", ("cm",))
SECRETS = Kind("", "v1", "Secret", "secrets", "secret", True, "core.v1.Secret")
SERVICEACCOUNTS = Kind("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", True, "core.v1.ServiceAccount", ("sa",))
EVENTS = Kind("", "v1", "Event", "events", "event", True, "core.v1.Event", ("ev",))
NEW_EVENTS = Kind("events.k8s.io", "v1", "Event", "events", "event", True, "events.v1.Event", ("ev",), storage="events")
DEPLOYMENTS = Kind(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    "deployment",
    True,
    "apps.v1.Deployment",
    ("deploy",),
    ("all",),
    subresources=(_scale(), _status("Deployment")),
)
REPLICASETS = Kind(
    "apps",
    "v1",
    "ReplicaSet",
    "replicasets",
    "replicaset",
    True,
    "apps.v1.ReplicaSet",
    ("rs",),
    ("all",),
    subresources=(_scale(), _status("ReplicaSet")),
)
LEASES = Kind("coordination.k8s.io", "v1", "Lease", "leases", "lease", True, "coordination.v1.Lease")
AUTOSCALERS = Kind(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    "horizontalpodautoscaler",
    True,
    "autoscaling.v2.HorizontalPodAutoscaler",
    ("hpa",),
    ("all",),
    subresources=(_status("HorizontalPodAutoscaler"),),
)
ROLES = Kind(RBAC, "v1", "Role", "roles", "role", True, "rbac.v1.Role")
ROLEBINDINGS = Kind(RBAC, "v1", "RoleBinding", "rolebindings", "rolebinding", True, "rbac.v1.RoleBinding")
CLUSTERROLES = Kind(RBAC, "v1", "ClusterRole", "clusterroles", "clusterrole", False, "rbac.v1.ClusterRole")
CLUSTERROLEBINDINGS = Kind(
    RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", False, "rbac.v1.ClusterRoleBinding"
)


def _review(group: str, kind: str, *, namespaced: bool = False) -> Kind:
    schema = f"{group.split('.')[0]}.v1.{kind}"
    return Kind(group, "v1", kind, kind.lower() + "s", kind.lower(), namespaced, schema, verbs=("create",), stored=False)


ACCESS_REVIEWS = _review(AUTHZ, "SelfSubjectAccessReview")
RULES_REVIEWS = _review(AUTHZ, "SelfSubjectRulesReview")
SUBJECT_REVIEWS = _review("authentication.k8s.io", "SelfSubjectReview")

KINDS: tuple[Kind, ...] = (
    CONFIGMAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    DEPLOYMENTS,
    REPLICASETS,
    NEW_EVENTS,
    SUBJECT_REVIEWS,
    ACCESS_REVIEWS,
    RULES_REVIEWS,
    AUTOSCALERS,
    CLUSTERROLEBINDINGS,
    CLUSTERROLES,
    ROLEBINDINGS,
    ROLES,
    LEASES,
)

BY_PATH: dict[tuple[str, str, str], Kind] = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_KIND: dict[tuple[str, str], Kind] = {(kind.api_version, kind.kind): kind for kind in KINDS}
GROUP_VERSIONS: tuple[tuple[str, str], ...] = tuple(dict.fromkeys((kind.group, kind.version) for kind in KINDS))
STORED: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.stored)
