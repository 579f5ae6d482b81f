"""The good way: what stands where after a promotion, and in which order it came about."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.operations.conftest import Bench
from tui.domain.marks import HISTORY, OPERATION, history_of
from tui.domain.promotions import Outcome, State, StepName, StepState
from tui.operations.words import iso


async def test_promotes_template_then_alias_then_evidence(bench: Bench) -> None:
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.words
    assert bench.fake.env() == "models:/iris/2"
    assert bench.fake.champion == "2"
    assert bench.fake.template()["metadata"]["annotations"] == {
        "modeldeck.dev/model": "iris",
        "modeldeck.dev/version": "2",
        "modeldeck.dev/run-id": f"{2:032x}",
    }
    calls = bench.fake.traps.calls
    assert calls.index("patch_deployment") < calls.index("set_alias") < calls.index("tag_version") < calls.index("write_event")
    assert bench.fake.cluster.events == [("serving/iris", "Promoted", f"iris promoted from 1 to 2 by ann@box: better ({operation.id})")]


async def test_both_versions_are_tagged(bench: Bench) -> None:
    operation = await bench.promote("2")
    versions = bench.fake.registry.versions
    assert versions["iris", "2"].tags["modeldeck.operation"] == operation.id
    assert versions["iris", "2"].tags["modeldeck.reason"] == "better"
    assert versions["iris", "1"].tags["modeldeck.left"].startswith("replaced by 2 in serving/iris on ")


async def test_a_version_that_comes_back_does_not_keep_an_earlier_reason(bench: Bench) -> None:
    await bench.promote("2", reason="better")
    await bench.promote("1", reason="")
    await bench.promote("2", reason="")
    assert bench.fake.registry.versions["iris", "2"].tags["modeldeck.reason"] == ""
    assert "modeldeck.reason" not in bench.fake.registry.versions["iris", "1"].tags


async def test_the_mark_stands_while_it_runs_and_history_after(bench: Bench) -> None:
    marks: list[str | None] = []
    bench.fake.clock.on_sleep.append(lambda: marks.append(bench.fake.annotations().get(OPERATION)))
    made = await bench.good_plan("2")
    bench.fake.clock.at += 600
    began = iso(bench.fake.clock.at)
    operation = await bench.run(made)
    assert marks
    assert json.loads(marks[0] or "")["at"] == began
    assert all(json.loads(mark)["id"] == operation.id for mark in marks if mark)
    assert json.loads(marks[0] or "")["previous"] == "1"
    assert OPERATION not in bench.fake.annotations()
    (line,) = history_of(bench.fake.annotations())
    assert (line.id, line.outcome, line.from_version, line.to_version) == (operation.id, "done", "1", "2")
    assert "modeldeck promote iris 1 -> 2" in bench.fake.annotations()["kubernetes.io/change-cause"]


async def test_the_journal_tells_the_same_operation(bench: Bench) -> None:
    operation = await bench.promote("2")
    assert bench.journal.operation(operation.id) == operation
    assert bench.seen[-1] == operation
    assert [state.state for state in bench.seen][:2] == [State.PLANNED, State.RUNNING]
    assert {step.state for step in operation.steps} == {StepState.DONE}
    assert bench.journal.plan(operation.id).slot_edits["/spec/template/spec/containers/0/env/1/value"] == (
        "models:/iris/1",
        "models:/iris/2",
    )


async def test_already_there_does_nothing(bench: Bench) -> None:
    made = await bench.good_plan("1")
    assert made.already_there
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NOTHING_TO_DO
    assert "patch_deployment" not in bench.fake.traps.calls


async def test_only_the_alias_is_behind(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    before = bench.fake.template()
    operation = await bench.promote("1")
    assert [step.name for step in operation.steps][1:3] == [StepName.MARK, StepName.MOVE_ALIAS]
    assert operation.outcome is Outcome.DONE, operation.words
    assert bench.fake.champion == "1"
    assert bench.fake.template() == before


async def test_alias_served_moves_the_alias_first_and_restarts(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.words
    calls = bench.fake.traps.calls
    restart = len(calls) - 1 - calls[::-1].index("pods_of")
    assert calls.index("set_alias") < restart
    assert bench.fake.env() == "models:/iris@champion"
    annotations = bench.fake.template()["metadata"]["annotations"]
    assert annotations["modeldeck.dev/version"] == "2"
    assert "kubectl.kubernetes.io/restartedAt" in annotations
    assert bench.fake.champion == "2"
    assert OPERATION not in bench.fake.annotations()
    assert HISTORY in bench.fake.annotations()


async def test_alias_served_moves_the_alias_that_the_pods_follow(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@production")
    bench.fake.registry.aliases["iris"]["production"] = "1"
    operation = await bench.promote("3")
    assert operation.outcome is Outcome.DONE, operation.words
    assert operation.alias == "production"
    assert bench.fake.registry.aliases["iris"] == {"champion": "1", "production": "3"}


async def test_a_version_may_be_named_by_alias(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["challenger"] = "3"
    assert (await bench.promote("@challenger")).to_version == "3"


async def test_a_status_that_moves_does_not_stop_the_patch(bench: Bench) -> None:
    made = await bench.good_plan("2")

    def status_moves() -> None:
        raw = bench.fake.cluster.deployments["serving/iris"]
        raw["metadata"]["resourceVersion"] = bench.fake.cluster._next()

    for skip in range(3):
        bench.fake.traps.before("patch_deployment", status_moves, skip=skip)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.DONE, operation.words
    assert operation.steps[1].requests > 1


async def test_a_lost_answer_is_looked_up_in_the_world(bench: Bench) -> None:
    from tui.domain.failures import TimedOut

    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), late=True)
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), late=True)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.words
    assert "answer was lost" in operation.steps[1].words
    assert bench.fake.traps.calls.count("set_alias") == 1
