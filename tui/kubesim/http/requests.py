"""From a URL to what is wanted: verb, kind, namespace, name, subresource (apiserver's RequestInfo)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from kubesim.api.kinds import BY_PATH, Kind
from kubesim.api.statuses import ApiError, Cause, invalid_named, method_not_allowed, no_such_path
from kubesim.auth.access import User

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Request:
    """One call on a resource. `user` and `groups` are who asks; `body` is still encoded."""

    method: str
    verb: str
    kind: Kind
    namespace: str
    name: str
    subresource: str
    query: dict[str, str]
    accept: str
    content_type: str
    agent: str
    body: bytes
    user: User

    @property
    def manager(self) -> str:
        """The field manager: as asked for, else the client's name from its User-Agent."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0][:128] or "unknown"

    @property
    def dry_run(self) -> bool:
        return bool(self.query.get("dryRun"))

    @property
    def strict(self) -> bool:
        return self.query.get("fieldValidation") == "Strict"


@dataclass(frozen=True, slots=True)
class Target:
    """The resource part of a URL."""

    kind: Kind
    namespace: str
    name: str
    subresource: str


def parse_query(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def parse_path(path: str) -> Target | None:
    """None when the path names no resource (discovery and the like); raises 404 for a resource that is not served."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group, version, rest[2]) in BY_PATH and BY_PATH[group, version, rest[2]].namespaced:
        namespace, rest = rest[1], rest[2:]
    kind = BY_PATH.get((group, version, rest[0]))
    if kind is None or len(rest) > 3:
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and kind.subresource(subresource) is None:
        raise no_such_path()
    return Target(kind, namespace, name, subresource)


def verb_of(method: str, target: Target, query: dict[str, str]) -> str:
    """What the request does, in RBAC's words; raises 405 for a method that the resource does not have."""
    watching = query.get("watch") in ("true", "1") and not target.name
    match method:
        case "GET" | "HEAD":
            verb = "get" if target.name else ("watch" if watching else "list")
        case "DELETE":
            verb = "delete" if target.name else "deletecollection"
        case _ if method in _VERBS:
            verb = _VERBS[method]
        case _:
            raise method_not_allowed()
    sub = target.kind.subresource(target.subresource) if target.subresource else None
    allowed = sub.verbs if sub else target.kind.verbs
    misplaced = not target.subresource and (verb == "create") == bool(target.name) and verb in ("create", "update", "patch")
    if verb not in allowed or misplaced:
        raise method_not_allowed()
    return verb


def check_dry_run(method: str, query: dict[str, str]) -> None:
    """Only `dryRun=All` exists."""
    value = query.get("dryRun")
    if value and value != "All":
        raise bad_option({"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}.get(method, "DeleteOptions"), value)


def bad_option(options: str, value: str) -> ApiError:
    cause = Cause("FieldValueNotSupported", f'Unsupported value: ["{value}"]: supported values: "All"', "dryRun")
    return invalid_named(f"{options}.meta.k8s.io", "meta.k8s.io", options, "", [cause])
