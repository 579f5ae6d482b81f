"""How an operation that was carried out ends: in which words, with what given back, and with what left for others to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, Rejected, TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION
from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, note_text
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import EVIDENCE, StepName, StepState
from modeldeck.operations.journal.journal import JournalFailure
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import INTENT, container, planned
from tests.support.fakes.journals import MemoryJournal

CHANGING = {"patch_deployment", "set_alias", "delete_alias", "tag_version", "write_event"}


def changed(bench: Bench, since: int) -> set[str]:
    return CHANGING & set(bench.fake.traps.calls[since:])


def nobody_holds_a_lock(bench: Bench) -> bool:
    return all(not lease.holder for lease in bench.fake.cluster.leases.values())


async def test_a_world_that_moved_is_left_alone(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    calls = len(bench.fake.traps.calls)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.REFUSED
    assert ended.message.startswith("nothing was applied, because the world moved since the plan was made: alias champion")
    assert changed(bench, calls) == set()
    assert nobody_holds_a_lock(bench)
    assert bench.fake.registry.tags.get("iris", {}) == {}


async def test_a_world_that_cannot_be_looked_at_is_left_alone(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("deployment", NotFound('deployments.apps "iris" not found', backend="Kubernetes"), times=99)
    ended = await bench.run(made)
    assert (ended.outcome, ended.message) == (
        Outcome.REFUSED,
        'nothing was applied: Kubernetes: deployments.apps "iris" not found',
    )
    assert nobody_holds_a_lock(bench)


async def test_where_another_is_at_work_nothing_is_applied(bench: Bench) -> None:
    made = await bench.good_plan("2")
    note = {LOCK: note_text(LockNote("other-op", "bob@box"))}
    now = bench.fake.clock.now()
    await bench.fake.cluster.write_lease(Lease("serving", "modeldeck-iris", "other", acquired_at=now, renewed_at=now, annotations=note))
    ended = await bench.run(made)
    assert (ended.outcome, ended.message) == (Outcome.REFUSED, "nothing was applied: Kubernetes: locked by bob@box (other-op)")
    assert [lease.holder for lease in bench.fake.cluster.leases.values()] == ["other"]


async def test_what_stays_announced_though_nothing_was_applied_is_told(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.before("tag_model", lambda: bench.fake.registry.aliases["iris"].update(champion="3"))
    bench.fake.traps.fail("untag_model", TimedOut("no answer", backend="MLflow"), times=999)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.REFUSED
    assert "; MLflow: alias champion of iris is still announced as moving: MLflow: no answer (modeldeck operations resume" in ended.message
    assert moving_tag("champion", made.id) in bench.fake.registry.tags["iris"]


async def test_a_read_only_environment_begins_nothing(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.fake.environment = replace(bench.fake.environment, read_only=True)
    calls = len(bench.fake.traps.calls)
    ended = await bench.run(made)
    assert (ended.outcome, ended.message, ended.runner_pid) == (Outcome.REFUSED, "test is read-only", None)
    assert len(bench.fake.traps.calls) == calls


async def test_a_plan_that_was_refused_begins_nothing(bench: Bench) -> None:
    bench.fake.registry.gone.add(("iris", "2"))
    bench.fake.cluster.allowed = False
    refused = await bench.plan("2")
    assert isinstance(refused, Plan)
    assert len(refused.refused) > 1
    calls = len(bench.fake.traps.calls)
    ended = await bench.run(refused)
    assert (ended.outcome, ended.message) == (Outcome.REFUSED, "; ".join(f"{check.name}: {check.message}" for check in refused.refused))
    assert len(bench.fake.traps.calls) == calls


async def test_where_it_is_already_there_nothing_is_done(bench: Bench) -> None:
    made = await bench.plan("1")
    assert isinstance(made, Plan)
    assert made.already_there
    ended = await bench.run(made)
    assert (ended.outcome, ended.message) == (Outcome.NOTHING_TO_DO, "already there: nothing was changed")


async def test_evidence_that_could_not_be_written_is_told_beside_the_story(bench: Bench) -> None:
    bench.fake.traps.fail("tag_version", Rejected("no such tag", backend="MLflow", hint="mind the name"), times=999)
    bench.fake.traps.fail("write_event", Forbidden("no events for you", backend="Kubernetes", hint="ask for it"), times=999)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.DONE
    assert ended.message == (
        "iris promoted: 1 → 2; tag version failed: MLflow: no such tag (mind the name)"
        "; write event failed: Kubernetes: no events for you (ask for it)"
    )


async def test_the_story_of_several_names_each_where_it_serves(bench: Bench) -> None:
    bench.fake.cluster.add("serving", "staging", container("models:/iris/1"))
    ended = await bench.run(await planned(bench, INTENT))
    assert (ended.outcome, ended.message) == (
        Outcome.DONE,
        "iris promoted: 1 → 2 in serving/staging, then 1 → 2 in serving/iris",
    )


async def test_the_story_of_a_roll_back(bench: Bench) -> None:
    await bench.promote("2")
    ended = await bench.roll_back()
    assert (ended.outcome, ended.message) == (Outcome.DONE, "iris rolled back: 2 → 1")


async def test_a_roll_back_leaves_the_alias_open_where_the_registry_is_away(bench: Bench) -> None:
    await bench.promote("2")
    made = await bench.good_plan(None, kind=Kind.ROLLBACK)
    bench.fake.traps.fail("set_alias", Rejected("read-only for now", backend="MLflow"), times=99)
    calls = len(bench.fake.traps.calls)
    ended = await bench.run(made)
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert ended.message.startswith("iris rolled back: 2 → 1, but alias champion was not moved (MLflow: read-only for now")
    assert "set_registered_model_alias('iris', 'champion', '1')" in ended.next_commands[0]
    states = {step.name: (step.state, step.message) for step in ended.steps}
    assert states[StepName.MOVE_ALIAS][0] is StepState.SKIPPED
    assert states[StepName.MOVE_ALIAS][1].startswith("left open: MLflow: read-only for now")
    assert states[StepName.TAG_VERSION] == (StepState.SKIPPED, "left out: the registry could not be reached")
    assert "tag_version" not in bench.fake.traps.calls[calls:]
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "2")
    assert states[StepName.WRITE_EVENT] == (StepState.DONE, "event RolledBack written")
    assert states[StepName.RELEASE] == (StepState.DONE, "the mark is off")
    assert OPERATION not in bench.fake.annotations()


async def test_evidence_that_was_written_is_not_written_again_when_it_is_gone_on_with(bench: Bench) -> None:
    """What failed before and after it is."""
    made = await bench.good_plan("2")
    bench.fake.traps.fail("tag_version", Rejected("no such tag", backend="MLflow"), times=999)
    bench.fake.traps.fail("patch_deployment", Forbidden("role was taken away", backend="Kubernetes"), skip=1, times=999)
    left = await bench.run(made)
    assert left.outcome is Outcome.NEEDS_ATTENTION
    bench.fake.traps.clear()
    calls = len(bench.fake.traps.calls)
    ended = await bench.resume(made.id)
    assert (ended.outcome, ended.message) == (Outcome.DONE, "iris promoted: 1 → 2")
    assert changed(bench, calls) == {"tag_version", "patch_deployment"}
    assert {step.state for step in ended.steps} == {StepState.DONE}
    assert OPERATION not in bench.fake.annotations()


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (
            Conflict("somebody was there", hint="look at it", backend="MLflow"),
            "nothing was applied: MLflow: somebody was there (look at it)",
        ),
        (
            Unreachable("refused", backend="MLflow", hint="plug it in"),
            "lock failed: MLflow: refused (plug it in); nothing had been changed",
        ),
    ],
)
async def test_a_failure_before_anything_was_changed_says_so_with_its_hint(bench: Bench, failure: Failure, message: str) -> None:
    made = await bench.good_plan("2")
    bench.fake.traps.fail("tag_model", failure, times=9999)
    ended = await bench.run(made)
    assert ended.message.startswith(message)
    assert ended.outcome is (Outcome.REFUSED if isinstance(failure, Conflict) else Outcome.UNDONE)
    assert nobody_holds_a_lock(bench)


class Full(MemoryJournal):
    """A disk that is full from a step's beginning on."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step, self._full = step, False

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        self._full = self._full or (kind, body.get("step")) == ("trying", self._step)
        if self._full:
            raise JournalFailure("the disk is full")
        super().append(operation_id, kind, body)


@pytest.mark.parametrize("name", EVIDENCE)
async def test_a_journal_that_breaks_past_the_commit_leaves_mark_and_announcement_to_whoever_goes_on(bench: Bench, name: StepName) -> None:
    """What is announced is taken off with the mark, or not at all: while the mark stands, the alias is still this operation's."""
    made = await bench.good_plan("2")
    ended = await bench.run_on(made, Full([step.name for step in made.steps].index(name)))
    assert ended.outcome is Outcome.NEEDS_ATTENTION
    assert ended.message.startswith("iris promoted: 1 → 2, but stopped after the commit: the disk is full")
    assert ended.next_commands == ("kubectl -n serving annotate deployment iris modeldeck.dev/operation-",)
    assert OPERATION in bench.fake.annotations()
    assert set(bench.fake.registry.tags["iris"]) == {moving_tag("champion", made.id)}
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/2", "2")
    assert nobody_holds_a_lock(bench)


async def test_a_journal_that_breaks_before_the_commit_takes_everything_back(bench: Bench) -> None:
    made = await bench.good_plan("2")
    ended = await bench.run_on(made, Full(made.commit_index))
    assert (ended.outcome, ended.message) == (Outcome.UNDONE, "the disk is full; everything was taken back")
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "1")
    assert bench.fake.registry.tags.get("iris", {}) == {}


async def test_a_journal_that_cannot_be_begun_begins_nothing(bench: Bench) -> None:
    made = await bench.good_plan("2")

    class Broken(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
            raise JournalFailure("the disk is full")

    calls = len(bench.fake.traps.calls)
    ended = await bench.run_on(made, Broken())
    assert (ended.outcome, ended.message) == (Outcome.REFUSED, "nothing was applied: the disk is full")
    assert len(bench.fake.traps.calls) == calls


async def test_a_cancel_before_anything_was_changed(bench: Bench) -> None:
    made = await bench.good_plan("2")
    bench.cancel.set()
    ended = await bench.run(made)
    assert (ended.outcome, ended.message) == (Outcome.UNDONE, "cancelled; nothing had been changed yet")
