"""Silences beside an operation: for its own length, and never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from modeldeck.domain.alerts.silence import LONGEST, MARGIN, Silence
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.gates.settings import DEFAULT
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.serialization import plan_from_journal, plan_to_journal
from modeldeck.operations.planning.plan import plan
from modeldeck.operations.runner.runner import Order, Verb, carry_out
from modeldeck.operations.runner.silencing import seconds_of
from tests.operations.runner.test_runner import Computer
from tests.support.virtual import VirtualLoop


class Alertmanager:
    """`ports.Silences` in memory. `failing` names the call that fails."""

    def __init__(self) -> None:
        self.made: list[Silence] = []
        self.failing = ""
        self.calls: list[str] = []
        self.failure: Failure | None = Unreachable("connection refused", backend="Alertmanager")

    async def silence(self, wanted: Silence) -> str:
        await self._enter("silence")
        self.made.append(replace(wanted, id=f"s{len(self.made)}"))
        return self.made[-1].id

    async def silences(self) -> tuple[Silence, ...]:
        await self._enter("silences")
        return tuple(self.made)

    async def expire(self, silence_id: str) -> None:
        await self._enter("expire")
        self.made = [one for one in self.made if one.id != silence_id]

    async def _enter(self, call: str) -> None:
        self.calls.append(call)
        if self.failing in (call, "all"):
            if self.failure is None:
                await asyncio.Event().wait()
            else:
                raise self.failure


class Quiet(Computer):
    def __init__(self, loop: asyncio.Runner) -> None:
        super().__init__(loop)
        self.alertmanager = Alertmanager()
        self.most = 0

    async def promote(self, *, silence: bool = True, to: str = "2") -> Operation:
        clients = replace(self.fake.clients, silences=self.alertmanager)
        intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", to, "ann@box", silence=silence)
        made = await plan(intent, clients, self.journal, self.fake.clock)
        assert isinstance(made, Plan), made
        self.journal.append(made.id, "planned", {"at": self.fake.clock.now(), "plan": plan_to_journal(made), "host": "box"})
        self.fake.traps.before("set_alias", lambda: setattr(self, "most", len(self.alertmanager.made)))
        order = Order(Verb.EXECUTE, made.id)
        await carry_out(order, clients, self.journal, self.fake.clock, self.cancel)  # type: ignore[arg-type]
        found = self.journal.operation(made.id)
        assert found is not None
        return found


@pytest.fixture
def computer() -> Iterator[Quiet]:
    with asyncio.Runner(loop_factory=VirtualLoop) as loop:
        yield Quiet(loop)


def said(operation: Operation) -> list[str]:
    return [one.message for one in operation.log if "silence" in one.message]


def test_it_lasts_as_long_as_the_operation(computer: Quiet) -> None:
    found = computer.run(computer.promote())
    assert found.outcome is Outcome.DONE
    assert (computer.most, computer.alertmanager.made) == (4, [])
    begun, ended = said(found)
    assert begun == "alerts about serving/iris are silenced in Alertmanager, for 15 min at most"
    assert ended == "4 silences in Alertmanager ended"


def test_nothing_is_silenced_unless_it_is_asked_for(computer: Quiet) -> None:
    found = computer.run(computer.promote(silence=False))
    assert (found.outcome, computer.most, said(found)) == (Outcome.DONE, 0, [])


def test_it_ends_with_an_operation_that_is_undone(computer: Quiet) -> None:
    computer.fake.traps.fail("set_alias", Unreachable("gone"), times=10_000)
    found = computer.run(computer.promote(to="3"))
    assert found.outcome is not Outcome.DONE
    assert computer.alertmanager.made == []
    assert len(said(found)) == 2


@pytest.mark.parametrize("failing", ["silence", "all"])
def test_alertmanager_is_away_and_the_operation_goes_on(computer: Quiet, failing: str) -> None:
    computer.alertmanager.failing = failing
    found = computer.run(computer.promote())
    assert found.outcome is Outcome.DONE
    assert said(found) == ["alerts are not silenced: Alertmanager: connection refused"]


@pytest.mark.parametrize("failure", [Unreachable("connection refused", backend="Alertmanager"), None])
def test_what_cannot_be_ended_ends_by_itself(computer: Quiet, failure: Failure | None) -> None:
    computer.alertmanager.failing, computer.alertmanager.failure = "expire", failure
    found = computer.run(computer.promote())
    assert found.outcome is Outcome.DONE
    assert said(found)[-1].startswith("its silences end by themselves, as Alertmanager could not be asked to end them: ")
    assert {one.ends - one.starts for one in computer.alertmanager.made} == {900.0}


def test_what_an_earlier_process_left_is_ended_and_nobody_elses(computer: Quiet) -> None:
    other = Silence((), 0.0, 1e12, "modeldeck", "operation another of modeldeck", "theirs")
    person = Silence((), 0.0, 1e12, "ann", "because", "hers")
    computer.alertmanager.made = [other, person]
    computer.run(computer.promote())
    assert computer.alertmanager.made == [other, person]


def test_what_an_earlier_process_of_the_same_operation_left_ends_with_it(computer: Quiet) -> None:
    def left_behind() -> None:
        first = computer.alertmanager.made[0]
        computer.alertmanager.made.append(replace(first, id="left"))

    computer.fake.traps.before("set_alias", left_behind)
    found = computer.run(computer.promote())
    assert computer.alertmanager.made == []
    assert said(found)[-1] == "5 silences in Alertmanager ended"


def test_nothing_is_silenced_while_somebody_has_to_approve(computer: Quiet) -> None:
    computer.fake.environment = replace(computer.fake.environment, approval=True)
    computer.loop.get_loop().call_later(30.0, computer.cancel.set)
    found = computer.run(computer.promote())
    assert found.outcome is Outcome.UNDONE
    assert any(step.name is StepName.AWAIT_APPROVAL and step.started_at is not None for step in found.steps)
    assert (computer.alertmanager.calls, said(found)) == ([], [])


def test_without_an_alertmanager_the_plan_says_so(computer: Quiet) -> None:
    async def planned() -> Plan:
        intent = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box", silence=True)
        made = await plan(intent, computer.fake.clients, computer.journal, computer.fake.clock)
        assert isinstance(made, Plan)
        return made

    made = computer.run(planned())
    (check,) = [check for check in made.checks if check.name == "silence"]
    assert (check.verdict, check.message) == ("warn", "alerts are not silenced: this environment names no Alertmanager")


def test_the_journal_keeps_that_it_is_wanted_and_how_long_it_may_last(computer: Quiet) -> None:
    made = computer.run(computer.planned())
    assert plan_from_journal(plan_to_journal(replace(made, intent=replace(made.intent, silence=True)))).intent.silence
    assert seconds_of(made) == 600 + MARGIN
    (target,) = made.targets
    judged = replace(made, targets=(replace(target, gate=replace(DEFAULT, warm_up=60.0, timeout=1800.0)),))
    assert seconds_of(judged) == 600 + 60 + 1800 + MARGIN
    assert seconds_of(replace(judged, intent=replace(made.intent, rollout_deadline=1e6))) == LONGEST
