"""What stands on this machine without being named: a running sandbox, the default kubeconfig, a cluster around us, MLflow's credentials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modeldeck.config.kinds import HTTP, TRACKING_URI, InvalidValue, SettingKind
from modeldeck.config.secrets import plain
from modeldeck.config.values import Layer, Setting
from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, PrometheusTarget

if TYPE_CHECKING:
    from modeldeck.domain.gates.settings import Gate

SANDBOX = "sandbox"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
CANDIDATES = {
    "mlflow.uri": Setting("http://127.0.0.1:5000", "discovered: MLflow's default address", Layer.DISCOVERY),
    "prometheus.url": Setting("http://127.0.0.1:9090", "discovered: Prometheus' default address", Layer.DISCOVERY),
}
"""Addresses worth trying where nothing at all was said. Whether anything answers there is for the pane to show."""


def kubeconfig(environ: Mapping[str, str], home: Path) -> Setting | None:
    """kubectl's own order below KUBECONFIG: the file in the home folder, then the cluster that we run in (value "")."""
    default = home / ".kube" / "config"
    if os.path.isfile(default):
        return Setting(str(default), f"discovered: {default}", Layer.DISCOVERY)
    if environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT") and os.path.isfile(SERVICE_ACCOUNT):
        return Setting("", "discovered: the cluster this runs in", Layer.DISCOVERY)
    return None


def mlflow_credentials(home: Path) -> dict[str, Setting]:
    """~/.mlflow/credentials, which MLflow's own client uses for every tracking server. What cannot be read is not there."""
    path = home / ".mlflow" / "credentials"
    if not os.path.isfile(path):
        return {}
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8-sig")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}
    if not parser.has_section("mlflow"):
        return {}
    found: dict[str, Setting] = {}
    for name in ("username", "password"):
        if text := parser["mlflow"].get(f"mlflow_tracking_{name}", ""):
            value = plain(text) if name == "password" else text
            found[f"mlflow.{name}"] = Setting(value, f"discovered: {path}", Layer.DISCOVERY)
    return found


def running_sandbox(folder: Path) -> Environment | None:
    """The environment of a sandbox whose process lives; None where there is none, or where its file is of another make."""
    import json

    path = folder / "environment.json"
    try:
        payload = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(payload, dict) or not _alive(payload.get("pid")):
        return None
    return from_sandbox(payload, origin=f"discovered: sandbox in {folder}")


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def from_sandbox(payload: Mapping[str, object], *, origin: str = "running sandbox") -> Environment:
    """The environment that a sandbox's environment.json describes. A part that is not up yet (no or a wrong address) is None."""
    uri = _address(payload, "MLFLOW_TRACKING_URI", TRACKING_URI)
    url = _address(payload, "PROMETHEUS_URL", HTTP)
    kubeconfig_path = payload.get("KUBECONFIG")
    namespace = payload.get("namespace")
    cluster = None
    if isinstance(kubeconfig_path, str) and kubeconfig_path:
        cluster = ClusterTarget(kubeconfig_path, namespaces=(namespace,) if isinstance(namespace, str) and namespace else ())
    namespaces = cluster.namespaces if cluster else ()
    given = {"mlflow.uri": uri, "kubernetes.kubeconfig": cluster, "kubernetes.namespaces": namespaces, "prometheus.url": url}
    return Environment(
        name=SANDBOX,
        mlflow=MlflowTarget(uri) if uri else None,
        cluster=cluster,
        prometheus=PrometheusTarget(url) if url else None,
        gate=_gate(payload.get("MODELDECK_GATE")),
        lives_with=pid if isinstance(pid := payload.get("pid"), int) and not isinstance(pid, bool) else None,
        origins={key: origin for key, value in given.items() if value},
    )


def _gate(path: object) -> Gate | None:
    """None: the default one. What is wrong with the file is for `modeldeck gate check` to say."""
    if not isinstance(path, str) or not path:
        return None
    from modeldeck.config.tables.gates import read_gate_file

    return read_gate_file(Path(path)).gate


def _address(payload: Mapping[str, object], name: str, kind: SettingKind) -> str:
    try:
        return str(kind.from_toml(payload.get(name)))
    except InvalidValue:
        return ""
