"""What each step says once it is done, what it asked of whom, and what it leaves for people to read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, TimedOut, Unreachable
from modeldeck.domain.gates import GateVerdict, Judgement
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execute import begin
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.lock import Locks
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.tags import evidence_words
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import COPYING, container, planned
from tests.support.operations import BEGUN, DONE, JUDGING, judged

LOST = TimedOut("no answer", backend="MLflow")


def said(operation: Operation) -> dict[str, str]:
    return {step.name.value: step.message for step in operation.steps}


def step_of(operation: Operation, name: StepName) -> tuple[StepState, str]:
    return next((step.state, step.message) for step in operation.steps if step.name is name)


def log(operation: Operation) -> list[str]:
    return [one.message for one in operation.log]


async def run_of(bench: Bench, name: StepName) -> Execution:
    """At that step of a promotion that has only been planned."""
    plan = await bench.good_plan("2")
    index = next(index for index, step in enumerate(plan.steps) if step.name is name)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=index)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


async def test_a_promotion_in_its_own_words(bench: Bench) -> None:
    done = await bench.promote("2")
    assert said(done) == {
        "lock": "locked; alias champion of iris announced",
        "patch template": "accepted as generation 2",
        "await rollout": 'deployment "iris" successfully rolled out',
        "move alias": "1 → 2",
        "tag version": "versions 2 and 1 tagged",
        "write event": "event Promoted written",
        "verify": "iris 2: alias and template agree, and so do the pods by their templates; what they state is not known: "
        "no Prometheus is configured",
        "release": "the mark is off",
    }
    requests = [message for message in log(done) if not message.startswith("Waiting")]
    patch = next(message for message in requests if message.startswith("patch"))
    assert patch.startswith("patch deployment serving/iris at resourceVersion ")
    assert ": env/1/value models:/iris/1 → models:/iris/2, modeldeck.dev/model – → iris, modeldeck.dev/version – → 2" in patch
    assert [message for message in requests if message != patch] == [
        "lock deployment serving/iris",
        f"announce that alias champion of iris moves: tag modeldeck.moving.champion.{done.id}",
        "alias champion of iris: 1 → 2",
        "tag iris: version 2, version 1",
        "write event Promoted on deployment serving/iris",
        f"take off tag modeldeck.moving.champion.{done.id} of iris",
        "take the mark off deployment serving/iris",
    ]


async def test_the_events_tell_people_who_know_nothing_of_it(bench: Bench) -> None:
    done = await bench.promote("2")
    back = await bench.roll_back(reason="")
    ((key, reason, message), (_, back_reason, back_message)) = bench.fake.cluster.events
    assert (key, reason, message) == ("serving/iris", "Promoted", f"iris promoted from 1 to 2 by ann@box: better ({done.id})")
    assert (back_reason, back_message) == ("RolledBack", f"iris rolled back from 2 to 1 by ann@box ({back.id})")
    assert bench.fake.cluster.event_keys == {f"{done.id} Promoted", f"{back.id} RolledBack"}
    left = bench.fake.registry.versions["iris", "2"].tags["modeldeck.left"]
    assert re.fullmatch(rf"rolled back to 1 in serving/iris on 2023-11-14T22:13:\d\d\.\d+Z by ann@box \({back.id}\)", left)


async def test_an_event_is_not_written_twice_however_often_it_is_sent(bench: Bench) -> None:
    bench.fake.traps.fail("write_event", TimedOut("no answer", backend="Kubernetes"), late=True, times=2)
    assert (await bench.promote("2")).outcome is Outcome.DONE
    assert bench.fake.traps.calls.count("write_event") == 3
    assert len(bench.fake.cluster.events) == 1


@pytest.mark.parametrize("name", [StepName.AWAIT_APPROVAL, StepName.AWAIT_ROLLOUT, StepName.JUDGE_GATE, StepName.RELEASE, StepName.VERIFY])
async def test_what_changes_nothing_has_nothing_to_undo(bench: Bench, name: StepName) -> None:
    run = await run_of(bench, StepName.LOCK)
    calls = len(bench.fake.traps.calls)
    assert await WORKS[name].undo(run) == "nothing to undo"
    assert len(bench.fake.traps.calls) == calls


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (StepName.LOCK, "given back at the end"),
        (StepName.TAG_VERSION, "tags are evidence and stay"),
        (StepName.WRITE_EVENT, "events are evidence and stay"),
    ],
)
async def test_what_stays_says_so(bench: Bench, name: StepName, message: str) -> None:
    assert await WORKS[name].undo(await run_of(bench, StepName.LOCK)) == message


async def test_the_locks_that_are_renewed_are_those_that_are_taken(bench: Bench) -> None:
    """Whoever renews them beside the steps holds the same ones."""
    run = await run_of(bench, StepName.LOCK)
    mine = run.locks = Locks(bench.fake.cluster, bench.fake.clock)
    steps: list[str] = []
    for call in ("patch_deployment", "set_alias", "tag_version"):
        bench.fake.traps.before(call, lambda: steps.append(mine.step))
    assert (await begin(run)).outcome is Outcome.DONE
    assert run.locks is mine
    assert steps == ["patch template", "move alias", "tag version"]


def patch_conflicts(bench: Bench, failure: Failure, times: int, skip: int = 0) -> None:
    bench.fake.traps.fail("patch_deployment", failure, times=times, skip=skip)


@pytest.mark.parametrize("failure", [Conflict("modified", backend="Kubernetes"), TimedOut("no answer", backend="Kubernetes")])
@pytest.mark.parametrize("times", [5, 6])
async def test_the_template_is_patched_against_other_writers_six_times(bench: Bench, failure: Failure, times: int) -> None:
    patch_conflicts(bench, failure, times)
    operation = await bench.promote("2")
    if times == 5:
        assert operation.outcome is Outcome.DONE, operation.message
        return
    assert operation.outcome is Outcome.UNDONE, operation.message
    message = "the deployment kept changing under the patch" if isinstance(failure, Conflict) else "no answer"
    assert f"patch template failed: Kubernetes: {message}" in operation.message


@pytest.mark.parametrize("failure", [Conflict("modified", backend="Kubernetes"), TimedOut("no answer", backend="Kubernetes")])
@pytest.mark.parametrize("times", [5, 6])
async def test_the_mark_is_taken_off_against_other_writers_six_times(bench: Bench, failure: Failure, times: int) -> None:
    patch_conflicts(bench, failure, times, skip=1)
    operation = await bench.promote("2")
    if times == 5:
        assert step_of(operation, StepName.RELEASE) == (StepState.DONE, "the mark is off")
        return
    assert operation.outcome is Outcome.NEEDS_ATTENTION, operation.message
    message = "the deployment kept changing under the patch" if isinstance(failure, Conflict) else "no answer"
    assert f"but release: Kubernetes: {message}" in operation.message
    assert operation.next_commands == ("kubectl -n serving annotate deployment iris modeldeck.dev/operation-",)


async def test_a_patch_whose_answer_was_lost_says_so(bench: Bench) -> None:
    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), late=True)
    operation = await bench.promote("2")
    assert step_of(operation, StepName.PATCH_TEMPLATE) == (StepState.DONE, "accepted, though the answer was lost (no answer)")
    assert bench.fake.traps.calls.count("patch_deployment") == 2, "one is the release's"


@pytest.mark.parametrize("late", [True, False])
async def test_a_release_whose_answer_was_lost_is_looked_at(bench: Bench, late: bool) -> None:
    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), late=late, skip=1)
    operation = await bench.promote("2")
    assert step_of(operation, StepName.RELEASE) == (StepState.DONE, "the mark is off")
    assert bench.fake.traps.calls.count("patch_deployment") == (2 if late else 3)


@pytest.fixture
def copied(bench: Bench) -> Bench:
    for model in ("dev.iris", "prod.iris"):
        bench.fake.registry.add(model, "1", "2")
        bench.fake.registry.aliases[model]["champion"] = "1"
    bench.fake.cluster.add("serving", "staging", container("models:/dev.iris/1"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"]["template"]["spec"].update(containers=container("models:/prod.iris/1")))
    bench.fake.cluster.roll_out("serving/iris")
    return bench


async def test_a_copy_tells_by_whom_it_was_made(copied: Bench) -> None:
    done = await copied.run(await planned(copied, COPYING))
    assert done.outcome is Outcome.DONE, done.message
    assert step_of(done, StepName.COPY_VERSION) == (StepState.DONE, "version 3 of prod.iris is READY")
    assert "copy models:/dev.iris/2 to version 3 of prod.iris" in log(done)
    tags = copied.fake.registry.versions["prod.iris", "3"].tags
    assert tags["modeldeck.copied-by"] == done.id


async def test_a_copy_that_is_taken_back_stays_and_says_so(copied: Bench) -> None:
    copied.fake.cluster.broken.add("models:/prod.iris/3")
    back = await copied.run(await planned(copied, COPYING))
    assert back.outcome is Outcome.UNDONE, back.message
    assert step_of(back, StepName.COPY_VERSION) == (StepState.UNDONE, "version 3 of prod.iris stays, and says so")
    tags = copied.fake.registry.versions["prod.iris", "3"].tags
    assert tags["modeldeck.left"] == f"copied by operation {back.id}, which was taken back"
    assert "tag prod.iris: version 3" in log(back)


async def test_a_copy_that_was_never_made_is_not_told_of(copied: Bench) -> None:
    copied.fake.traps.fail("copy_version", Unreachable("refused", backend="MLflow"))
    began = copied.fake.clock.monotonic()
    back = await copied.run(await planned(copied, COPYING))
    assert back.outcome is Outcome.UNDONE, back.message
    assert step_of(back, StepName.COPY_VERSION) == (StepState.UNDONE, "it was never made")
    assert copied.fake.traps.calls.count("copy_version") == 1, "it would be made twice"
    assert copied.fake.clock.monotonic() > began


def with_judgements(*judgements: Judgement, message: str = "") -> Operation:
    steps = tuple(
        replace(step, judgements=judgements, message=message) if step.name is StepName.JUDGE_GATE else step for step in JUDGING.steps
    )
    return replace(JUDGING, steps=steps)


def test_the_evidence_is_the_last_judgement_of_the_gate() -> None:
    last = judged(4, 5, 0.049, GateVerdict.PASS, "fine")
    rolled = 'deployment "iris" successfully rolled out'
    told = evidence_words(with_judgements(judged(0, 5), judged(1, 5), last, message="passed: all 3 criteria pass"))
    assert told.startswith(f"{rolled}; gate PASS, passed: all 3 criteria pass: error ratio ")
    assert "p99 vs before 1.2 × ≤ 1.5 ×" in told
    assert told.endswith(", over 280 requests")
    assert evidence_words(with_judgements(replace(last, criteria=(), requests=None))) == f"{rolled}; gate PASS"
    assert evidence_words(with_judgements(replace(last, criteria=()))) == f"{rolled}; gate PASS: over 280 requests"
    assert evidence_words(with_judgements()) == f"{rolled}; no gate"
    assert evidence_words(BEGUN) == "no rollout was needed; no gate"
    assert evidence_words(DONE, target=1) == "no rollout was needed; no gate"
    assert len(evidence_words(with_judgements(last, message="x" * 9000))) == 2000


async def test_a_version_that_comes_first_has_nothing_that_it_replaces(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    done = await bench.promote("1")
    assert step_of(done, StepName.TAG_VERSION) == (StepState.DONE, "version 1 tagged")
    assert "tag iris: version 1" in log(done)
    tags = bench.fake.registry.versions["iris", "1"].tags
    assert (tags["modeldeck.operation"], tags["modeldeck.kind"], tags["modeldeck.from"]) == (done.id, "promote", "1")
    assert "modeldeck.left" not in tags


@pytest.mark.parametrize("failure", [Forbidden("not you", backend="MLflow"), NotFound("no version", backend="MLflow")])
async def test_tags_that_are_refused_are_asked_for_once(bench: Bench, failure: Failure) -> None:
    bench.fake.traps.fail("tag_version", failure, times=99)
    done = await bench.promote("2")
    assert done.outcome is Outcome.DONE
    assert step_of(done, StepName.TAG_VERSION)[0] is StepState.FAILED
    assert bench.fake.traps.calls.count("tag_version") == 1


async def test_one_tag_that_is_refused_is_told_after_all_of_them(bench: Bench) -> None:
    bench.fake.traps.fail("tag_version", Forbidden("not you", backend="MLflow"), skip=2)
    done = await bench.promote("2")
    assert step_of(done, StepName.TAG_VERSION)[0] is StepState.FAILED
    assert {"modeldeck.operation", "modeldeck.when"} <= set(bench.fake.registry.versions["iris", "2"].tags)
    assert "modeldeck.left" in bench.fake.registry.versions["iris", "1"].tags


@pytest.mark.parametrize(
    ("moved_to", "message"),
    [
        ("3", "points at 3 now: somebody else moved it"),
        (None, "points at nothing now: somebody else moved it"),
    ],
)
async def test_an_alias_that_somebody_moved_on_is_left_to_them(
    bench_of: Callable[[str], Bench], moved_to: str | None, message: str
) -> None:
    bench = bench_of("models:/iris@champion")

    def move() -> None:
        if moved_to is None:
            bench.fake.registry.aliases["iris"].pop("champion")
        else:
            bench.fake.registry.aliases["iris"]["champion"] = moved_to
        bench.cancel.set()

    bench.fake.traps.before("pods_of", move, skip=1)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.NEEDS_ATTENTION, ended.message
    assert f"alias champion of iris {message}" in ended.message
    assert bench.fake.champion == moved_to


async def test_a_roll_back_says_which_way_it_went(bench: Bench) -> None:
    await bench.promote("2")
    back = await bench.roll_back()
    assert back.kind is Kind.ROLLBACK
    assert step_of(back, StepName.WRITE_EVENT) == (StepState.DONE, "event RolledBack written")
