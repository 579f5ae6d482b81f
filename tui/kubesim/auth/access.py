"""Who may do what: bearer tokens, and RBAC over the stored roles and bindings."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubesim.api.kinds import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES, Kind, Object
from kubesim.auth import private_files
from kubesim.storage.store import Store

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
# Kubeconfig name → user and group, as the recipe for the real control plane has them.
USERS = {"admin": ("admin", MASTERS), "view": ("viewer", "viewers"), "op": ("operator", "operators")}


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...]
    uid: str = ""


def load_tokens(path: Path) -> dict[str, User]:
    """The tokens of this cluster, made up on its first start; the file has the format of --token-auth-file."""
    if not path.exists():
        text = io.StringIO(newline="")
        for label, (name, group) in USERS.items():
            csv.writer(text).writerow([secrets.token_urlsafe(24), name, label, group])
        private_files.write(path, text.getvalue().encode())
    with path.open(newline="") as file:
        return {row[0]: User(row[1], (row[3], AUTHENTICATED), row[2]) for row in csv.reader(file) if len(row) >= 4}


@dataclass(frozen=True, slots=True)
class Attributes:
    """One action on resources, in RBAC's words."""

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Authorizer:
    """RBAC, read from the store on every question: bindings are few."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, user: User, wanted: Attributes) -> bool:
        if MASTERS in user.groups:
            return True
        return any(_covers(rule, wanted) for rule, _ in self.rules(user, wanted.namespace))

    def reason(self, user: User, wanted: Attributes) -> str:
        """Which binding allows it, in the real server's words; empty when none does or none has to."""
        if MASTERS in user.groups:
            return ""
        return next((origin for rule, origin in self.rules(user, wanted.namespace) if _covers(rule, wanted)), "")

    def allows_path(self, user: User, verb: str, path: str) -> bool:
        if MASTERS in user.groups:
            return True
        return bool(self.path_reason(user, verb, path))

    def path_reason(self, user: User, verb: str, path: str) -> str:
        """Like `reason`, for a path that is no resource."""
        return next((origin for rule, origin in self.rules(user, "") if _covers_path(rule, verb, path)), "")

    def rules(self, user: User, namespace: str) -> Iterator[tuple[Object, str]]:
        """Every rule that holds for the user, in a namespace (or, when empty, in the whole cluster), and what makes it hold."""
        for entry in self._store.scan(CLUSTERROLEBINDINGS):
            yield from self._bound(user, entry.object(), "")
        if namespace:
            for entry in self._store.scan(ROLEBINDINGS, namespace):
                yield from self._bound(user, entry.object(), namespace)

    def _bound(self, user: User, binding: Object, namespace: str) -> Iterator[tuple[Object, str]]:
        subject = next((each for each in binding.get("subjects") or () if _is_subject(user, each, namespace)), None)
        if subject is None:
            return
        reference = binding["roleRef"]
        local = reference["kind"] == "Role"
        found = self._store.get(ROLES if local else CLUSTERROLES, namespace if local else "", reference["name"])
        if found is not None:
            name = binding["metadata"]["name"]
            via = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
            origin = f'RBAC: allowed by {via} of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{subject["name"]}"'
            for rule in found.object().get("rules") or ():
                yield rule, origin


def _is_subject(user: User, subject: Object, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            return user.name == f"system:serviceaccount:{subject.get('namespace', namespace)}:{subject['name']}"
        case _:
            return False


def _covers(rule: Object, wanted: Attributes) -> bool:
    return (
        _in(wanted.verb, rule.get("verbs"))
        and _in(wanted.group, rule.get("apiGroups"))
        and _resource_in(wanted, rule.get("resources"))
        and (not rule.get("resourceNames") or wanted.name in rule["resourceNames"])
    )


def _in(value: str, allowed: Sequence[str] | None) -> bool:
    return "*" in (allowed or ()) or value in (allowed or ())


def _resource_in(wanted: Attributes, allowed: Sequence[str] | None) -> bool:
    return _in(wanted.full_resource, allowed) or bool(wanted.subresource and f"*/{wanted.subresource}" in (allowed or ()))


def _covers_path(rule: Object, verb: str, path: str) -> bool:
    paths = rule.get("nonResourceURLs") or ()
    fits = any(each in ("*", path) or (each.endswith("*") and path.startswith(each[:-1])) for each in paths)
    return fits and _in(verb, rule.get("verbs"))


def refusal(user: User, wanted: Attributes) -> str:
    """The real server's sentence."""
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {wanted.verb} resource "{wanted.full_resource}" in API group "{wanted.group}" {where}'


def attributes(verb: str, kind: Kind, subresource: str, namespace: str, name: str) -> Attributes:
    # A namespace is its own home: what is allowed in it includes reading it.
    home = name if kind.kind == "Namespace" else namespace
    return Attributes(verb, kind.group, kind.plural, subresource, home, name)
