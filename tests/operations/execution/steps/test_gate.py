"""The step `judge gate`: what it does with verdicts, with silence, and with what people say. The rules themselves: tests/domain/gates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.gates import Gate, GateVerdict, Op, QueryCriterion
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.text import host
from modeldeck.operations.journal.signals import Signal, SignalRequest
from tests.operations.conftest import Bench
from tests.operations.cutting import PowerCut
from tests.support.fakes.metrics import FakeMetrics
from tests.support.processes import gone_pid

GATE = Gate(
    warm_up=10.0,
    interval=5.0,
    timeout=60.0,
    max_error_ratio=None,
    max_error_rise=None,
    max_p99_ratio=None,
    criteria=(QueryCriterion("score", "score", Op.AT_MOST, 1.0, min_requests=0),),
)


@pytest.fixture
def judged(bench: Bench) -> Bench:
    """A bench whose gate looks at one number, which the test sets."""
    bench.fake.measured = True
    bench.fake.environment = replace(bench.fake.environment, gate=GATE)
    return bench


def says(bench: Bench, value: Callable[[float], float | None]) -> None:
    """`value` of the seconds since the promotion began."""
    began = bench.clock.at
    bench.fake.metrics.answer = lambda promql: value(bench.clock.at - began) if promql == "score" else None


def gate_of(operation: Operation) -> tuple[StepState, str]:
    (step,) = [step for step in operation.steps if step.name is StepName.JUDGE_GATE]
    return step.state, step.message


async def test_three_passes_after_the_warm_up_finish(judged: Bench) -> None:
    says(judged, lambda at: 0.5)
    operation = await judged.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert gate_of(operation) == (StepState.DONE, "passed: all 1 criteria pass")
    (step,) = [step for step in operation.steps if step.name is StepName.JUDGE_GATE]
    assert [round(judgement.elapsed, 2) for judgement in step.judgements] == [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    assert operation.judged is not None
    assert operation.judged.verdict is GateVerdict.PASS
    assert judged.fake.champion == "2"
    assert judged.journal.operation(operation.id) == operation
    assert judged.fake.registry.versions["iris", "2"].tags["modeldeck.evidence"] == (
        'deployment "iris" successfully rolled out; gate PASS, passed: all 1 criteria pass: score 0.5 ≤ 1'
    )


async def test_two_fails_in_a_row_undo_before_the_alias_moves(judged: Bench) -> None:
    says(judged, lambda at: 2.0)
    operation = await judged.promote("2")
    assert operation.outcome is Outcome.UNDONE
    assert operation.exit_code is ExitCode.GATE_FAILED
    assert "failed: score: 2, wanted ≤ 1" in operation.message
    assert judged.fake.env() == "models:/iris/1"
    assert "set_alias" not in judged.fake.traps.calls


async def test_one_bad_moment_does_not_decide(judged: Bench) -> None:
    says(judged, lambda at: 2.0 if 15 < at < 21 else 0.5)
    assert (await judged.promote("2")).outcome is Outcome.DONE


async def test_silence_holds_and_is_accepted_only_with_a_person(judged: Bench) -> None:
    says(judged, lambda at: None)
    waited: list[Operation] = []

    def look() -> None:
        newest = judged.seen[-1]
        if newest.state is State.WAITING and not waited:
            waited.append(newest)
            judged.inbox.deliver(SignalRequest(Signal.ACCEPT, "bob@box", "looked at it myself"))

    judged.fake.clock.on_sleep.append(look)
    operation = await judged.promote("2")
    assert waited
    assert waited[0].waiting is not None
    assert waited[0].waiting.message == "the gate is undecided when its time was up"
    assert waited[0].exit_code is ExitCode.WAITING
    assert operation.outcome is Outcome.DONE
    assert gate_of(operation)[1] == "accepted by bob@box: looked at it myself (the gate said INSUFFICIENT)"


async def test_what_is_accepted_names_what_the_gate_said_last(judged: Bench) -> None:
    says(judged, lambda at: 0.5)
    began = judged.clock.at

    def look() -> None:
        if judged.clock.at > began + 8.0:
            judged.fake.metrics.failure = Unreachable("connection refused", backend="Prometheus")
        if judged.seen[-1].state is State.WAITING:
            judged.inbox.deliver(SignalRequest(Signal.ACCEPT, "bob@box", "known outage"))

    judged.fake.clock.on_sleep.append(look)
    operation = await judged.promote("2")
    assert gate_of(operation)[1] == "accepted by bob@box: known outage (the gate said ERROR)"


async def test_a_metrics_server_that_is_down_holds_and_undo_takes_it_back(judged: Bench) -> None:
    judged.fake.metrics.failure = Unreachable("connection refused", backend="Prometheus")
    verdicts: list[GateVerdict] = []

    def look() -> None:
        newest = judged.seen[-1]
        if newest.state is State.WAITING and newest.judged is not None:
            verdicts.append(newest.judged.verdict)
            judged.cancel.set()

    judged.fake.clock.on_sleep.append(look)
    operation = await judged.promote("2")
    assert set(verdicts) == {GateVerdict.ERROR}
    assert operation.outcome is Outcome.UNDONE
    assert operation.exit_code is ExitCode.UNDONE
    assert judged.fake.env() == "models:/iris/1"


async def test_more_time_counts_from_when_it_is_given(judged: Bench) -> None:
    says(judged, lambda at: None)
    held: list[float] = []

    def look() -> None:
        newest = judged.seen[-1]
        if newest.state is not State.WAITING:
            return
        if not held or judged.clock.at - held[-1] > 200:
            held.append(judged.clock.at)
        if len(held) < 3 and judged.clock.at - held[-1] > 100 and not judged.inbox.decisions:
            judged.inbox.deliver(SignalRequest(Signal.EXTEND, "bob@box", seconds=300.0))
        elif len(held) == 3:
            judged.cancel.set()

    judged.fake.clock.on_sleep.append(look)
    operation = await judged.promote("2")
    assert len(held) == 3
    assert all(400 <= later - earlier < 420 for earlier, later in pairwise(held))
    assert 800 <= operation.extended < 840
    assert operation.outcome is Outcome.UNDONE
    assert any("bob@box gave the gate 300 s more" in said.message for said in operation.log)
    assert judged.journal.operation(operation.id) == operation


async def test_a_gate_that_holds_finishes_by_itself_when_it_passes_after_all(judged: Bench) -> None:
    says(judged, lambda at: 0.5 if at > 200 else None)
    operation = await judged.promote("2")
    assert operation.outcome is Outcome.DONE
    assert any(state.state is State.WAITING for state in judged.seen)


async def test_pods_that_crash_while_they_are_judged_undo(judged: Bench) -> None:
    says(judged, lambda at: judged.fake.cluster.broken.add("models:/iris/2") or 0.5 if at > 12 else 0.5)  # type: ignore[func-returns-value]
    operation = await judged.promote("2")
    assert operation.outcome is Outcome.UNDONE
    assert "cannot unpickle the model" in operation.message
    assert operation.exit_code is ExitCode.UNDONE


async def test_a_quota_that_stops_an_autoscaler_meanwhile_undoes_nothing(judged: Bench) -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}

    def figures(at: float) -> float:
        judged.fake.cluster.conditions = [refused] if at > 12 else []
        judged.fake.cluster.tick()
        return 0.5

    says(judged, figures)
    operation = await judged.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message


async def test_a_cut_off_gate_goes_on_with_the_time_that_it_had(judged: Bench) -> None:
    def cut(at: float) -> float:
        if at > 20:
            raise PowerCut
        return 0.5

    says(judged, cut)
    made = await judged.good_plan("2")
    with pytest.raises(PowerCut):
        await judged.run(made)
    judged.journal.append(made.id, "started", {"at": judged.clock.at, "pid": gone_pid(), "host": host()})
    says(judged, lambda at: 0.5)
    ended = await judged.resume(made.id)
    assert ended.outcome is Outcome.DONE, ended.message
    (step,) = [step for step in ended.steps if step.name is StepName.JUDGE_GATE]
    elapsed = [judgement.elapsed for judgement in step.judgements]
    assert all(later - earlier >= GATE.interval for earlier, later in pairwise(elapsed)), "each look once"
    assert step.message == "passed: all 1 criteria pass"


async def test_looks_are_whole_intervals_apart_whatever_an_answer_takes(judged: Bench) -> None:
    def slow(at: float) -> float | None:
        judged.clock.at += 1.5
        return 0.5 if at > 30 else None

    says(judged, slow)
    operation = await judged.promote("2")
    (step,) = [step for step in operation.steps if step.name is StepName.JUDGE_GATE]
    started = step.judgements[0].elapsed
    apart = [(judgement.elapsed - started) % GATE.interval for judgement in step.judgements]
    assert len(apart) > 4
    assert all(min(each, GATE.interval - each) <= 0.25 + 1e-6 for each in apart)


async def test_without_a_gate_only_with_a_reason_and_it_is_said(judged: Bench) -> None:
    refused = await judged.plan("2", ungated=True, reason="")
    assert isinstance(refused, Refusal)
    assert refused.code == "usage"
    made = await judged.plan("2", ungated=True, reason="hotfix")
    assert isinstance(made, Plan)
    assert made.last.gate is None
    assert made.checks[-1].message == "no gate, as asked: hotfix"


async def test_a_roll_back_has_a_shorter_gate(judged: Bench) -> None:
    says(judged, lambda at: 0.5)
    await judged.promote("2")
    made = await judged.good_plan(None, kind=Kind.ROLLBACK)
    assert made.last.gate is not None
    assert made.last.gate.passes_in_a_row == 2
    assert made.last.gate.timeout <= GATE.timeout
    assert (await judged.run(made)).outcome is Outcome.DONE


async def test_an_alias_alone_is_not_judged(judged: Bench) -> None:
    judged.fake.registry.aliases["iris"]["champion"] = "3"
    made = await judged.good_plan("1")
    assert StepName.JUDGE_GATE not in [step.name for step in made.steps]


class ByAddress(FakeMetrics):
    """Knows pods by nothing but their addresses."""

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        if promql.startswith("count by (__name__") and "instance=~" in promql:
            return Vector(tuple(Sample({"instance": "10.0.0.1:8080", **labels}, at or 0.0, 1.0) for labels in self.exports))
        return Vector(())


async def test_the_pods_before_are_known_by_the_addresses_that_they_had(judged: Bench) -> None:
    fake, given = judged.fake, dict[str, str]()
    fake.cluster.report = lambda pod: replace(pod, ip=given.setdefault(pod.name, f"10.0.0.{len(given) + 1}"), started_at=1.0)
    fake.metrics = ByAddress(fake.traps)
    fake.environment = replace(fake.environment, gate=replace(GATE, max_error_rise=2.0))
    before = {one.name for one in await fake.cluster.pods_of(await fake.cluster.deployment("serving", "iris"))}
    fake.clock.on_sleep.append(lambda: judged.cancel.set() if judged.seen[-1].state is State.WAITING else None)
    operation = await judged.promote("2")
    (changing,) = [step for step in operation.steps if step.name is StepName.PATCH_TEMPLATE]
    assert {one.pod for one in changing.addresses} == {f"serving/{name}" for name in before}
    assert judged.journal.operation(operation.id) == operation
    old = {one.address.rpartition(".")[2] for one in changing.addresses}
    counted = [
        promql for promql, at in fake.metrics.asked if at == changing.started_at and promql.startswith("http_requests_total{instance=~")
    ]
    asked = {part for promql in counted for part in re.findall(r"10\\\\\.0\\\\\.0\\\\\.([0-9]+)", promql)}
    assert old
    assert asked == old


async def test_time_that_is_given_early_is_just_what_was_given(judged: Bench) -> None:
    says(judged, lambda at: 0.5 if at > 200 else None)
    given: list[float] = []

    def look() -> None:
        if not given and judged.seen[-1].judged is not None:
            given.append(judged.clock.at)
            judged.inbox.deliver(SignalRequest(Signal.EXTEND, "bob@box", seconds=300.0))

    judged.fake.clock.on_sleep.append(look)
    operation = await judged.promote("2")
    assert (operation.outcome, operation.extended) == (Outcome.DONE, 300.0)
