"""Others at work on the same objects: kubectl between plan and apply, pipelines that promote, missing rights, a registry that is down."""

from __future__ import annotations

import asyncio
import os
from unittest import mock

from modeldeck.backends import connect, open_journal
from modeldeck.config import Flags, ResolvedConfig, resolve
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.live.clock import SystemClock
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.planning.plan import plan
from tests.conformance.clusters import until
from tests.conformance.node.serving import traffic
from tests.conformance.operations.conftest import Shell


async def planned_then(shell: Shell, name: str, *kubectl: str) -> tuple[Plan, Operation]:
    """Plan, let somebody run kubectl, carry the plan out."""
    with mock.patch.dict(os.environ, shell.environ(), clear=True):
        found = resolve(Flags(), os.environ)
        assert isinstance(found, ResolvedConfig), found
        backends = connect(found.environment)
        clients, journal, clock = backends.clients, open_journal(found.environment), SystemClock()
    try:
        made = await plan(Intent(Kind.PROMOTE, "serving", name, "iris", "2", "ann@box"), clients, journal, clock)
        assert isinstance(made, Plan), made
        await asyncio.to_thread(shell.cluster.kubectl, *kubectl)
        return made, await execute(made, clients, journal, clock, lambda _: None, asyncio.Event())
    finally:
        await backends.close()


async def test_somebody_patches_between_plan_and_apply(shell: Shell) -> None:
    with shell.serving("raced"):
        _, operation = await planned_then(shell, "raced", "set", "env", "deployment/raced", "LOG_LEVEL=debug")
        assert operation.outcome is Outcome.REFUSED
        assert "env LOG_LEVEL of container server was added" in operation.message
        assert shell.uri("raced") == "models:/iris/1"
        assert shell.mlflow.alias("champion") == "1"


async def test_somebody_scales_between_plan_and_apply(shell: Shell) -> None:
    with shell.serving("scaled"):
        _, operation = await planned_then(shell, "scaled", "scale", "deployment/scaled", "--replicas=2")
        assert operation.outcome is Outcome.REFUSED
        assert "scaled from 1 to 2" in operation.message


async def test_somebodys_annotation_does_not_matter(shell: Shell) -> None:
    with shell.serving("noted"):
        _, operation = await planned_then(shell, "noted", "annotate", "deployment/noted", "team=vision")
        assert operation.outcome is Outcome.DONE, operation.message
        assert shell.cluster.get("deployment", "noted")["metadata"]["annotations"]["team"] == "vision"


def test_a_version_promoted_with_kubectl_can_be_rolled_back(shell: Shell) -> None:
    with shell.serving("by-hand") as key:
        shell.until_the_next_second("by-hand")
        shell.cluster.kubectl("set", "env", "deployment/by-hand", "MODEL_URI=models:/iris/2")
        shell.cluster.kubectl("rollout", "status", "deployment/by-hand", "--timeout=60s")
        (entry,) = shell.run("history", key, "--output", "json").json["entries"]
        assert (entry["source"], entry["to_version"], entry["actor"]) == ("cluster", "2", "kubectl-set")
        back = shell.run("rollback", key, "--yes", "--output", "json")
        assert (back.code, back.json["from_version"], back.json["to_version"]) == (0, "2", "1"), back.err
        entries = shell.run("history", key, "--output", "json").json["entries"]
        # Kubernetes has forgotten who it was: the field is the roll-back's now.
        moves = [(each["source"], each["to_version"], each["actor"]) for each in entries]
        assert moves == [("journal", "1", back.json["actor"]), ("cluster", "2", None)]


def test_rolling_back_in_the_middle_of_somebodys_broken_rollout(shell: Shell) -> None:
    with shell.serving("stuck") as key, traffic(shell.node, shell.mlflow.trained, "stuck") as answers:
        shell.cluster.kubectl("set", "env", "deployment/stuck", "MODEL_URI=models:/iris/3")
        until("the new pods crash", lambda: "CrashLoopBackOff" in shell.cluster.kubectl("get", "pods", "-l", "app=stuck"))
        refused = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json")
        assert refused.code == 3
        assert "a rollout is under way" in refused.json["error"]["message"]
        back = shell.run("rollback", key, "--yes", "--output", "json")
        assert (back.code, back.json["to_version"]) == (0, "1"), back.err
    assert set(answers) == {"iris/1"}, answers


def test_without_the_right_to_patch_nothing_is_tried(shell: Shell) -> None:
    with shell.serving("viewed") as key:
        before = shell.cluster.get("deployment", "viewed")["metadata"]
        done = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json", user="view")
        assert done.code == 3, done.err
        assert "permission to patch" in done.json["error"]["message"]
        after = shell.cluster.get("deployment", "viewed")["metadata"]
        assert after["generation"] == before["generation"]
        told = shell.run("doctor", "--output", "json", user="view").json["backends"]["kubernetes"]
        assert next(finding["works"] for finding in told if finding["about"].startswith("patch deployments")) is False


def test_without_the_right_to_write_events_a_promotion_is_done_and_says_so(shell: Shell) -> None:
    with shell.serving("quiet") as key:
        done = shell.run("promote", "iris", "2", "--deployment", key, "--yes", "--output", "json", user="op")
        assert done.code == 0, done.err
        assert "write event failed" in done.json["message"]
        assert shell.mlflow.alias("champion") == "2"


def test_a_rollback_goes_ahead_without_the_registry_and_is_finished_later(shell: Shell) -> None:
    with shell.serving("lonely") as key:
        assert shell.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0
        away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
        assert shell.run("promote", "iris", "1", "--deployment", key, "--yes", **away).code == 6
        done = shell.run("rollback", key, "--yes", "--output", "json", **away)
        assert done.code == 5, done.err
        assert "alias champion was not moved" in done.json["message"]
        assert shell.uri("lonely") == "models:/iris/1"
        assert shell.mlflow.alias("champion") == "2"
        later = shell.run("rollback", key, "--to", "1", "--yes", "--output", "json")
        assert later.code == 0, later.err
        assert shell.mlflow.alias("champion") == "1"


def test_the_newest_promotion_of_two_goes_further_back_each_time(shell: Shell) -> None:
    with shell.serving("twice") as key:
        assert shell.run("promote", "iris", "2", "--deployment", key, "--yes").code == 0
        assert shell.run("rollback", key, "--yes").code == 0
        colleague = {"XDG_STATE_HOME": str(shell.state / "colleague")}
        again = shell.run("rollback", key, "--yes", "--output", "json", **colleague)
        assert again.code == 3
        assert again.json["error"]["code"] == "no_target"
