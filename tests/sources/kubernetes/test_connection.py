"""Opening a connection: log-ins by plug-in, credentials that a server refuses and that are then renewed, retired auth providers."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Unauthorized, Unreachable
from modeldeck.sources.kubernetes.cluster import KubernetesCluster
from tests.sources.kubernetes.conftest import Hand
from tests.sources.kubernetes.scripted import scripted
from tests.sources.kubernetes.test_auth import _self_signed
from tests.sources.kubernetes.test_exec_plugin import V1
from tests.sources.kubernetes.test_kubeconfig import config, written

Opened = Callable[[ClusterTarget], KubernetesCluster]


def with_user(original: Path, folder: Path, user: dict[str, Any]) -> ClusterTarget:
    """The same cluster, logged in otherwise."""
    body = yaml.safe_load(original.read_text())
    body["users"] = [{"name": body["contexts"][0]["context"].get("user", "u"), "user": user}]
    body["contexts"] = [entry for entry in body["contexts"] if entry["name"] == body["current-context"]]
    return ClusterTarget(written(folder / "config", body))


def log_in(path: Path, user: dict[str, Any]) -> None:
    body = yaml.safe_load(path.read_text())
    body["users"] = [{"name": "u", "user": user}]
    body["contexts"][0]["context"]["user"] = "u"
    path.write_text(json.dumps(body))


def plugin(folder: Path, statuses: list[dict[str, str]]) -> dict[str, Any]:
    """A plug-in that answers these one after the other, the last one for ever."""
    script = f"""
import json, pathlib
runs = pathlib.Path({str(folder / "runs")!r}); n = int(runs.read_text()) if runs.exists() else 0; runs.write_text(str(n + 1))
statuses = json.loads({json.dumps(json.dumps(statuses))})
print(json.dumps({{"apiVersion": {V1!r}, "kind": "ExecCredential", "status": statuses[min(n, len(statuses) - 1)]}}))
"""
    return {"exec": {"apiVersion": V1, "command": sys.executable, "args": ["-c", script], "interactiveMode": "Never"}}


def admin_token(hand: Hand) -> str:
    body = yaml.safe_load(hand.served.kubeconfig().read_text())
    token: str = body["users"][0]["user"]["token"]
    return token


async def test_a_login_by_plugin_that_is_renewed_when_refused(hand: Hand, opened: Opened, tmp_path: Path) -> None:
    user = plugin(tmp_path, [{"token": "stale-token-000"}, {"token": admin_token(hand)}])
    cluster = opened(with_user(hand.served.kubeconfig(), tmp_path, user))
    assert (await cluster.fleet((hand.namespace,))).deployments == ()
    assert _text(tmp_path / "runs") == "2"


async def test_a_token_file_that_is_replaced(hand: Hand, opened: Opened, tmp_path: Path) -> None:
    token = tmp_path / "token"
    cluster = opened(with_user(hand.served.kubeconfig(), tmp_path, {"tokenFile": written(token, "stale-token-000")}))
    with pytest.raises(Unauthorized):
        await cluster.fleet((hand.namespace,))
    written(token, admin_token(hand))
    assert (await cluster.fleet((hand.namespace,))).deployments == ()


async def test_an_authority_that_is_not_trusted(hand: Hand, opened: Opened, tmp_path: Path) -> None:
    certificate, _ = _self_signed()
    server = (await hand.cluster.connection.login()).server
    trusted = {"server": server, "certificate-authority-data": base64.b64encode(certificate).decode()}
    stranger = opened(ClusterTarget(written(tmp_path / "config", config(cluster=trusted))))
    with pytest.raises(Unreachable, match="not trusted"):
        await stranger.ping()


async def test_a_certificate_that_is_refused_is_asked_for_anew(opened: Opened, tmp_path: Path) -> None:
    certificate, key = _self_signed()
    status = {"clientCertificateData": certificate.decode(), "clientKeyData": key.decode()}
    async with scripted(tmp_path) as api:
        api.unauthorized = 1
        target = with_user(Path(api.target.kubeconfig), tmp_path / "mine", {})
        log_in(Path(target.kubeconfig), plugin(tmp_path, [status]))
        cluster = opened(target)
        first = await cluster.connection.transport()
        assert await cluster.ping() == "v1.36.3"
        assert await cluster.connection.transport() is not first
        assert _text(tmp_path / "runs") == "2"
        await cluster.aclose()


def _text(path: Path) -> str:
    return path.read_text()
