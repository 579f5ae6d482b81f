"""What each check says of the world as it stands: verdict, words, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Access, Condition, Deployment
from modeldeck.domain.mlflow.announcements import Announcement
from modeldeck.domain.mlflow.registry import ModelAccess
from modeldeck.domain.operations.checks import Check, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.text import host
from modeldeck.operations.planning import checks
from modeldeck.operations.planning.plan_inputs import PlanInputs
from tests.domain.links.templates import deployment
from tests.operations.conftest import Bench
from tests.support.operations import BEGUN
from tests.support.plans import with_change
from tests.support.processes import gone_pid

OK, WARN, REFUSE, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.REFUSE, Verdict.UNKNOWN
AWAY = Unreachable("connection refused", backend="MLflow")


def told(check: Check) -> tuple[Verdict, str, str]:
    return check.verdict, check.message, check.hint


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (OK, "test may be changed", "")),
        ({"approval": True}, (WARN, "in test somebody else has to approve a change", "nothing is touched before")),
        (
            {"approval": True, "read_only": True},
            (REFUSE, "test is read-only", "choose another environment, or unset its read_only"),
        ),
    ],
)
def test_what_an_environment_allows(bench: Bench, fields: dict[str, Any], expected: tuple[Verdict, str, str]) -> None:
    bench.fake.environment = replace(bench.fake.environment, **fields)
    assert told(checks.environment(bench.fake.clients)) == expected


async def test_a_reason_is_needed_where_the_environment_is_protected(bench: Bench) -> None:
    found = await bench.subject()
    assert checks.reason(found, bench.fake.clients) == ()
    bench.fake.environment = replace(bench.fake.environment, protected=True)
    given = replace(found, intent=replace(found.intent, reason="better"))
    assert [told(check) for check in checks.reason(given, bench.fake.clients)] == [(OK, "better", "")]
    blank = replace(found, intent=replace(found.intent, reason="  "))
    assert [told(check) for check in checks.reason(blank, bench.fake.clients)] == [
        (REFUSE, "test is protected: a change needs a reason", "--reason TEXT, or `r`")
    ]


async def test_whether_the_version_can_be_served(bench: Bench) -> None:
    found = await bench.subject()
    known = found.version
    assert known is not None
    assert told(checks.version(found)) == (OK, "version 2 of iris is READY", "")
    assert told(checks.version(replace(found, registry_failure=AWAY))) == (
        *(UNKNOWN, "MLflow: connection refused"),
        "the roll-back goes ahead without asking",
    )
    assert told(checks.version(replace(found, version=None)))[:2] == (REFUSE, "version 2 of iris does not exist")
    failed = replace(known, status="FAILED_REGISTRATION", status_message="no space left")
    hint = "wait until it is READY, or register it anew"
    assert told(checks.version(replace(found, version=failed))) == (
        *(REFUSE, "version 2 of iris is FAILED_REGISTRATION: no space left"),
        hint,
    )
    pending = replace(known, status="PENDING_REGISTRATION", status_message="")
    assert told(checks.version(replace(found, version=pending))) == (REFUSE, "version 2 of iris is PENDING_REGISTRATION", hint)
    copied = replace(known, model="dev.iris", version="7")
    assert told(checks.version(replace(found, copied=copied))) == (
        *(OK, "version 2 of iris is made as a copy of models:/dev.iris/7, which is READY"),
        "",
    )


async def test_the_artifacts_are_those_of_what_will_be_served_or_copied(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(model: str, version: str) -> str:
        asked.append((model, version))
        return "MLmodel found"

    monkeypatch.setattr(bench.fake.registry, "artifacts_answer", answer)
    found = await bench.subject()
    assert found.version is not None
    assert told(await checks.artifacts(found, bench.fake.clients)) == (OK, "MLmodel found", "")
    copied = replace(found.version, model="dev.iris", version="7")
    await checks.artifacts(replace(found, copied=copied), bench.fake.clients)
    assert asked == [("iris", "2"), ("dev.iris", "7")]
    unknown = (UNKNOWN, "cannot be looked at", "")
    assert told(await checks.artifacts(replace(found, version=None), bench.fake.clients)) == unknown
    assert told(await checks.artifacts(found, replace(bench.fake.clients, registry=None))) == unknown
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("allowed", "why", "expected"),
    [
        (True, "", (OK, "patching serving/iris is allowed", "")),
        (
            *(False, "no role binds you"),
            (
                REFUSE,
                "patching deployments in serving is not allowed: no role binds you",
                "ask for a role with `patch` on deployments.apps",
            ),
        ),
        (False, "", (REFUSE, "patching deployments in serving is not allowed", "ask for a role with `patch` on deployments.apps")),
        (None, "webhook down", (UNKNOWN, "webhook down", "it will show when it is tried")),
    ],
)
async def test_whether_the_deployment_may_be_patched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, allowed: bool | None, why: str, expected: tuple[Verdict, str, str]
) -> None:
    asked: list[tuple[str, str, str, dict[str, str]]] = []

    async def access(verb: str, resource: str, namespace: str, **more: str) -> Access:
        asked.append((verb, resource, namespace, more))
        return Access(verb, resource, namespace, allowed, why)

    monkeypatch.setattr(bench.fake.cluster, "access", access)
    assert told(await checks.may_patch(await bench.subject(), bench.fake.clients)) == expected
    assert asked == [("patch", "deployments", "serving", {"name": "iris", "group": "apps"})]


EDIT = "ask an MLflow admin, or whoever made iris, for EDIT on it"


@pytest.mark.parametrize(
    ("access", "parts", "expected"),
    [
        (ModelAccess(True, "MANAGE"), {}, (OK, "MLflow lets you move aliases of iris (MANAGE)", "")),
        (ModelAccess(None), {}, (UNKNOWN, "MLflow does not tell permissions beforehand", "a refusal is undone")),
        (ModelAccess(None, "OWNER"), {}, (UNKNOWN, "MLflow grants OWNER, which is not known here", "a refusal is undone")),
        (ModelAccess(False, "READ"), {}, (REFUSE, "moving an alias of iris needs EDIT on it, and MLflow grants READ", EDIT)),
        (
            *(ModelAccess(False, "READ"), {"alias_version": "2"}),
            (WARN, "moving an alias of iris needs EDIT on it, and MLflow grants READ", EDIT),
        ),
    ],
)
async def test_whether_the_alias_may_be_moved(
    bench: Bench, access: ModelAccess, parts: dict[str, Any], expected: tuple[Verdict, str, str]
) -> None:
    bench.fake.registry.access = access
    assert told(await checks.may_move_alias(await bench.subject(**parts), bench.fake.clients)) == expected


async def test_an_alias_that_pods_follow_moves_whatever_was_asked_for(bench_of: Any) -> None:
    bench: Bench = bench_of("models:/iris@champion")
    bench.fake.registry.access = ModelAccess(True, "EDIT")
    found = await bench.subject()
    assert (await checks.may_move_alias(found, bench.fake.clients)).verdict is OK
    asked = replace(found, intent=replace(found.intent, alias="best"))
    assert told(await checks.may_move_alias(asked, bench.fake.clients)) == (
        *(WARN, "the pods follow alias champion, so that one moves, not best"),
        "",
    )


async def test_without_mlflow_a_roll_back_leaves_the_alias_open(bench: Bench) -> None:
    found = await checks.may_move_alias(await bench.subject(registry_failure=AWAY), bench.fake.clients)
    assert found.verdict is WARN
    assert found.message.startswith("MLflow cannot be asked (MLflow: connection refused): the alias is tried after the rollout")
    assert found.hint.startswith("run the same roll-back again")


async def test_permissions_that_cannot_be_asked_are_not_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def access_to(model: str) -> ModelAccess:
        raise AWAY

    monkeypatch.setattr(bench.fake.registry, "access_to", access_to)
    found = await checks.may_move_alias(await bench.subject(), bench.fake.clients)
    assert (found.verdict, found.message) == (UNKNOWN, "MLflow does not tell permissions beforehand")


LATE = (Condition("Progressing", "False", "ProgressDeadlineExceeded", ""),)


@pytest.mark.parametrize(
    ("of", "kind", "verdict", "message", "hint"),
    [
        ({}, Kind.PROMOTE, OK, "successfully rolled out", ""),
        ({"desired": 0}, Kind.PROMOTE, WARN, "scaled to 0: nothing will serve", "scale it up to see the version serve"),
        ({"counts": 2, "updated": 1}, Kind.PROMOTE, REFUSE, "a rollout is under way: ", "wait for it, or roll back"),
        ({"counts": 2, "updated": 1}, Kind.ROLLBACK, WARN, "1 out of 2 new replicas have been updated", "the new rollout replaces it"),
        ({"updated": 0, "conditions": LATE}, Kind.PROMOTE, WARN, "exceeded its progress deadline", "the new rollout replaces it"),
        (
            *({"paused": True}, Kind.ROLLBACK, REFUSE),
            "the deployment is paused: no rollout would begin",
            "kubectl -n serving rollout resume deployment iris",
        ),
    ],
)
async def test_a_rollout_that_is_there_already(
    bench: Bench, of: dict[str, Any], kind: Kind, verdict: Verdict, message: str, hint: str
) -> None:
    found = await bench.subject(deployment=deployment(**of))
    check = checks.rolling(replace(found, intent=replace(found.intent, kind=kind)))
    assert (check.name, check.verdict, check.hint) == ("rollout", verdict, hint)
    assert message in check.message


ID = "20260101-000000-beef"
PAST = with_change(replace(BEGUN, id=ID, runner_pid=None), uid="uid-iris")


def of(bench: Bench, *past: Operation, mark: OperationAnnotation | None = None) -> Check:
    found = deployment(annotations={OPERATION: mark_text(mark)} if mark else {})
    intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
    link: Any = None
    about = PlanInputs(intent, found, link, "iris", "1", None, "2", "1", None)
    return checks.other_operations(about, past)


def test_operations_that_the_journal_knows_to_be_under_way(bench: Bench) -> None:
    running = replace(PAST, state=State.RUNNING, host="elsewhere", runner_pid=1)
    ended = replace(PAST, id="ended", state=State.ENDED, outcome=Outcome.DONE)
    elsewhere = with_change(running, key="serving/wine", uid="uid-wine")
    assert told(of(bench)) == told(of(bench, ended, elsewhere)) == (OK, "none under way", "")
    refusal = (REFUSE, f"operation {ID} of ann@box is under way", "wait for it, or cancel it")
    assert told(of(bench, ended, running)) == refusal
    cut = replace(running, host=host(), runner_pid=gone_pid())
    assert told(of(bench, ended, cut)) == (
        *(WARN, f"operation {ID} was cut off; its mark is gone"),
        f"modeldeck operations undo {ID}",
    )


def test_operations_whose_mark_stands(bench: Bench) -> None:
    mark = OperationAnnotation(ID, actor="bob@box", at="2026-01-01T00:00:00Z")
    who = f"operation {ID} of bob@box, started 2026-01-01T00:00:00Z"
    take_off = "kubectl -n serving annotate deployment iris modeldeck.dev/operation-"
    unknown = (REFUSE, f"{who} is under way", f"wait for it; where it surely is dead: {take_off}")
    assert told(of(bench, mark=mark)) == unknown
    assert of(bench, mark=OperationAnnotation(ID)).message == f"operation {ID} is under way"
    assert told(of(bench, replace(PAST, state=State.RUNNING, host="elsewhere", runner_pid=1), mark=mark)) == unknown
    cut = replace(PAST, state=State.RUNNING, host=host(), runner_pid=gone_pid())
    assert told(of(bench, cut, mark=mark)) == (
        *(REFUSE, f"{who} was cut off: its process is gone"),
        f"modeldeck operations undo {ID}",
    )
    done = replace(PAST, state=State.ENDED, outcome=Outcome.DONE)
    assert told(of(bench, done, mark=mark)) == (WARN, f"the mark of {who} was left behind; it ended done", "it is replaced")
    open_end = replace(done, outcome=Outcome.NEEDS_ATTENTION)
    assert told(of(bench, open_end, mark=mark)) == (
        *(WARN, f"{who} ended with an open end"),
        f"this one takes its place; to take back first what is left of it: modeldeck operations undo {ID}",
    )


def other(at: Deployment, **fields: str) -> Announcement:
    return Announcement(ID, **{"deployment": at.key, "uid": at.uid, **fields})


async def test_an_alias_that_is_on_the_move_is_not_planned_with(bench: Bench) -> None:
    cluster, clients = bench.fake.cluster, bench.fake.clients
    cluster.add("serving", "staging", bench.fake.template()["spec"]["containers"])
    own, there = await cluster.deployment("serving", "iris"), await cluster.deployment("serving", "staging")
    at_rest = (OK, "the alias is at rest", "")

    async def said(*others: Announcement, together: tuple[str, ...] = ()) -> tuple[Verdict, str, str]:
        return told(await checks.moving(await bench.subject(moving=others), clients, together))

    assert await said() == at_rest
    verdict, message, _ = await said(other(there))
    assert (verdict, message) == (REFUSE, f"operation {ID} of somebody is in the midst of moving alias champion of iris on serving/staging")
    assert await said(other(there), together=("serving/staging",)) == at_rest, "its lock will be ours"
    assert await said(other(own)) == at_rest, "the lock tells who is at work"
    assert (await said(other(own), other(there)))[0] is REFUSE
    assert (await said(other(own, uid="another")))[0] is REFUSE
    assert (await said(other(there, deployment="serving/nowhere")))[0] is REFUSE
    cluster.edit("serving/staging", lambda raw: raw["metadata"]["annotations"].update({"modeldeck.dev/history": HISTORY_OF_ONE}))
    assert await said(other(there)) == at_rest


HISTORY_OF_ONE = history_text({}, OperationAnnotation(ID, outcome="done"))


async def test_a_patch_that_the_server_takes(bench: Bench) -> None:
    found = await bench.subject()
    assert told(await checks.dry_run(found, bench.fake.clients, {})) == (OK, "nothing to patch", "")
    assert "dry_run" not in bench.fake.traps.calls
    made = await bench.good_plan("2")
    assert told(await checks.dry_run(found, bench.fake.clients, made.last.slot_edits)) == (OK, "accepted by the server", "")
    bench.fake.traps.fail("dry_run", TimedOut("no answer", hint="look at its load"))
    assert told(await checks.dry_run(found, bench.fake.clients, made.last.slot_edits)) == (UNKNOWN, "no answer", "look at its load")


async def test_what_has_been_written_since_it_was_read_does_not_stop_a_trial(bench: Bench) -> None:
    """The rollout's own status makes new versions of the object all the time."""
    found, made = await bench.subject(), await bench.good_plan("2")
    old = replace(found.deployment, resource_version="1")
    assert (await checks.dry_run(replace(found, deployment=old), bench.fake.clients, made.last.slot_edits)).verdict is OK


async def test_what_admission_makes_of_a_patch_is_named(bench: Bench) -> None:
    def pinned(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = "models:/iris/pinned"

    found, made = await bench.subject(), await bench.good_plan("2")
    bench.fake.cluster.admission = pinned
    verdict, message, hint = told(await checks.dry_run(found, bench.fake.clients, made.last.slot_edits))
    assert (verdict, message) == (REFUSE, "something in the cluster changes the patch on its way in (an admission webhook?)")
    assert "models:/iris/pinned" in hint
    assert "; " not in hint


async def test_an_alias_on_the_move_is_told_unless_something_here_already_refuses(bench: Bench) -> None:
    """One line tells of other operations."""

    async def line() -> Check:
        made = await bench.plan("2")
        assert isinstance(made, Plan)
        (found,) = (check for check in made.checks if check.name == "other operations")
        return found

    assert (await line()).message == "none under way"
    stranger = Announcement("far", "serving/staging", "uid-far")
    bench.fake.registry.tags["iris"] = {"modeldeck.moving.champion.far": f'{{"deployment":"{stranger.deployment}","uid":"uid-far"}}'}
    assert (await line()).message.startswith("operation far of somebody is in the midst")
    bench.fake.cluster.edit(
        "serving/iris", lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark_text(OperationAnnotation(ID))})
    )
    assert (await line()).message == f"operation {ID} is under way"
