"""Silences for the length of an operation: beside it, never a part of it. Whatever Alertmanager says, the operation goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from modeldeck.domain.alerts.silence import CREATOR, LONGEST, MARGIN, Silence, comment_of, silences_of
from modeldeck.domain.failures import Failure
from modeldeck.domain.gates.formatting import span
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.ports import Clock, Journal, Silences

_QUIET_STEPS = (StepName.AWAIT_APPROVAL, StepName.LOCK)
"""Steps that set nothing off."""
PATIENCE = 15.0
"""Seconds that the end of an operation waits for Alertmanager."""


def seconds_of(plan: Plan) -> float:
    """How long an operation may need: its rollouts, its gates, and some more; at most LONGEST."""
    gates = sum(target.gate.warm_up + target.gate.timeout for target in plan.targets if target.gate is not None)
    return min(LONGEST, plan.intent.rollout_deadline * len(plan.targets) + gates + MARGIN)


class Silencing:
    """Of one operation. It begins with the first step that others may notice, and ends with `end`."""

    def __init__(self, plan: Plan | None, clients: Clients, journal: Journal, clock: Clock) -> None:
        self._plan, self._clients, self._journal, self._clock = plan, clients, journal, clock
        self._begun: asyncio.Task[None] | None = None
        self._made = 0

    def progress(self, operation: Operation) -> None:
        """The operation's newest state."""
        plan = self._plan
        if self._begun is not None or plan is None or not plan.intent.silence:
            return
        if any(step.started_at is not None and step.name not in _QUIET_STEPS for step in operation.steps):
            self._begun = asyncio.create_task(self._begin(plan))

    async def end(self) -> None:
        """Ends what it, or an earlier process of the same operation, has made. Never raises a Failure."""
        if self._begun is None or self._plan is None:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._begun
                count = await self._expire(self._clients.need_silences(), self._plan)
        except (Failure, TimeoutError) as failure:
            if self._made:
                self._say(f"its silences end by themselves, as Alertmanager could not be asked to end them: {_why(failure)}")
        else:
            if count:
                self._say(f"{count} silences in Alertmanager ended")

    async def _begin(self, plan: Plan) -> None:
        seconds, environment = seconds_of(plan), self._clients.environment
        scope = environment.prometheus.scope if environment.prometheus is not None else SeriesScope()
        names = environment.silence or ()
        wanted = [
            one for target in plan.targets for one in silences_of(target.key, plan.id, scope, names, now=self._clock.now(), seconds=seconds)
        ]
        try:
            silences = self._clients.need_silences()
            for one in wanted:
                await silences.silence(one)
                self._made += 1
        except Failure as failure:
            self._say(f"alerts are not silenced: {_why(failure)}")
        else:
            keys = ", ".join(target.key for target in plan.targets)
            self._say(f"alerts about {keys} are silenced in Alertmanager, for {span(seconds)} at most")

    async def _expire(self, silences: Silences, plan: Plan) -> int:
        mine = [one for one in await silences.silences() if _is_of(one, plan.id)]
        for one in mine:
            await silences.expire(one.id)
        return len(mine)

    def _say(self, message: str) -> None:
        assert self._plan is not None
        with contextlib.suppress(JournalFailure):
            self._journal.append(self._plan.id, "log", {"at": self._clock.now(), "message": sanitize(message, limit=600)})


def _is_of(silence: Silence, operation_id: str) -> bool:
    return silence.creator == CREATOR and silence.comment == comment_of(operation_id)


def _why(failure: Failure | TimeoutError) -> str:
    return str(failure) if isinstance(failure, Failure) else f"no answer in {PATIENCE:.0f} s"


@contextlib.asynccontextmanager
async def silencing(plan: Plan | None, clients: Clients, journal: Journal, clock: Clock) -> AsyncIterator[Silencing]:
    one = Silencing(plan, clients, journal, clock)
    try:
        yield one
    finally:
        await one.end()
