"""What is remembered of a move, read with mlflow's and Kubernetes' own clients: every memory tells the same story."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import kubernetes.client
import kubernetes.config
import pytest
from mlflow import MlflowClient

from tests.conformance.operations.conftest import Shell

Entry = Mapping[str, Any]


@pytest.fixture
def mlflow_client(shell: Shell) -> MlflowClient:
    return MlflowClient(tracking_uri=shell.mlflow.url, registry_uri=shell.mlflow.url)


@pytest.fixture
def api(shell: Shell) -> Iterator[kubernetes.client.ApiClient]:
    with kubernetes.config.new_client_from_config(str(shell.cluster.kubeconfig())) as client:
        yield client


def history(shell: Shell, key: str, **environ: str) -> list[Entry]:
    """Newest first."""
    found: list[Entry] = shell.run("history", key, "--output", "json", **environ).json["entries"]
    return found


def moves(entries: list[Entry]) -> list[tuple[str, str | None, str | None, str]]:
    """Oldest first."""
    return [(one["kind"], one["from_version"], one["to_version"], one["source"]) for one in reversed(entries)]


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def done(shell: Shell, *message: str, **environ: str) -> Entry:
    said = shell.run(*message, "--yes", "--output", "json", **environ)
    assert said.code == 0, said.err
    found: Entry = said.json
    return found


def events(api: kubernetes.client.ApiClient, name: str) -> dict[str, Any]:
    """Reason → event, of those that modeldeck wrote on a deployment."""
    found = kubernetes.client.CoreV1Api(api).list_namespaced_event("serving", field_selector=f"involvedObject.name={name}").items
    return {event.reason: event for event in found if event.source.component == "modeldeck"}


def test_every_memory_tells_the_same_story(shell: Shell, mlflow_client: MlflowClient, api: kubernetes.client.ApiClient) -> None:
    with shell.serving("memory") as key:
        assert shell.run("status").code == 0  # the first look at the aliases
        promoted = done(shell, "promote", "iris", "2", "--deployment", key, "--reason", "more accurate")
        rolled_back = done(shell, "rollback", key, "--reason", "slower than it looked")
        shell.cluster.kubectl("set", "env", "deployment/memory", "MODEL_URI=models:/iris/2")
        shell.cluster.kubectl("rollout", "status", "deployment/memory", "--timeout=60s")
        assert shell.run("status").code == 0
        mlflow_client.set_registered_model_alias("iris", "champion", "2")
        told = history(shell, key)

        assert moves(told) == [
            ("promote", "1", "2", "journal"),
            ("rollback", "2", "1", "journal"),
            ("move", "1", "2", "cluster"),
            ("move", "1", "2", "registry"),
        ]
        for own, other in zip(reversed(told), (promoted, rolled_back), strict=False):
            assert own == {**{name: other[name] for name in own if name != "source"}, "source": "journal"}
        assert told[1]["actor"] == "kubectl-set"
        assert (told[0]["actor"], told[0]["alias"], told[0]["deployment"]) == (None, "champion", None)
        assert at(told[0]["started_at"]) < at(told[0]["finished_at"])

        deployment = kubernetes.client.AppsV1Api(api).read_namespaced_deployment("memory", "serving")
        annotated = {one["id"]: one for one in json.loads(deployment.metadata.annotations["modeldeck.dev/history"])}
        written = events(api, "memory")
        arrived = {version: mlflow_client.get_model_version("iris", version).tags for version in ("1", "2")}
        for operation, version, reason in ((promoted, "2", "Promoted"), (rolled_back, "1", "RolledBack")):
            tags, mark, event = arrived[version], annotated[operation["id"]], written[reason]
            who, why, before = operation["actor"], operation["reason"], operation["from_version"]
            assert (tags["modeldeck.operation"], tags["modeldeck.kind"], tags["modeldeck.deployment"]) == (
                operation["id"],
                operation["kind"],
                key,
            )
            assert (tags["modeldeck.actor"], tags["modeldeck.reason"], tags["modeldeck.from"]) == (who, why, before)
            assert tags["modeldeck.evidence"].startswith('deployment "memory" successfully rolled out')
            assert (mark["kind"], mark["actor"], mark["reason"], mark["model"]) == (operation["kind"], who, why, "iris")
            assert (mark["from"], mark["to"], mark["outcome"]) == (before, version, "done")
            verb = "promoted" if reason == "Promoted" else "rolled back"
            assert event.message == f"iris {verb} from {before} to {version} by {who}: {why} ({operation['id']})"
            for moment in (at(tags["modeldeck.when"]), at(mark["at"]), event.last_timestamp.timestamp() + 1.0):
                assert at(operation["started_at"]) <= moment <= at(operation["finished_at"]) + 1.0
        assert arrived["2"]["modeldeck.left"].startswith(f"rolled back to 1 in {key} on ")
        assert arrived["2"]["modeldeck.left"].endswith(f" by {rolled_back['actor']} ({rolled_back['id']})")

        with sqlite3.connect(shell.state / "modeldeck" / "journal.sqlite") as journal:
            rows = journal.execute("SELECT operation, body FROM entries WHERE kind IN ('planned', 'ended') ORDER BY seq").fetchall()
            seen = journal.execute("SELECT model, alias, from_version, to_version FROM sightings ORDER BY seq").fetchall()
        assert [operation for operation, _ in rows] == [one["id"] for one in (promoted, promoted, rolled_back, rolled_back)]
        assert [json.loads(body).get("outcome") for _, body in rows] == [None, "done", None, "done"]
        assert seen[-1] == ("iris", "champion", "1", "2")

        # A colleague has neither the journal nor what was seen of the alias.
        colleague = history(shell, key, XDG_STATE_HOME=str(shell.state / "colleague"))
        assert moves(colleague) == [("promote", "1", "2", "cluster"), ("rollback", "2", "1", "cluster"), ("move", "1", "2", "cluster")]
        same = ("id", "actor", "kind", "model", "namespace", "deployment", "alias", "from_version", "to_version", "reason", "outcome")
        for theirs, ours in zip(reversed(colleague), reversed(told), strict=False):
            assert [theirs[name] for name in same] == [ours[name] for name in same]


def test_an_undo_with_kubectl_is_somebody_elses_and_nothing_is_forgotten(shell: Shell) -> None:
    """It puts the annotations of then back on the deployment, those of ours too."""
    with shell.serving("undone") as key:
        first = done(shell, "promote", "iris", "2", "--deployment", key)
        done(shell, "rollback", key)
        shell.cluster.kubectl("rollout", "undo", "deployment/undone")
        shell.cluster.kubectl("rollout", "status", "deployment/undone", "--timeout=60s")
        own = shell.cluster.get("deployment", "undone")["metadata"]["annotations"]
        assert [past["id"] for past in json.loads(own["modeldeck.dev/history"])] == [first["id"]]
        expected = [("promote", "1", "2"), ("rollback", "2", "1"), ("move", "1", "2")]
        for environ in ({}, {"XDG_STATE_HOME": str(shell.state / "colleague")}):
            told = history(shell, key, **environ)
            assert [move[:3] for move in moves(told)] == expected
            assert told[0]["actor"].startswith("kubectl")
            assert "an earlier template came back" in told[0]["message"]
            status = shell.run("status", key, "--output", "json", **environ)
            assert status.code == 0, status.err
            assert status.json["rows"][0]["operation"] is None
        # A mark that came back with them is of long ago, and stops nobody.
        assert done(shell, "promote", "iris", "1", "--deployment", key, **environ)["outcome"] == "done"


def test_a_restart_by_others_behind_an_alias_may_have_brought_anything(shell: Shell) -> None:
    with shell.serving("restarted", "models:/iris@champion") as key:
        done(shell, "promote", "iris", "2", "--deployment", key)
        shell.cluster.kubectl("rollout", "restart", "deployment/restarted")
        shell.cluster.kubectl("rollout", "status", "deployment/restarted", "--timeout=60s")
        told = history(shell, key)
        assert moves(told) == [("promote", "1", "2", "journal"), ("move", "2", None, "cluster")]
        assert "what it said then is not known" in told[0]["message"]


def test_a_pipeline_is_named_with_its_cause(shell: Shell, api: kubernetes.client.ApiClient) -> None:
    """Server-side apply, as Argo CD and others do it."""
    with shell.serving("piped") as key:
        shell.until_the_next_second("piped")
        body = shell.cluster.get("deployment", "piped")
        (container,) = body["spec"]["template"]["spec"]["containers"]
        wanted = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "piped", "namespace": "serving", "annotations": {"kubernetes.io/change-cause": "build 1234 of main"}},
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": container["name"], "env": [{"name": "MODEL_URI", "value": "models:/iris/2"}]}]}
                }
            },
        }
        # In one request: kubectl applies twice where it has applied from its own side before, and of two writes only the later one is kept.
        how: dict[str, Any] = {"field_manager": "ci", "force": True, "_content_type": "application/apply-patch+yaml"}
        kubernetes.client.AppsV1Api(api).patch_namespaced_deployment("piped", "serving", wanted, **how)
        shell.cluster.kubectl("rollout", "status", "deployment/piped", "--timeout=60s")
        (one,) = history(shell, key)
        assert (one["kind"], one["actor"], one["reason"]) == ("move", "ci", "build 1234 of main")
        back = done(shell, "rollback", key)
        assert (back["from_version"], back["to_version"]) == ("2", "1")
