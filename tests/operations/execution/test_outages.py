"""A cable that is pulled in the middle: the operation goes on when it is back, and says meanwhile what it waits for."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from modeldeck.domain.failures import Failure, Forbidden, TimedOut, Unauthorized, Unreachable
from modeldeck.domain.kubernetes.leases import DURATION
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepState
from modeldeck.operations.common.retry import OUTAGE_TIMEOUT
from tests.operations.conftest import Bench

REFS = ("models:/iris/1", "models:/iris@champion")
AWAY = Unreachable("network is unreachable")


WAYS = itertools.cycle((AWAY, TimedOut("no connection within 2 s"), Unreachable("no route to the host")))


class Cable:
    """Pulled right before the call of that number, for so many seconds."""

    def __init__(self, bench: Bench, call: int, seconds: float) -> None:
        self._fake, self._call, self._seconds = bench.fake, call, seconds
        self.pulled_at: float | None = None
        self._fake.traps.away = self._away

    @property
    def ends(self) -> float:
        return (self.pulled_at or 0.0) + self._seconds

    def _away(self) -> Failure | None:
        if self.pulled_at is None and len(self._fake.traps.calls) > self._call:
            self.pulled_at = self._fake.clock.monotonic()
        return AWAY if self.pulled_at is not None and self._fake.clock.monotonic() < self.ends else None


async def test_an_outage_in_a_rollout_is_told_once_in_each_of_its_ways(bench: Bench) -> None:
    """A network that is away is told of in several ways, by turns: the log of an hour without it stays short."""
    bench.fake.cluster.stuck.add("models:/iris/2")
    made = await bench.good_plan("2")
    began: list[float] = []

    def away() -> Failure | None:
        if "pods_of" in bench.fake.traps.calls and not began:
            began.append(bench.fake.clock.monotonic())
        lasts = bool(began) and bench.fake.clock.monotonic() < began[0] + 300.0
        if began and not lasts:
            bench.fake.cluster.stuck.clear()
            bench.fake.cluster.roll_out("serving/iris")
        return next(WAYS) if lasts else None

    bench.fake.traps.calls.clear()
    bench.fake.traps.away = away
    operation = await bench.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert sum("still waiting" in said.message for said in operation.log) == 3


async def test_a_backend_that_takes_its_time_to_fail_is_given_up_too(bench: Bench) -> None:
    """It drips, until the deadline of the whole request: failures far apart are still one outage."""
    made = await bench.good_plan("2")
    bench.fake.traps.calls.clear()

    def drip() -> Failure | None:
        if "set_alias" not in bench.fake.traps.calls:
            return None
        bench.clock.at += 70.0
        return TimedOut("no whole answer within 70 s")

    bench.fake.traps.away = drip
    began = bench.fake.clock.monotonic()
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NEEDS_ATTENTION, operation.message
    assert bench.fake.clock.monotonic() - began < 60 * 60


async def _begun(bench: Bench, call: int, seconds: float) -> tuple[Plan, Cable]:
    made = await bench.good_plan("2")
    bench.fake.traps.calls.clear()
    return made, Cable(bench, call, seconds)


async def _calls(bench: Bench) -> int:
    """How many there are in a promotion that nothing happens to."""
    made = await bench.good_plan("2")
    bench.fake.traps.calls.clear()
    assert (await bench.run(made)).outcome is Outcome.DONE
    return len(bench.fake.traps.calls)


@pytest.mark.parametrize("ref", REFS)
@pytest.mark.parametrize("seconds", [1.0, 30.0, OUTAGE_TIMEOUT * 0.75])
async def test_wherever_it_is_pulled_it_goes_on(bench_of: Callable[[str], Bench], ref: str, seconds: float) -> None:
    calls = await _calls(bench_of(ref))
    for call in range(calls):
        bench = bench_of(ref)
        made, cable = await _begun(bench, call, seconds)
        operation = await bench.run(made)
        assert cable.pulled_at is not None
        assert operation.outcome is Outcome.DONE, (call, operation.message)
        assert (bench.fake.env(), bench.fake.champion) == (ref.replace("/1", "/2"), "2")
        if seconds > DURATION:
            # The last two give the lock back: where that cannot be, it ends by itself, and is not waited for.
            assert any(AWAY.message in seen.held_up for seen in bench.seen) or call >= calls - 2
            assert any(AWAY.message in said.message for said in operation.log), call
        assert operation.held_up == ""


OF_THE_CLUSTER = ("deployment", "fleet", "lease", "patch_deployment", "pods_of", "write_lease")


class Newcomer(Cable):
    """An API server that was started again right before that call, and does not know its users for so many seconds."""

    refusal: type[Failure] = Forbidden

    def _away(self) -> Failure | None:
        refused = super()._away() is not None and self._fake.traps.calls[-1] in OF_THE_CLUSTER
        return self.refusal("who may that be?") if refused else None


@pytest.mark.parametrize("ref", REFS)
@pytest.mark.parametrize("refusal", [Forbidden, Unauthorized])
async def test_a_server_that_does_not_know_us_yet_is_asked_again(
    bench_of: Callable[[str], Bench], ref: str, refusal: type[Failure]
) -> None:
    for call in range(await _calls(bench_of(ref))):
        bench = bench_of(ref)
        made = await bench.good_plan("2")
        bench.fake.traps.calls.clear()
        Newcomer(bench, call, 10.0).refusal = refusal
        operation = await bench.run(made)
        assert operation.outcome is Outcome.DONE, (call, operation.message)
        assert [step.name for step in operation.steps if step.state is not StepState.DONE] == [], call
        assert "no lock" not in operation.steps[0].message, call


async def test_rights_that_were_taken_away_for_good_are_not_waited_for_long(bench: Bench) -> None:
    bench.fake.cluster.stuck.add("models:/iris/2")  # so that it is in the rollout that they go
    made = await bench.good_plan("2")
    bench.fake.traps.calls.clear()
    Newcomer(bench, 12, 1e9)
    began = bench.fake.clock.monotonic()
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NEEDS_ATTENTION, operation.message
    assert "who may that be?" in operation.message
    assert bench.fake.clock.monotonic() - began < 120.0


@pytest.mark.parametrize("ref", REFS)
async def test_what_stays_away_is_given_up_once_and_can_be_gone_on_with(bench_of: Callable[[str], Bench], ref: str) -> None:
    """The outage is waited for, not each step that falls into it."""
    ends = set()
    for call in range(await _calls(bench_of(ref))):
        bench = bench_of(ref)
        before = bench.fake.template()
        made, cable = await _begun(bench, call, 1e9)
        left = await bench.run(made)
        ends.add(left.outcome)
        # A rollout and the truth row have times of their own.
        assert bench.fake.clock.monotonic() - (cable.pulled_at or 0.0) < made.intent.rollout_deadline + 2 * OUTAGE_TIMEOUT, (
            call,
            left.message,
        )
        bench.fake.traps.away = lambda: None
        if left.outcome in (Outcome.REFUSED, Outcome.UNDONE):
            assert bench.fake.template() == before
            assert bench.fake.champion == "1"
        elif left.outcome is Outcome.NEEDS_ATTENTION:
            bench.clock.at += DURATION
            ended = await bench.resume(left.id)
            assert ended.outcome in (Outcome.DONE, Outcome.UNDONE), ended.message
            assert bench.fake.champion == ("2" if ended.outcome is Outcome.DONE else "1")
    assert Outcome.NEEDS_ATTENTION in ends


@pytest.mark.parametrize("ref", REFS)
async def test_a_cancel_is_heard_while_it_waits(bench_of: Callable[[str], Bench], ref: str) -> None:
    """At every call before the commit; after it nothing is taken back."""
    ends = set()
    for call in range(await _calls(bench_of(ref))):
        bench = bench_of(ref)
        made, cable = await _begun(bench, call, 60.0)

        def cancel(bench: Bench = bench, cable: Cable = cable) -> None:
            if cable.pulled_at is not None and bench.fake.clock.monotonic() > cable.pulled_at + 5.0:
                bench.cancel.set()

        bench.fake.clock.on_sleep.append(cancel)
        operation = await bench.run(made)
        ends.add(operation.outcome)
        assert operation.outcome in (Outcome.DONE, Outcome.UNDONE), (call, operation.message)
        assert bench.fake.champion == ("2" if operation.outcome is Outcome.DONE else "1")
        assert operation.outcome is Outcome.DONE or operation.message.startswith("cancelled"), operation.message
    assert ends == {Outcome.DONE, Outcome.UNDONE}
