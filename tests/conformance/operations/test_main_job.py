"""The main job on real parts: promote, serve, roll back; without a failed request, and without a half left behind."""

from __future__ import annotations

import signal

import httpx
import pytest

from tests.conformance.clusters import until
from tests.conformance.node.serving import asking, question, traffic
from tests.conformance.operations.conftest import Shell


def test_promote_serve_roll_back_without_a_failed_request(shell: Shell) -> None:
    with shell.serving("main", replicas=2) as key, traffic(shell.node, shell.mlflow.trained, "main") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 5)
        promoted = shell.run("promote", "iris", "2", "--deployment", key, "--reason", "better", "--yes", "--output", "json")
        assert promoted.code == 0, promoted.err
        operation = promoted.json
        assert operation["outcome"] == "done"
        assert {step["state"] for step in operation["steps"]} == {"done"}
        seen = answers["iris/2"]
        until("version 2 answers", lambda: answers["iris/2"] > seen + 5)
        told_everywhere(shell, operation)
        rolled_back = shell.run("rollback", key, "--yes", "--output", "json")
        assert rolled_back.code == 0, rolled_back.err
        assert (rolled_back.json["from_version"], rolled_back.json["to_version"]) == ("2", "1")
        seen = answers["iris/1"]
        until("version 1 answers again", lambda: answers["iris/1"] > seen + 5)
    assert set(answers) == {"iris/1", "iris/2"}, answers
    assert shell.mlflow.alias("champion") == "1"
    entries = shell.run("history", key, "--output", "json").json["entries"]
    assert [(entry["kind"], entry["outcome"]) for entry in entries] == [("rollback", "done"), ("promote", "done")]


def test_a_run_is_registered_promoted_and_serves(shell: Shell) -> None:
    trained = shell.mlflow.trained
    with shell.serving("story", "models:/iris/2", champion="2") as key, httpx.Client(trust_env=False, timeout=60) as http:
        run = shell.mlflow.run_of("1")
        made = shell.run("register", run, "--model", "iris", "--output", "json")
        assert made.code == 0, made.err
        version = made.json["version"]
        assert made.json["run_id"] == run
        done = shell.run("promote", "iris", version, "--deployment", key, "--yes", "--output", "json")
        assert done.code == 0, done.err
        answer = http.post(asking(shell.node, "story"), json=question(trained))
        assert answer.headers["x-model"] == f"iris/{version}"
        assert answer.json()["predictions"] == trained.predictions["1"]
        (row,) = shell.run("status", key, "--output", "json").json["rows"]
        assert row["live_versions"] == [{"version": version, "pods": 1, "ready": 1}]


def told_everywhere(shell: Shell, operation: dict[str, object]) -> None:
    """Alias, template, tags, event, rollout history and status tell one story."""
    assert shell.mlflow.alias("champion") == "2"
    assert shell.uri("main") == "models:/iris/2"
    annotations = shell.template("main")["metadata"]["annotations"]
    assert annotations["modeldeck.dev/model"] == "iris"
    assert annotations["modeldeck.dev/version"] == "2"
    own = shell.cluster.get("deployment", "main")["metadata"]["annotations"]
    assert "modeldeck.dev/operation" not in own
    assert str(operation["id"]) in own["modeldeck.dev/history"]
    assert shell.mlflow.tags("2")["modeldeck.operation"] == operation["id"]
    assert shell.mlflow.tags("2")["modeldeck.reason"] == "better"
    assert "Promoted" in shell.cluster.kubectl("describe", "deployment", "main")
    assert "modeldeck promote iris 1 -> 2" in shell.cluster.kubectl("rollout", "history", "deployment/main")
    (row,) = shell.run("status", "serving/main", "--output", "json").json["rows"]
    assert (row["spec_version"], row["alias"]["version"], row["disagreements"], row["operation"]) == ("2", "2", [], None)
    assert row["live_versions"] == [{"version": "2", "pods": 2, "ready": 2}]


def test_a_broken_version_ends_undone_in_the_pods_own_words(shell: Shell) -> None:
    with shell.serving("broken") as key, traffic(shell.node, shell.mlflow.trained, "broken") as answers:
        before = shell.template("broken")
        done = shell.run("promote", "iris", "3", "--deployment", key, "--yes", "--output", "json")
        assert done.code == 1, done.err
        assert done.json["outcome"] == "undone"
        assert "model.skops" in done.json["message"]
        assert shell.template("broken") == before
        assert shell.mlflow.alias("champion") == "1"
        assert "PromotionUndone" in shell.cluster.kubectl("describe", "deployment", "broken")
    assert set(answers) == {"iris/1"}, answers
    refused = shell.run("rollback", key, "--yes")
    assert refused.code == 3


def test_behind_an_alias_the_alias_moves_first_and_the_pods_restart(shell: Shell) -> None:
    uri = "models:/iris@champion"
    with shell.serving("by-alias", uri) as key, traffic(shell.node, shell.mlflow.trained, "by-alias") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 3)
        before = shell.template("by-alias")
        broken = shell.run("promote", "iris", "3", "--deployment", key, "--yes", "--output", "json")
        assert broken.code == 1, broken.err
        assert shell.template("by-alias") == before
        assert shell.mlflow.alias("champion") == "1"
        done = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert done.code == 0, done.err
        assert [step["name"] for step in done.json["steps"]][1:4] == ["mark", "move alias", "restart"]
        seen = answers["iris/2"]
        until("version 2 answers", lambda: answers["iris/2"] > seen + 3)
        assert shell.uri("by-alias") == uri
        back = shell.run("rollback", key, "--yes", "--output", "json")
        assert (back.code, back.json["to_version"]) == (0, "1"), back.err
        seen = answers["iris/1"]
        until("version 1 answers again", lambda: answers["iris/1"] > seen + 3)
    assert set(answers) == {"iris/1", "iris/2"}, answers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_undoes(shell: Shell, number: signal.Signals) -> None:
    with shell.serving("stopped") as key:
        before = shell.template("stopped")
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert process.stderr
        for line in process.stderr:
            if "await rollout" in line and "trying" in line:
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1, err
        assert '"outcome": "undone"' in out
        assert shell.template("stopped") == before
        assert shell.mlflow.alias("champion") == "1"


def test_killed_in_the_middle_it_is_refused_until_it_is_taken_back(shell: Shell) -> None:
    with shell.serving("killed", replicas=3) as key:
        before = shell.template("killed")
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes")
        assert process.stderr
        for line in process.stderr:
            if "await rollout" in line and "trying" in line:
                shell.kill_runner()
                break
        _, err = process.communicate(timeout=60)
        assert process.returncode == 5
        assert "is gone" in err
        (left,) = shell.run("operations", "--output", "json").json["operations"]
        assert left["state"] == "running"
        refused = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert refused.code == 3
        assert refused.json["error"]["hint"] == f"modeldeck operations undo {left['id']}"
        undone = shell.run("operations", "undo", left["id"], "--yes", "--output", "json")
        assert undone.code == 0, undone.err
        assert shell.template("killed") == before
        assert "modeldeck.dev/operation" not in shell.cluster.get("deployment", "killed")["metadata"]["annotations"]
        assert shell.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0
