"""The way back: each step failing in turn, cancels, conflicts, and what cannot be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Faulty, Forbidden, Rejected, TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, RESTARTED_AT, history_of
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName, StepState
from tests.operations.conftest import Bench
from tests.support.fakes.journals import FullDisk, MemoryJournal
from tests.support.fakes.registry import FakeRegistry

BEFORE_COMMIT = ("patch_deployment", "set_alias")
PASSING = (Faulty("500"), Unreachable("connection refused"), TimedOut("no answer in 5 s"))
FAILURES = (
    *((failure, False) for failure in (Forbidden("not allowed"), Rejected("no such field"), *PASSING)),
    *((failure, True) for failure in PASSING),
)


def old_world_stands(bench: Bench, template: dict[str, object]) -> None:
    assert bench.fake.template() == template
    assert bench.fake.champion == "1"
    assert OPERATION not in bench.fake.annotations()
    assert "kubernetes.io/change-cause" not in bench.fake.annotations()


@pytest.mark.parametrize(("failure", "late"), FAILURES, ids=lambda value: value.code if isinstance(value, Failure) else str(value))
@pytest.mark.parametrize("call", BEFORE_COMMIT)
@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_a_call_that_keeps_failing_is_undone_or_done_never_mixed(
    bench_of: Callable[[str], Bench], call: str, failure: Failure, late: bool, uri: str
) -> None:
    bench = bench_of(uri)
    made = await bench.good_plan("2")
    before = bench.fake.template()
    bench.fake.traps.fail(call, failure, late=late, times=8 if call == "set_alias" else 6)
    operation = await bench.run(made)
    if operation.outcome is Outcome.DONE:
        assert late
        assert bench.fake.champion == "2"
        assert bench.fake.template() != before
    else:
        assert operation.outcome is Outcome.UNDONE, operation.message
        assert operation.exit_code is ExitCode.UNDONE
        old_world_stands(bench, before)


async def test_broken_pods_end_undone_in_their_own_words(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    before = bench.fake.template()
    serving: list[int] = []
    bench.fake.clock.on_sleep.append(lambda: serving.append(bench.fake.cluster.deployments["serving/iris"]["status"]["readyReplicas"]))
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "ValueError: cannot unpickle the model" in operation.message
    assert "\x1b" not in operation.message + "".join(said.message for said in operation.log)
    assert "CrashLoopBackOff" in operation.message
    assert min(serving) >= 2
    old_world_stands(bench, before)
    assert "set_alias" not in bench.fake.traps.calls
    assert [reason for _, reason, _ in bench.fake.cluster.events] == ["PromotionUndone"]
    assert history_of(bench.fake.annotations())[0].outcome == "undone"


async def test_broken_pods_behind_an_alias_set_the_alias_back_first(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    made = await bench.good_plan("2")
    before = bench.fake.template()
    bench.fake.cluster.broken.add('"modeldeck.dev/version": "2"')
    order: list[str | None] = []
    bench.fake.traps.before("patch_deployment", lambda: order.append(bench.fake.champion), skip=2)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert order == ["1"]
    old_world_stands(bench, before)


async def test_pods_that_never_get_ready_end_at_the_deadline(bench: Bench) -> None:
    bench.fake.cluster.stuck.add("models:/iris/2")
    before = bench.fake.template()
    operation = await bench.promote("2", rollout_deadline=30.0)
    assert operation.outcome is Outcome.UNDONE
    assert "not rolled out after 30 s" in operation.message
    old_world_stands(bench, before)


@pytest.mark.parametrize("moment", ["deployment", "patch_deployment", "pods_of", "version_of_alias"])
async def test_cancel_before_the_commit_undoes(bench: Bench, moment: str) -> None:
    made = await bench.good_plan("2")
    before = bench.fake.template()
    bench.fake.traps.before(moment, bench.cancel.set)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "cancelled" in operation.message
    old_world_stands(bench, before)


async def test_cancel_after_the_commit_changes_nothing(bench: Bench) -> None:
    bench.fake.traps.before("tag_version", bench.cancel.set)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE
    assert bench.fake.champion == "2"


async def test_evidence_that_cannot_be_written_is_said_and_nothing_is_taken_back(bench: Bench) -> None:
    bench.fake.traps.fail("tag_version", Forbidden("not yours"))
    bench.fake.traps.fail("write_event", Forbidden("not yours"))
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE
    assert "tag version failed" in operation.message
    assert "write event failed" in operation.message
    assert bench.fake.champion == "2"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda bench: bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug"), "env LOG_LEVEL of container server was changed"),
        (lambda bench: bench.fake.cluster.set_env("serving/iris", "NEW", "1"), "env NEW of container server was added"),
        (lambda bench: bench.fake.registry.aliases["iris"].update(champion="3"), "alias champion of iris moved from 1 to 3"),
        (
            lambda bench: bench.fake.registry.add("iris", "2", status="FAILED_REGISTRATION"),
            "version 2 of iris was READY, is FAILED_REGISTRATION",
        ),
        (lambda bench: bench.fake.annotations().update({OPERATION: "20260101-000000-beef"}), "operation 20260101-000000-beef"),
        (lambda bench: bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"].update(replicas=5)), "scaled from 2 to 5"),
        (
            lambda bench: bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"].update(minReadySeconds=5)),
            "outside of the pod template",
        ),
    ],
    ids=["env", "new env", "alias", "status", "operation", "scale", "spec"],
)
async def test_a_world_that_moved_since_the_plan_is_left_alone(bench: Bench, change: Callable[[Bench], None], message: str) -> None:
    made = await bench.good_plan("2")
    change(bench)
    before = bench.fake.template()
    operation = await bench.run(made)
    assert operation.outcome is Outcome.REFUSED
    assert operation.exit_code is ExitCode.REFUSED
    assert message in operation.message
    assert bench.fake.template() == before
    assert "patch_deployment" not in bench.fake.traps.calls
    assert "set_alias" not in bench.fake.traps.calls


async def test_a_plan_from_before_somebody_elses_operation_is_made_again(bench: Bench) -> None:
    """Even where everything is back as it was."""
    made = await bench.good_plan("2")
    colleague = Bench(bench.fake, MemoryJournal())
    assert (await colleague.promote("2", actor="bob@box")).outcome is Outcome.DONE
    assert (await colleague.promote("1", actor="bob@box")).outcome is Outcome.DONE
    operation = await bench.run(made)
    assert operation.outcome is Outcome.REFUSED
    assert "of bob@box was carried out" in operation.message


async def test_a_template_that_moves_at_the_last_instant_is_left_alone(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.before("patch_deployment", lambda: bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug"))
    operation = await bench.run(made)
    assert operation.outcome in (Outcome.REFUSED, Outcome.UNDONE)
    assert bench.fake.env() == "models:/iris/1"
    assert bench.fake.env("LOG_LEVEL") == "debug"
    assert bench.fake.champion == "1"


async def test_an_annotation_of_somebody_else_is_no_reason_to_stop(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({"team": "vision"}))
    assert (await bench.run(made)).outcome is Outcome.DONE
    assert bench.fake.annotations()["team"] == "vision"


async def test_an_autoscaler_may_scale_between_plan_and_apply(bench: Bench) -> None:
    bench.fake.cluster.hpa = True
    made = await bench.good_plan("2")
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"].update(replicas=3))
    assert (await bench.run(made)).outcome is Outcome.DONE


async def test_undo_keeps_what_others_changed_meanwhile(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    made = await bench.good_plan("2")
    bench.fake.traps.before("pods_of", lambda: bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug"))
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert bench.fake.env() == "models:/iris/1"
    assert bench.fake.env("LOG_LEVEL") == "debug"


async def test_somebody_elses_version_is_never_overwritten_by_the_undo(bench: Bench) -> None:
    bench.fake.cluster.stuck.add("models:/iris/2")
    made = await bench.good_plan("2")
    bench.fake.traps.before("pods_of", lambda: bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3"), skip=1)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert operation.exit_code is ExitCode.NEEDS_ATTENTION
    assert bench.fake.env() == "models:/iris/3"
    assert operation.next_commands == ("modeldeck rollback serving/iris --to 1",)
    assert "the template says models:/iris/3; alias champion points at 1" in operation.message


async def test_somebody_elses_restart_does_not_keep_a_version_from_being_taken_back(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    bench.fake.cluster.stuck.add('"modeldeck.dev/version": "2"')
    made = await bench.good_plan("2")

    def restart(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT] = "by hand"

    bench.fake.traps.before("pods_of", lambda: bench.fake.cluster.edit("serving/iris", restart), skip=1)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert bench.fake.template()["metadata"]["annotations"] == {RESTARTED_AT: "by hand"}
    assert bench.fake.champion == "1"


async def test_somebody_elses_alias_is_never_overwritten(bench: Bench) -> None:
    made = await bench.good_plan("2")
    before = bench.fake.template()
    bench.fake.traps.before("pods_of", lambda: bench.fake.registry.aliases["iris"].update(champion="3"))
    operation = await bench.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert bench.fake.champion == "3"
    assert bench.fake.template() == before


@pytest.mark.parametrize("uri", ["models:/iris/1", "models:/iris@champion"])
async def test_a_move_of_the_alias_that_lands_late_lands_before_the_end(bench_of: Callable[[str], Bench], uri: str) -> None:
    """Afterwards the alias is anybody's, and MLflow cannot tell an old request from a new one."""
    bench = bench_of(uri)
    landed: list[float] = []

    async def late(model: str, alias: str, version: str) -> None:
        async def land() -> None:
            await bench.fake.clock.sleep(0.9)
            bench.fake.registry.aliases[model][alias] = version
            landed.append(bench.fake.clock.monotonic())

        pending.append(asyncio.ensure_future(land()))
        raise TimedOut("no answer in 5 s")

    pending: list[asyncio.Future[None]] = []
    bench.fake.registry.set_alias = late  # type: ignore[method-assign]
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert len(landed) == len(pending) == 1
    assert bench.fake.champion == "2"


async def test_an_undo_that_fails_needs_attention_and_says_what_to_type(bench: Bench) -> None:
    bench.fake.cluster.broken.add("models:/iris/2")
    made = await bench.good_plan("2")
    bench.fake.traps.fail("patch_deployment", Forbidden("role was taken away"), skip=1, times=99)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert operation.steps[1].state is StepState.UNDO_FAILED
    assert operation.next_commands == ("modeldeck rollback serving/iris --to 1",)
    assert bench.fake.champion == "1"


async def test_an_alias_that_cannot_be_set_back_needs_attention(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    made = await bench.good_plan("2")
    bench.fake.cluster.broken.add('"modeldeck.dev/version": "2"')
    bench.fake.traps.fail("set_alias", Unreachable("MLflow is down"), skip=1, times=99)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert ["set_registered_model_alias" in command and "'1'" in command for command in operation.next_commands] == [True]


async def test_a_cluster_that_is_away_for_a_while_is_waited_for(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("pods_of", Unreachable("connection refused"), times=20)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert any("still waiting" in said.message for said in operation.log)


@pytest.mark.parametrize("room", range(26))
async def test_a_full_disk_stops_before_the_next_step(bench: Bench, room: int) -> None:
    made = await bench.good_plan("2")
    before = bench.fake.template()
    disk = FullDisk(bench.journal, room)
    bench.journal = disk
    operation = await bench.run(made)
    if len(disk.written) < room:
        assert operation.outcome is Outcome.DONE
    elif bench.fake.champion == "1":
        assert operation.outcome in (Outcome.REFUSED, Outcome.UNDONE), operation.message
        assert "disk is full" in operation.message
        old_world_stands(bench, before)
    else:
        assert bench.fake.env() == "models:/iris/2"
        assert "set_alias" in bench.fake.traps.calls
    # Nothing left for a backend without its intent on disk, but for the way back.
    if room <= 2:
        assert "patch_deployment" not in bench.fake.traps.calls


async def test_a_refused_plan_is_not_carried_out(bench: Bench) -> None:
    bench.fake.cluster.allowed = False
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.REFUSED
    assert "patch_deployment" not in bench.fake.traps.calls


async def test_a_read_only_environment_refuses_in_the_core(bench: Bench) -> None:
    from dataclasses import replace

    made = await bench.good_plan("2")
    bench.fake.environment = replace(bench.fake.environment, read_only=True)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.REFUSED
    assert "read-only" in operation.message
    assert HISTORY not in bench.fake.annotations()


async def test_a_rollback_goes_ahead_while_the_registry_is_down(bench: Bench) -> None:
    assert (await bench.promote("2")).outcome is Outcome.DONE
    down = Unreachable("connection refused", backend="MLflow")
    for call in ("registry", "version_of_alias", "version", "set_alias", "tag_version"):
        bench.fake.traps.fail(call, down, times=999)
    operation = await bench.roll_back()
    assert operation.outcome is Outcome.NEEDS_ATTENTION, operation.message
    assert bench.fake.env() == "models:/iris/1"
    assert "alias champion was not moved" in operation.message
    assert next(step for step in operation.steps if step.name is StepName.MOVE_ALIAS).state is StepState.SKIPPED
    bench.fake.traps.clear()
    again = await bench.roll_back("1")
    assert again.outcome is Outcome.DONE, again.message
    assert [step.name for step in again.steps][1:3] == [StepName.MARK, StepName.MOVE_ALIAS]
    assert bench.fake.champion == "1"


async def test_an_alias_that_was_left_open_is_moved_when_it_is_gone_on_with(bench: Bench) -> None:
    assert (await bench.promote("2")).outcome is Outcome.DONE
    down = Unreachable("connection refused", backend="MLflow")
    for call in ("registry", "version_of_alias", "version", "set_alias", "tag_version"):
        bench.fake.traps.fail(call, down, times=999)
    left = await bench.roll_back()
    assert (left.outcome, bench.fake.champion) == (Outcome.NEEDS_ATTENTION, "2")
    bench.fake.traps.clear()
    ended = await bench.resume(left.id)
    assert ended.outcome is Outcome.DONE, ended.message
    assert bench.fake.champion == "1"
    assert bench.fake.registry.versions["iris", "1"].tags["modeldeck.operation"] == left.id


async def test_an_alias_left_open_whose_move_had_landed_is_taken_back(bench: Bench) -> None:
    """The answer was lost, and the registry stayed away: nobody knew that it had moved."""
    assert (await bench.promote("2")).outcome is Outcome.DONE
    down = Unreachable("connection refused", backend="MLflow")
    bench.fake.traps.before("set_alias", lambda: bench.fake.traps.fail("version_of_alias", down, times=999))
    bench.fake.traps.fail("set_alias", down, late=True)
    bench.fake.traps.fail("patch_deployment", Forbidden("not you"), skip=1, times=99)
    left = await bench.roll_back()
    assert left.outcome is Outcome.NEEDS_ATTENTION, left.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "1")
    assert next(step for step in left.steps if step.name is StepName.MOVE_ALIAS).state is StepState.SKIPPED
    bench.fake.traps.clear()
    ended = await bench.take_back(left.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/2", "2")


async def test_a_rollback_without_the_registry_still_names_the_run(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of(f"runs:/{1:032x}/model")
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert bench.fake.env() == f"runs:/{2:032x}/model"
    assert (await bench.promote("3")).outcome is Outcome.DONE
    bench.fake.traps.fail("registry", Unreachable("connection refused", backend="MLflow"), times=9)
    operation = await bench.roll_back()
    assert operation.last.to_version == "2"
    assert bench.fake.env() == f"runs:/{2:032x}/model"
    assert bench.fake.template()["metadata"]["annotations"]["modeldeck.dev/run-id"] == f"{2:032x}"


async def test_a_rollback_does_not_wait_for_a_registry_that_was_away_before(bench: Bench) -> None:
    assert (await bench.promote("2")).outcome is Outcome.DONE
    calls, refused = bench.fake.traps.calls, Unreachable("connection refused", backend="MLflow")
    bench.fake.traps.away = lambda: refused if calls[-1] in vars(FakeRegistry) else None
    began = bench.fake.clock.monotonic()
    operation = await bench.roll_back()
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert "was not moved" in operation.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "2")
    assert bench.fake.clock.monotonic() - began < 30


async def test_a_promotion_does_not_begin_while_the_registry_is_down(bench: Bench) -> None:
    from modeldeck.domain.operations.plan import Refusal

    bench.fake.traps.fail("model", Unreachable("connection refused", backend="MLflow"), times=9)
    made = await bench.plan("2")
    assert isinstance(made, Refusal)
    assert made.failure is not None


async def test_rollback_works_in_the_middle_of_a_rollout(bench: Bench) -> None:
    bench.fake.cluster.stuck.add("models:/iris/2")
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/2")
    bench.fake.cluster.roll_out("serving/iris")
    refused = await bench.plan("3")
    assert isinstance(refused, Plan)
    assert [check.name for check in refused.refused] == ["rollout"]
    operation = await bench.roll_back()
    assert operation.kind is Kind.ROLLBACK
    assert operation.outcome is Outcome.DONE, operation.message
    assert bench.fake.env() == "models:/iris/1"
