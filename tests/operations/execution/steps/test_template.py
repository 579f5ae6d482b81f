"""The template's patch and its way back, where others change it too and the API server does not always answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Failure, Rejected, TimedOut
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_of, history_text, mark_text
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps import WORKS
from modeldeck.operations.execution.steps.template import edits_words
from tests.operations.conftest import Bench

LOST = TimedOut("no answer", backend="Kubernetes")


def patched(operation: Operation) -> str:
    return next(step.message for step in operation.steps if step.name is StepName.PATCH_TEMPLATE)


@pytest.mark.parametrize("failure", [LOST, Conflict("modified", backend="Kubernetes")])
@pytest.mark.parametrize("late", [True, False])
async def test_a_lost_answer_is_looked_at_and_asked_for_again(bench: Bench, failure: Failure, late: bool) -> None:
    bench.fake.traps.fail("set_alias", Rejected("no such alias name", backend="MLflow"), times=9)
    bench.fake.traps.fail("patch_deployment", failure, late=late, skip=1, times=2)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert bench.fake.env() == "models:/iris/1"
    assert "somebody" not in patched(operation)


async def test_what_others_change_after_it_was_taken_back_is_theirs(bench: Bench) -> None:
    def somebody() -> None:
        if bench.fake.traps.calls.count("patch_deployment") == 2 and bench.fake.env() == "models:/iris/1":
            bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")

    bench.fake.traps.fail("set_alias", Rejected("no such alias name", backend="MLflow"), times=9)
    bench.fake.traps.fail("patch_deployment", LOST, late=True, skip=1)
    bench.fake.clock.on_sleep.append(somebody)
    operation = await bench.promote("2")
    assert patched(operation) == "it was taken back; somebody has changed the template since"
    assert bench.fake.env() == "models:/iris/3"


async def at_patch(bench: Bench) -> Execution:
    plan = await bench.good_plan("2")
    index = next(index for index, step in enumerate(plan.steps) if step.name is StepName.PATCH_TEMPLATE)
    run = Execution(plan, bench.fake.clients, bench.journal, bench.fake.clock, bench.seen.append, asyncio.Event(), index=index)
    run.remember("planned", plan=plan_to_journal(plan), host="box")
    return run


PATCH = WORKS[StepName.PATCH_TEMPLATE]


def sent(bench: Bench) -> int:
    return bench.fake.traps.calls.count("patch_deployment")


async def test_what_stands_already_is_not_sent_again(bench: Bench) -> None:
    run = await at_patch(bench)
    assert (await PATCH.do(run)).startswith("accepted as generation ")
    assert await PATCH.do(run) == "accepted"
    assert sent(bench) == 1


async def test_a_template_that_moved_is_nothing_to_patch(bench: Bench) -> None:
    run = await at_patch(bench)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    with pytest.raises(Conflict) as failed:
        await PATCH.do(run)
    assert failed.value.message == "env MODEL_URI of container server was changed"
    assert (failed.value.backend, sent(bench)) == ("Kubernetes", 0)


async def test_a_mark_that_came_between_is_anothers(bench: Bench) -> None:
    run = await at_patch(bench)
    bench.fake.cluster.edit(
        "serving/iris", lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark_text(OperationAnnotation("other", "bob"))})
    )
    with pytest.raises(Conflict, match="other"):
        await PATCH.do(run)
    assert sent(bench) == 0


async def test_a_way_back_of_what_was_never_there_only_notes_the_end(bench: Bench) -> None:
    run = await at_patch(bench)
    run.undoing, before = True, bench.fake.template()
    assert await PATCH.undo(run) == "it never took effect"
    assert (bench.fake.template(), sent(bench)) == (before, 1)
    assert [line.id for line in history_of(bench.fake.annotations())] == [run.plan.id]
    assert await PATCH.undo(run) != "it never took effect", "its own line tells by now that it was taken back"
    assert sent(bench) == 1


async def test_without_its_mark_what_stands_is_not_taken_for_its_own(bench: Bench) -> None:
    run = await at_patch(bench)
    await PATCH.do(run)
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    with pytest.raises(Conflict, match="whether the template is still its doing cannot be told"):
        await PATCH.undo(run)
    assert bench.fake.env() == "models:/iris/2"


async def test_a_place_that_somebody_has_changed_is_theirs(bench: Bench) -> None:
    run = await at_patch(bench)
    await PATCH.do(run)
    bench.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    with pytest.raises(Conflict, match=r"somebody has changed the template since: .*models:/iris/3"):
        await PATCH.undo(run)
    assert (bench.fake.env(), sent(bench)) == ("models:/iris/3", 1)


async def test_where_another_has_been_since_what_stands_is_its_own(bench: Bench) -> None:
    run = await at_patch(bench)
    await PATCH.do(run)
    line = history_text({}, OperationAnnotation("other", actor="bob", outcome="done"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].update({HISTORY: line}))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    assert await PATCH.undo(run) == "operation other of bob has been there since: what stands is its own"
    bench.fake.cluster.edit(
        "serving/iris", lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark_text(OperationAnnotation("third", actor="bob"))})
    )
    with pytest.raises(Conflict, match="operation third of bob stands on deployment serving/iris, and has to end first"):
        await PATCH.undo(run)
    assert sent(bench) == 1


@pytest.mark.parametrize("measured", [True, False])
async def test_where_its_pods_are_is_noted_before_the_first_request_alone(bench: Bench, measured: bool) -> None:
    given: dict[str, str] = {}
    bench.fake.cluster.report = lambda pod: replace(pod, ip=given.setdefault(pod.name, f"10.0.0.{len(given) + 1}"), started_at=1.0)
    run = await at_patch(bench)
    bench.fake.measured = measured
    run.clients = bench.fake.clients
    bench.fake.traps.fail("patch_deployment", TimedOut("no answer"), times=2)
    await PATCH.do(run)
    kinds = [entry.kind for entry in bench.journal.written if entry.kind in ("serving", "request")]
    assert kinds == (["serving"] if measured else []) + ["request"] * 3


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"/spec/template/spec/containers/0/env/0/value": ("a", "b")}, "env/0/value a → b"),
        ({"/metadata/annotations/modeldeck.dev~1operation": (None, "x")}, "modeldeck.dev/operation – → x"),
        ({"/metadata/annotations/y": (None, "x"), "/spec/template/metadata/annotations/z": ("x", None)}, "z x → –"),
    ],
)
def test_what_a_patch_changes_in_words(edits: Edits, message: str) -> None:
    assert edits_words(edits).endswith(message)
    assert ", " not in edits_words(edits)
