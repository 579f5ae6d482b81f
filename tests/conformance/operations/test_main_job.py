"""The main job on real parts: promote, serve, roll back; without a failed request, and without a half left behind."""

from __future__ import annotations

import signal

import httpx
import pytest

from tests.conformance.clusters import until
from tests.conformance.node.serving import asking, question, traffic
from tests.conformance.operations.conftest import Desk


def test_promote_serve_roll_back_without_a_failed_request(desk: Desk) -> None:
    with desk.serving("main", replicas=2) as key, traffic(desk.node, desk.mlflow.trained, "main") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 5)
        promoted = desk.run("promote", "iris", "2", "--deployment", key, "--reason", "better", "--yes", "--output", "json")
        assert promoted.code == 0, promoted.err
        operation = promoted.json
        assert operation["outcome"] == "done"
        assert {step["state"] for step in operation["steps"]} == {"done"}
        seen = answers["iris/2"]
        until("version 2 answers", lambda: answers["iris/2"] > seen + 5)
        told_everywhere(desk, operation)
        rolled_back = desk.run("rollback", key, "--yes", "--output", "json")
        assert rolled_back.code == 0, rolled_back.err
        assert (rolled_back.json["from_version"], rolled_back.json["to_version"]) == ("2", "1")
        seen = answers["iris/1"]
        until("version 1 answers again", lambda: answers["iris/1"] > seen + 5)
    assert set(answers) == {"iris/1", "iris/2"}, answers
    assert desk.mlflow.alias("champion") == "1"
    entries = desk.run("history", key, "--output", "json").json["entries"]
    assert [(entry["kind"], entry["outcome"]) for entry in entries] == [("rollback", "done"), ("promote", "done")]


def test_a_run_is_registered_promoted_and_serves(desk: Desk) -> None:
    trained = desk.mlflow.trained
    with desk.serving("story", "models:/iris/2", champion="2") as key, httpx.Client(trust_env=False, timeout=60) as http:
        run = desk.mlflow.run_of("1")
        made = desk.run("register", run, "--model", "iris", "--output", "json")
        assert made.code == 0, made.err
        version = made.json["version"]
        assert made.json["run_id"] == run
        done = desk.run("promote", "iris", version, "--deployment", key, "--yes", "--output", "json")
        assert done.code == 0, done.err
        answer = http.post(asking(desk.node, "story"), json=question(trained))
        assert answer.headers["x-model"] == f"iris/{version}"
        assert answer.json()["predictions"] == trained.predictions["1"]
        (row,) = desk.run("status", key, "--output", "json").json["rows"]
        assert row["live_versions"] == [{"version": version, "pods": 1, "ready": 1}]


def told_everywhere(desk: Desk, operation: dict[str, object]) -> None:
    """Alias, template, tags, event, rollout history and status tell one story."""
    assert desk.mlflow.alias("champion") == "2"
    assert desk.uri("main") == "models:/iris/2"
    annotations = desk.template("main")["metadata"]["annotations"]
    assert annotations["modeldeck.dev/model"] == "iris"
    assert annotations["modeldeck.dev/version"] == "2"
    own = desk.cluster.get("deployment", "main")["metadata"]["annotations"]
    assert "modeldeck.dev/operation" not in own
    assert str(operation["id"]) in own["modeldeck.dev/history"]
    assert desk.mlflow.tags("2")["modeldeck.operation"] == operation["id"]
    assert desk.mlflow.tags("2")["modeldeck.reason"] == "better"
    assert "Promoted" in desk.cluster.kubectl("describe", "deployment", "main")
    assert "modeldeck promote iris 1 -> 2" in desk.cluster.kubectl("rollout", "history", "deployment/main")
    (row,) = desk.run("status", "serving/main", "--output", "json").json["rows"]
    assert (row["spec_version"], row["alias"]["version"], row["disagreements"], row["operation"]) == ("2", "2", [], None)
    assert row["live_versions"] == [{"version": "2", "pods": 2, "ready": 2}]


def test_a_broken_version_ends_undone_in_the_pods_own_words(desk: Desk) -> None:
    with desk.serving("broken") as key, traffic(desk.node, desk.mlflow.trained, "broken") as answers:
        before = desk.template("broken")
        done = desk.run("promote", "iris", "3", "--deployment", key, "--yes", "--output", "json")
        assert done.code == 1, done.err
        assert done.json["outcome"] == "undone"
        assert "model.skops" in done.json["words"]
        assert desk.template("broken") == before
        assert desk.mlflow.alias("champion") == "1"
        assert "PromotionUndone" in desk.cluster.kubectl("describe", "deployment", "broken")
    assert set(answers) == {"iris/1"}, answers
    refused = desk.run("rollback", key, "--yes")
    assert refused.code == 3


def test_behind_an_alias_the_alias_moves_first_and_the_pods_restart(desk: Desk) -> None:
    uri = "models:/iris@champion"
    with desk.serving("by-alias", uri) as key, traffic(desk.node, desk.mlflow.trained, "by-alias") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 3)
        before = desk.template("by-alias")
        broken = desk.run("promote", "iris", "3", "--deployment", key, "--yes", "--output", "json")
        assert broken.code == 1, broken.err
        assert desk.template("by-alias") == before
        assert desk.mlflow.alias("champion") == "1"
        done = desk.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert done.code == 0, done.err
        assert [step["name"] for step in done.json["steps"]][1:4] == ["mark", "move alias", "restart"]
        seen = answers["iris/2"]
        until("version 2 answers", lambda: answers["iris/2"] > seen + 3)
        assert desk.uri("by-alias") == uri
        back = desk.run("rollback", key, "--yes", "--output", "json")
        assert (back.code, back.json["to_version"]) == (0, "1"), back.err
        seen = answers["iris/1"]
        until("version 1 answers again", lambda: answers["iris/1"] > seen + 3)
    assert set(answers) == {"iris/1", "iris/2"}, answers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_undoes(desk: Desk, number: signal.Signals) -> None:
    with desk.serving("stopped") as key:
        before = desk.template("stopped")
        process = desk.start("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert process.stderr
        for line in process.stderr:
            if "await rollout" in line and "trying" in line:
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1, err
        assert '"outcome": "undone"' in out
        assert desk.template("stopped") == before
        assert desk.mlflow.alias("champion") == "1"


def test_killed_in_the_middle_it_is_refused_until_it_is_taken_back(desk: Desk) -> None:
    with desk.serving("killed", replicas=3) as key:
        before = desk.template("killed")
        process = desk.start("promote", "iris", "2", "--deployment", key, "--yes")
        assert process.stderr
        for line in process.stderr:
            if "await rollout" in line and "trying" in line:
                desk.kill_runner()
                break
        _, err = process.communicate(timeout=60)
        assert process.returncode == 5
        assert "is gone" in err
        (left,) = desk.run("operations", "--output", "json").json["operations"]
        assert left["state"] == "running"
        refused = desk.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert refused.code == 3
        assert refused.json["error"]["hint"] == f"modeldeck operations undo {left['id']}"
        undone = desk.run("operations", "undo", left["id"], "--yes", "--output", "json")
        assert undone.code == 0, undone.err
        assert desk.template("killed") == before
        assert "modeldeck.dev/operation" not in desk.cluster.get("deployment", "killed")["metadata"]["annotations"]
        assert desk.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0
