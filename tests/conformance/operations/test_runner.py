"""Operations outlive whoever began them; two that begin at the same time are one; a person is waited for."""

from __future__ import annotations

import datetime
import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clusters import until
from tests.conformance.node.serving import deployed, traffic
from tests.conformance.operations.conftest import Shell


def newest(shell: Shell) -> Any:
    return shell.run("operations", "--output", "json").json["operations"][0]


def when(process: subprocess.Popen[str], *message: str) -> None:
    """Returns once a line of its standard error holds all of the words."""
    assert process.stderr
    for line in process.stderr:
        if all(word in line for word in message):
            return
    pytest.fail(f"ended without saying {message}")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_it_goes_on_when_whoever_began_it_is_gone(shell: Shell, number: signal.Signals) -> None:
    with shell.serving("left-alone") as key:
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        process.send_signal(number)
        process.communicate(timeout=60)
        attached = shell.run("operations", "attach", newest(shell)["id"], "--output", "json")
        assert attached.code == 0, attached.err
        assert attached.json["outcome"] == "done"
        assert "✔ move alias" in attached.err
        assert shell.mlflow.alias("champion") == "2"


def test_detached_it_goes_on_by_itself(shell: Shell) -> None:
    with shell.serving("detached") as key:
        begun = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--detach")
        assert begun.code == 0, begun.err
        operation_id = begun.out.strip()
        assert shell.run("operations", "attach", operation_id).code == 0
        assert shell.uri("detached") == "models:/iris/2"


@pytest.mark.parametrize("verb", ["resume", "undo"])
def test_killed_without_warning_it_is_gone_on_with_or_taken_back(shell: Shell, verb: str) -> None:
    with shell.serving("cut-off", replicas=3) as key, traffic(shell.node, shell.mlflow.trained, "cut-off") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 3)
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        shell.kill_runner()
        process.communicate(timeout=60)
        done = shell.run("operations", verb, newest(shell)["id"], "--yes", "--output", "json")
        assert done.code == 0, done.err
        version, outcome = ("2", "done") if verb == "resume" else ("1", "undone")
        assert done.json["outcome"] == outcome
        assert shell.uri("cut-off") == f"models:/iris/{version}"
        assert shell.mlflow.alias("champion") == version
        until(f"version {version} answers", lambda: answers[f"iris/{version}"] > 3)
    assert set(answers) <= {"iris/1", "iris/2"}, answers


def test_a_colleague_on_another_machine_takes_it_back_without_the_journal(shell: Shell, tmp_path: Path) -> None:
    elsewhere = replace(shell, state=tmp_path / "elsewhere")
    with shell.serving("far-away", replicas=3) as key:
        before = shell.template("far-away")
        process = shell.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        shell.kill_runner()
        operation = newest(shell)
        process.communicate(timeout=60)
        refused = elsewhere.run("promote", "iris", "2", "--deployment", key, "--yes")
        assert refused.code == 3
        undone = elsewhere.run("operations", "undo", operation["id"], "--yes", "--output", "json")
        assert undone.code == 0, undone.err
        assert shell.template("far-away") == before
        here = shell.run("operations", "resume", operation["id"], "--yes", "--output", "json")
        assert "taken back elsewhere" in here.json["message"], here.err
        assert shell.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0


def test_of_two_that_begin_in_the_same_instant_exactly_one_goes_on(shell: Shell, tmp_path: Path) -> None:
    elsewhere = replace(shell, state=tmp_path / "elsewhere")
    with shell.serving("contested", replicas=2) as key:
        both = [each.start("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json") for each in (shell, elsewhere)]
        ends = [process.communicate(timeout=120) for process in both]
        codes = sorted(process.returncode for process in both)
        assert codes in ([0, 3], [0, 0]), ends
        if codes == [0, 0]:  # the second one began when the first had ended
            assert sorted('"outcome": "nothing to do"' in out for out, _ in ends) == [False, True], ends
        assert shell.uri("contested") == "models:/iris/2"
        own = shell.cluster.get("deployment", "contested")["metadata"]["annotations"]
        assert own["modeldeck.dev/history"].count('"id"') == 1


def test_a_lock_that_is_held_says_who_since_when_and_where(shell: Shell, tmp_path: Path) -> None:
    elsewhere = replace(shell, state=tmp_path / "elsewhere")
    config = tmp_path / "careful.toml"
    config.write_text("approval = true\n[environments.prod]\n")
    with shell.serving("locked") as key:
        waiting = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json", MODELDECK_CONFIG=str(config))
        assert waiting.code == 7, waiting.err
        assert waiting.json["state"] == "waiting"
        operation_id = waiting.json["id"]
        own = shell.run("operations", "approve", operation_id, "--yes")
        assert own.code == 3
        assert "somebody else has to approve it" in own.err
        shell.cluster.apply(held("locked"))
        refused = elsewhere.run("promote", "iris", "2", "--deployment", key, "--yes")
        assert refused.code == 3
        assert "locked by bob@box (20260101-000000-beef): promote iris 1 → 2, since 2026-01-01T00:00:00Z, at judge gate" in refused.err
        shell.cluster.kubectl("delete", "lease", "modeldeck-locked")
        approved = shell.run("operations", "approve", operation_id, "--yes", "--reason", "looked at it", USER="bob", LOGNAME="bob")
        assert approved.code == 0, approved.err
        done = shell.run("operations", "attach", operation_id, "--output", "json")
        assert done.code == 0, done.err
        assert "approved by bob@" in done.json["steps"][0]["message"]


def held(deployment: str) -> dict[str, Any]:
    """A lease as somebody else's runner keeps it."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    note = {
        "id": "20260101-000000-beef",
        "actor": "bob@box",
        "kind": "promote",
        "model": "iris",
        "from": "1",
        "to": "2",
        "since": "2026-01-01T00:00:00Z",
        "step": "judge gate",
        "host": "box",
    }
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": f"modeldeck-{deployment}",
            "namespace": "serving",
            "annotations": {"modeldeck.dev/lock": json.dumps(note)},
        },
        "spec": {"holderIdentity": "box-1", "leaseDurationSeconds": 15, "acquireTime": now, "renewTime": now},
    }


def test_staging_then_production_as_one_operation(shell: Shell) -> None:
    with shell.serving("staging") as staging, deployed(shell.node, "production", "models:/iris/1", 1):
        both = ("--deployment", staging, "--deployment", "serving/production")
        done = shell.run("promote", "iris", "2", *both, "--yes", "--output", "json")
        assert done.code == 0, done.err
        assert done.json["deployments"] == ["serving/staging", "serving/production"]
        changes = [(each["deployment"], each["model"], each["from_version"], each["to_version"]) for each in done.json["changes"]]
        assert changes == [("serving/staging", "iris", "1", "2"), ("serving/production", "iris", "1", "2")]
        assert (shell.uri("staging"), shell.uri("production")) == ("models:/iris/2", "models:/iris/2")
        broken = shell.run("promote", "iris", "3", *both, "--yes", "--output", "json")
        assert broken.code == 1, broken.err
        assert (shell.uri("staging"), shell.uri("production")) == ("models:/iris/2", "models:/iris/2")
        assert shell.mlflow.alias("champion") == "2"
