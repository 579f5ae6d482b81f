"""Which API server, as whom: kubeconfig files by kubectl's rules, or the service account that a pod runs with.

Read here, not by the official client: its loader takes 0.26 s to import, keeps certificates as readable temporary files, swallows what an
exec plug-in says and gives it our terminal. The documented format is small. What is left to the official client are the old
`auth-provider` entries (legacy.py). All scalars are read as text: a token of digits is no number.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modeldeck.domain.environments import ClusterTarget, Secret
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.common.files import contents, reason_of
from modeldeck.sources.kubernetes import BACKEND

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEEPEST = 64
"""Levels of YAML. A kubeconfig has six, and its extensions a few more."""
_HINT = "check the kubeconfig: kubectl config view --minify"


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A `users[].user.exec` entry, with what it is told about the cluster where it asks for that."""

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_version: str
    hint: str
    needs_terminal: bool
    cluster: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """How to log in. At most one of token, token file, exec, basic and auth provider is used, in kubectl's order."""

    token: Secret | None = None
    token_path: str = ""
    username: str = ""
    password: Secret | None = None
    exec: ExecPlugin | None = None
    cert_pem: bytes = field(default=b"", repr=False)
    key_pem: Secret | None = None
    auth_provider: str = ""
    impersonate: str = ""
    impersonate_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """Everything that a connection is made from."""

    server: str
    context: str
    namespace: str
    user: User
    ca_pem: str = field(default="", repr=False)
    insecure: bool = False
    server_name: str = ""
    proxy: str | None = None
    files: tuple[str, ...] = ()
    """The kubeconfig files; none inside a cluster."""


def load(target: ClusterTarget, environ: Mapping[str, str] = os.environ) -> Login:
    """Raises Unreachable, with what is wrong and where. Blocks: files are read."""
    paths = _paths(target.kubeconfig)
    if not target.kubeconfig and not any(path.is_file() for path in paths):
        return _in_cluster(environ)
    return login_of(_merged(paths), target.context, tuple(str(path) for path in paths))


def _paths(kubeconfig: str) -> tuple[Path, ...]:
    if not kubeconfig:
        return (Path.home() / ".kube" / "config",)
    return tuple(Path(part).expanduser() for part in kubeconfig.split(os.pathsep) if part)


def contexts(target: ClusterTarget) -> tuple[tuple[str, ...], str]:
    """The names of all contexts, and the current one. Blocks."""
    merged = _merged(_paths(target.kubeconfig))
    return tuple(merged["contexts"]), target.context or str(merged.get("current-context") or "")


# ── inside a cluster ──


def _in_cluster(environ: Mapping[str, str]) -> Login:
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise _wrong("no kubeconfig, and not inside a cluster", "set KUBECONFIG, or give kubernetes.kubeconfig in the configuration")
    try:
        ca_pem = contents(SERVICE_ACCOUNT / "ca.crt", bounds.CREDENTIALS).decode()
        namespace = contents(SERVICE_ACCOUNT / "namespace", bounds.CREDENTIALS).decode().strip()
    except (OSError, ValueError) as error:
        raise _wrong(
            f"the pod's service account cannot be read: {reason_of(error)}", "does the pod mount a service account token?"
        ) from None
    address = f"[{host}]" if ":" in host else host
    user = User(token_path=str(SERVICE_ACCOUNT / "token"))
    return Login(f"https://{address}:{port}", "in-cluster", namespace or "default", user, ca_pem)


# ── files ──


def _merged(paths: Sequence[Path]) -> dict[str, Any]:
    """Several files as one: the first to name a cluster, user, context or the current context wins. Missing ones are skipped."""
    merged: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}
    found = False
    for path in paths:
        try:
            text = contents(path, bounds.KUBECONFIG).decode("utf-8")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise _wrong(f"kubeconfig cannot be read: {path}: {reason_of(error)}") from None
        found = True
        _merge(merged, _parsed(text, path), path)
    if not found:
        raise _wrong(f"kubeconfig not found: {os.pathsep.join(map(str, paths))}", "check KUBECONFIG, or kubernetes.kubeconfig")
    return merged


def _parsed(text: str, path: Path) -> Mapping[str, Any]:
    import yaml  # no stubs among our dependencies

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        if _too_deep(yaml.parse(text, Loader=loader)):
            raise _wrong(f"kubeconfig is nested too deep: {path}")
        body = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        # The parser's own text quotes the line, which may hold a token.
        raise _wrong(f"kubeconfig is not YAML: {path}{where}") from None
    if body in (None, "", "null", "~"):
        return {}
    if not isinstance(body, dict):
        raise _wrong(f"kubeconfig is no map: {path}")
    return body


def _too_deep(events: Iterator[Any]) -> bool:
    """Before anything is built: the parser in C ends the whole process where a document is nested a hundred thousand times."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _DEEPEST:
            return True
    return False


def _merge(merged: dict[str, Any], body: Mapping[str, Any], path: Path) -> None:
    merged["current-context"] = merged["current-context"] or _text(body, "current-context")
    for plural, singular in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
        entries = body.get(plural)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                value = entry.get(singular)
                merged[plural].setdefault(entry["name"], (value if isinstance(value, dict) else {}, path.parent))


def login_of(merged: Mapping[str, Any], context: str, files: tuple[str, ...] = ()) -> Login:
    """From merged files to one login. Raises Unreachable where names do not match or data cannot be read."""
    name = context or merged["current-context"]
    if not name:
        raise _wrong("the kubeconfig has no current context", "kubectl config use-context NAME, or kubernetes.context")
    if name not in merged["contexts"]:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise _wrong(f"the kubeconfig has no context {name} (it has: {known})", "check kubernetes.context, or kubectl config get-contexts")
    chosen, _ = merged["contexts"][name]
    cluster_name, user_name = _text(chosen, "cluster"), _text(chosen, "user")
    if cluster_name not in merged["clusters"]:
        raise _wrong(f"context {name} names a cluster that is not there: {cluster_name or 'none'}")
    if user_name and user_name not in merged["users"]:
        raise _wrong(f"context {name} names a user that is not there: {user_name}")
    cluster, folder = merged["clusters"][cluster_name]
    server = _text(cluster, "server").rstrip("/")
    if not server:
        raise _wrong(f"cluster {cluster_name} has no server")
    insecure = _text(cluster, "insecure-skip-tls-verify").lower() == "true"
    ca_pem = _data(cluster, "certificate-authority", folder)
    user_entry, user_folder = merged["users"].get(user_name, ({}, Path()))
    return Login(
        server=server,
        context=name,
        namespace=_text(chosen, "namespace") or "default",
        user=_user(user_entry, user_folder, _told_to_plugins(cluster, server, ca_pem, insecure)),
        ca_pem=ca_pem.decode("utf-8", "replace"),
        insecure=insecure,
        server_name=_text(cluster, "tls-server-name"),
        proxy=_text(cluster, "proxy-url") or None,
        files=files,
    )


def _user(entry: Mapping[str, Any], folder: Path, cluster: Mapping[str, object]) -> User:
    token, password, key_pem = _text(entry, "token"), _text(entry, "password"), _data(entry, "client-key", folder)
    token_file = _text(entry, "tokenFile")
    provider = entry.get("auth-provider")
    groups = entry.get("as-groups")
    return User(
        # A token file outranks the token, which is then only its last known content.
        token=Secret(token) if token and not token_file else None,
        token_path=str(folder / Path(token_file).expanduser()) if token_file else "",
        username=_text(entry, "username"),
        password=Secret(password) if password else None,
        exec=_exec(entry["exec"], folder, cluster) if isinstance(entry.get("exec"), dict) else None,
        cert_pem=_data(entry, "client-certificate", folder),
        key_pem=Secret(key_pem.decode("utf-8", "replace")) if key_pem else None,
        auth_provider=_text(provider, "name") if isinstance(provider, dict) else "",
        impersonate=_text(entry, "as"),
        impersonate_groups=tuple(str(group) for group in groups) if isinstance(groups, list) else (),
    )


def _exec(entry: Mapping[str, Any], folder: Path, cluster: Mapping[str, object]) -> ExecPlugin:
    command, args, env = _text(entry, "command"), entry.get("args"), entry.get("env")
    if os.sep in command and not os.path.isabs(command):
        command = str(folder / command)
    pairs = [(_text(one, "name"), _text(one, "value")) for one in env if isinstance(one, dict)] if isinstance(env, list) else []
    return ExecPlugin(
        command=command,
        args=tuple(str(one) for one in args) if isinstance(args, list) else (),
        env=tuple(pairs),
        api_version=_text(entry, "apiVersion") or "client.authentication.k8s.io/v1",
        hint=_text(entry, "installHint"),
        needs_terminal=_text(entry, "interactiveMode") == "Always",
        cluster=cluster if _text(entry, "provideClusterInfo").lower() == "true" else None,
    )


def _told_to_plugins(cluster: Mapping[str, Any], server: str, ca_pem: bytes, insecure: bool) -> dict[str, object]:
    """`spec.cluster` of the ExecCredential that a plug-in with provideClusterInfo is given."""
    told: dict[str, object] = {"server": server, "insecure-skip-tls-verify": insecure}
    if ca_pem:
        told["certificate-authority-data"] = base64.b64encode(ca_pem).decode("ascii")
    for key in ("tls-server-name", "proxy-url"):
        if text := _text(cluster, key):
            told[key] = text
    extensions = cluster.get("extensions")
    for extension in extensions if isinstance(extensions, list) else ():
        if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.get("extension")
    return told


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) and value.strip() not in ("null", "~") else ""


def _data(entry: Mapping[str, Any], key: str, folder: Path) -> bytes:
    """`key-data` decoded, else the content of the file that `key` names, relative to its kubeconfig."""
    encoded, path = _text(entry, f"{key}-data"), _text(entry, key)
    if encoded:
        try:
            # Strictly: of an authority that cannot be read nothing would be left, and then every usual one be trusted.
            return base64.b64decode("".join(encoded.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _wrong(f"{key}-data in the kubeconfig is not base64") from None
    if not path:
        return b""
    try:
        return contents(folder / Path(path).expanduser(), bounds.CREDENTIALS)
    except (OSError, ValueError) as error:
        raise _wrong(f"{key} of the kubeconfig cannot be read: {path}: {reason_of(error)}") from None


def _wrong(message: str, hint: str = _HINT) -> Failure:
    return Unreachable(message, hint=hint, backend=BACKEND)
