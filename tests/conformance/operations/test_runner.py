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
from tests.conformance.operations.conftest import Desk


def newest(desk: Desk) -> Any:
    return desk.run("operations", "--output", "json").json["operations"][0]


def when(process: subprocess.Popen[str], *words: str) -> None:
    """Returns once a line of its standard error holds all of the words."""
    assert process.stderr
    for line in process.stderr:
        if all(word in line for word in words):
            return
    pytest.fail(f"ended without saying {words}")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_it_goes_on_when_whoever_began_it_is_gone(desk: Desk, number: signal.Signals) -> None:
    with desk.serving("left-alone") as key:
        process = desk.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        process.send_signal(number)
        process.communicate(timeout=60)
        attached = desk.run("operations", "attach", newest(desk)["id"], "--output", "json")
        assert attached.code == 0, attached.err
        assert attached.json["outcome"] == "done"
        assert "✔ move alias" in attached.err
        assert desk.mlflow.alias("champion") == "2"


def test_detached_it_goes_on_by_itself(desk: Desk) -> None:
    with desk.serving("detached") as key:
        begun = desk.run("promote", "iris", "2", "--deployment", key, "--yes", "--detach")
        assert begun.code == 0, begun.err
        operation_id = begun.out.strip()
        assert desk.run("operations", "attach", operation_id).code == 0
        assert desk.uri("detached") == "models:/iris/2"


@pytest.mark.parametrize("verb", ["resume", "undo"])
def test_killed_without_warning_it_is_gone_on_with_or_taken_back(desk: Desk, verb: str) -> None:
    with desk.serving("cut-off", replicas=3) as key, traffic(desk.node, desk.mlflow.trained, "cut-off") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 3)
        process = desk.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        desk.kill_runner()
        process.communicate(timeout=60)
        done = desk.run("operations", verb, newest(desk)["id"], "--yes", "--output", "json")
        assert done.code == 0, done.err
        version, outcome = ("2", "done") if verb == "resume" else ("1", "undone")
        assert done.json["outcome"] == outcome
        assert desk.uri("cut-off") == f"models:/iris/{version}"
        assert desk.mlflow.alias("champion") == version
        until(f"version {version} answers", lambda: answers[f"iris/{version}"] > 3)
    assert set(answers) <= {"iris/1", "iris/2"}, answers


def test_a_colleague_on_another_machine_takes_it_back_without_the_journal(desk: Desk, tmp_path: Path) -> None:
    elsewhere = replace(desk, state=tmp_path / "elsewhere")
    with desk.serving("far-away", replicas=3) as key:
        before = desk.template("far-away")
        process = desk.start("promote", "iris", "2", "--deployment", key, "--yes")
        when(process, "await rollout", "trying")
        desk.kill_runner()
        operation = newest(desk)
        process.communicate(timeout=60)
        refused = elsewhere.run("promote", "iris", "2", "--deployment", key, "--yes")
        assert refused.code == 3
        undone = elsewhere.run("operations", "undo", operation["id"], "--yes", "--output", "json")
        assert undone.code == 0, undone.err
        assert desk.template("far-away") == before
        here = desk.run("operations", "resume", operation["id"], "--yes", "--output", "json")
        assert "taken back elsewhere" in here.json["words"], here.err
        assert desk.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0


def test_of_two_that_begin_in_the_same_instant_exactly_one_goes_on(desk: Desk, tmp_path: Path) -> None:
    elsewhere = replace(desk, state=tmp_path / "elsewhere")
    with desk.serving("contested", replicas=2) as key:
        both = [each.start("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json") for each in (desk, elsewhere)]
        ends = [process.communicate(timeout=120) for process in both]
        codes = sorted(process.returncode for process in both)
        assert codes in ([0, 3], [0, 0]), ends
        if codes == [0, 0]:  # the second one began when the first had ended
            assert sorted('"outcome": "nothing to do"' in out for out, _ in ends) == [False, True], ends
        assert desk.uri("contested") == "models:/iris/2"
        own = desk.cluster.get("deployment", "contested")["metadata"]["annotations"]
        assert own["modeldeck.dev/history"].count('"id"') == 1


def test_a_lock_that_is_held_says_who_since_when_and_where(desk: Desk, tmp_path: Path) -> None:
    elsewhere = replace(desk, state=tmp_path / "elsewhere")
    config = tmp_path / "careful.toml"
    config.write_text("approval = true\n[environments.prod]\n")
    with desk.serving("locked") as key:
        waiting = desk.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json", MODELDECK_CONFIG=str(config))
        assert waiting.code == 7, waiting.err
        assert waiting.json["state"] == "waiting"
        operation_id = waiting.json["id"]
        own = desk.run("operations", "approve", operation_id, "--yes")
        assert own.code == 3
        assert "somebody else has to approve it" in own.err
        desk.cluster.apply(held("locked"))
        refused = elsewhere.run("promote", "iris", "2", "--deployment", key, "--yes")
        assert refused.code == 3
        assert "locked by bob@box (20260101-000000-beef): promote iris 1 → 2, since 2026-01-01T00:00:00Z, at judge gate" in refused.err
        desk.cluster.kubectl("delete", "lease", "modeldeck-locked")
        approved = desk.run("operations", "approve", operation_id, "--yes", "--reason", "looked at it", USER="bob", LOGNAME="bob")
        assert approved.code == 0, approved.err
        done = desk.run("operations", "attach", operation_id, "--output", "json")
        assert done.code == 0, done.err
        assert "approved by bob@" in done.json["steps"][0]["words"]


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


def test_staging_then_production_as_one_operation(desk: Desk) -> None:
    with desk.serving("staging") as staging, deployed(desk.node, "production", "models:/iris/1", 1):
        both = ("--deployment", staging, "--deployment", "serving/production")
        done = desk.run("promote", "iris", "2", *both, "--yes", "--output", "json")
        assert done.code == 0, done.err
        assert done.json["deployments"] == ["serving/staging", "serving/production"]
        parts = [(part["deployment"], part["model"], part["from_version"], part["to_version"]) for part in done.json["parts"]]
        assert parts == [("serving/staging", "iris", "1", "2"), ("serving/production", "iris", "1", "2")]
        assert (desk.uri("staging"), desk.uri("production")) == ("models:/iris/2", "models:/iris/2")
        broken = desk.run("promote", "iris", "3", *both, "--yes", "--output", "json")
        assert broken.code == 1, broken.err
        assert (desk.uri("staging"), desk.uri("production")) == ("models:/iris/2", "models:/iris/2")
        assert desk.mlflow.alias("champion") == "2"
