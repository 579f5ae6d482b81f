"""What the sandbox deploys: five deployments that name their model in the five ways that real manifests do, and who may touch them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from modeldeck.sandbox.common.state_dir import NAMESPACE

IMAGE = "modeldeck/model-server:1"
PORT = 8080
CHANGE_CAUSE = "kubernetes.io/change-cause"
MODELS = ("iris", "wine", "breast-cancer", "digits")


def _container(env: Mapping[str, str], args: Sequence[str] | None) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "server",
        "image": IMAGE,
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": "http"}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}},
    }
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    if args:
        container["args"] = list(args)
    return container


def deployment(
    name: str,
    replicas: int,
    cause: str,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] | None = None,
    description: str,
) -> dict[str, Any]:
    """A Deployment of one model server. A new pod is ready before an old one goes, so that a rollout costs no request."""
    container = _container(env or {}, args)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"app": name},
            "annotations": {CHANGE_CAUSE: cause, "modeldeck.dev/description": description},
        },
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]},
            },
        },
    }


def deployments(legacy_model: Path) -> tuple[dict[str, Any], ...]:
    """The deployments: the plain case, by alias, one that disagrees with its alias, a name and version pair, and an unlinked one."""
    return (
        deployment(
            "iris",
            3,
            "serve iris v3",
            env={"MODEL_URI": "models:/iris/3"},
            description="The plain case: the template names the version that champion points at.",
        ),
        deployment(
            "wine",
            2,
            "serve the wine champion",
            env={"MODEL_URI": "models:/wine@champion"},
            description="Served by alias: each pod resolved it when it started.",
        ),
        deployment(
            "breast-cancer",
            2,
            "serve breast-cancer v2",
            args=("mlflow", "models", "serve", "-m", "models:/breast-cancer/2"),
            description="Disagrees: champion is v3, and this still serves v2.",
        ),
        deployment(
            "digits",
            1,
            "serve digits v2",
            env={"MODEL_NAME": "digits", "MODEL_VERSION": "2"},
            description="A pair of variables for name and version.",
        ),
        deployment(
            "legacy-scorer",
            1,
            "left as it was found",
            env={"MODEL_PATH": str(legacy_model)},
            description="No link to the registry: a folder on a disk.",
        ),
    )


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": name}},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    }


def _rights() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What may be looked at, and what may be changed."""
    read, write = ["get", "list", "watch"], ["create", "update", "patch"]
    look = [
        {"apiGroups": [""], "resources": ["namespaces", "nodes", "pods", "pods/log", "services", "events"], "verbs": read},
        {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "deployments/scale"], "verbs": read},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": read},
    ]
    operate = [
        {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["update", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": write},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": [*write, "delete"]},
    ]
    return look, operate


def rules() -> tuple[dict[str, Any], ...]:
    """The viewer reads, the operator also changes what is in `serving`; neither sees secrets."""
    look, operate = _rights()
    group = "rbac.authorization.k8s.io"
    everywhere, here = {"name": "sandbox-look"}, {"name": "sandbox-operate", "namespace": NAMESPACE}

    def made(kind: str, metadata: dict[str, str], **more: object) -> dict[str, Any]:
        return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, **more}

    def bound(kind: str, metadata: dict[str, str], *groups: str) -> dict[str, Any]:
        role = {"apiGroup": group, "kind": kind, "name": metadata["name"]}
        subjects = [{"apiGroup": group, "kind": "Group", "name": name} for name in groups]
        return made(f"{kind}Binding", metadata, roleRef=role, subjects=subjects)

    return (
        made("ClusterRole", everywhere, rules=look),
        bound("ClusterRole", everywhere, "viewers", "operators"),
        made("Role", here, rules=operate),
        bound("Role", here, "operators"),
    )


def base() -> list[dict[str, Any]]:
    """What is there before any model: the namespace and the permissions."""
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, *rules()]


def of_model(model: str, legacy_model: Path) -> list[dict[str, Any]]:
    """What can be deployed once a model is trained: its own deployment, and with wine the unlinked one, which is a copy of it."""
    names = (model, "legacy-scorer") if model == "wine" else (model,)
    chosen = [each for each in deployments(legacy_model) if each["metadata"]["name"] in names]
    return [*(service(each["metadata"]["name"]) for each in chosen), *chosen]


def earlier(wanted: dict[str, Any]) -> dict[str, Any]:
    """What a deployment is first created as: iris as it was before its last rollout, so that there is something to roll back to."""
    if wanted["kind"] != "Deployment" or wanted["metadata"]["name"] != "iris":
        return wanted
    first = deepcopy(wanted)
    first["metadata"]["annotations"][CHANGE_CAUSE] = "serve iris v2"
    first["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODEL_URI", "value": "models:/iris/2"}]
    return first


def as_patch(wanted: dict[str, Any]) -> dict[str, Any]:
    """The strategic merge patch that turns the earlier deployment into the wanted one."""
    (container,) = wanted["spec"]["template"]["spec"]["containers"]
    changed = {"name": container["name"], "env": container["env"]}
    return {
        "metadata": {"annotations": {CHANGE_CAUSE: wanted["metadata"]["annotations"][CHANGE_CAUSE]}},
        "spec": {"template": {"spec": {"containers": [changed]}}},
    }
