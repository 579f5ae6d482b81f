"""Judging the new pods on live metrics until the gate says what to do, or a person does."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import Decision, Gate, GateVerdict, Judgement, decide, judgement_to_json, progress
from modeldeck.domain.gates.progress import Progress
from modeldeck.domain.kubernetes.pod_addresses import followed, serving_addresses
from modeldeck.operations.common import patch
from modeldeck.operations.common.replicasets import serving_sets
from modeldeck.operations.common.retry import TRANSIENT_WHERE_ALLOWED
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.waiting import look
from modeldeck.operations.gate import Baseline, GateTarget, judge
from modeldeck.operations.journal.signals import Signal, SignalRequest

_LISTEN = 0.25
"""Seconds between two looks for what a person has decided."""
_HELD = 60.0
"""Seconds between two judgements while a person is waited for: it may be days."""


class GateFailed(Failure):
    """The new version does worse than it may."""

    code: ClassVar[str] = "gate_failed"
    default_hint: ClassVar[str] = "its figures stand in the operation: modeldeck operations show"


class JudgeGate:
    async def do(self, execution: Execution) -> str:
        """Raises GateFailed, or RolloutFailed where the new pods break meanwhile. A person may accept what cannot be judged, or give it
        more time; silence does neither."""
        gate = execution.target.gate
        if gate is None:
            return "no gate"
        execution.inbox.decisions.clear()  # what was decided about another gate is none of this one
        return await _Judging(execution, gate, await _target(execution), execution.clock.now()).run()

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"


@dataclass
class _Judging:
    """Not frozen: it holds what has been judged."""

    state: Execution
    gate: Gate
    target: GateTarget
    looked_at: float
    """When its pods were looked at last, in seconds since the epoch."""
    began: float = 0.0
    """By the monotonic clock."""
    extended: float = 0.0
    holding: bool = False
    baseline: Baseline = field(default_factory=Baseline)
    """Asked anew by whoever resumes the gate."""

    async def run(self) -> str:
        run, clock = self.state, self.state.clock
        judged = [*run.step.judgements]
        # A gate that was cut off goes on from the time that it had, with its next look.
        began = self.began = clock.monotonic() - (judged[-1].elapsed if judged else 0.0)
        due = clock.monotonic() + (self.gate.interval if judged else 0.0)
        while True:
            run.stop_if_asked()
            accepted = self._heard()
            if accepted is not None:
                return accepted
            decision = decide(self.gate, judged, began, clock.monotonic(), extended=self.extended)
            if decision is Decision.FINISH:
                self._go_on("the gate has passed")
                return progress(self.gate, judged, began, clock.monotonic(), extended=self.extended).message
            if decision is Decision.STOP:
                raise GateFailed(progress(self.gate, judged, began, clock.monotonic(), extended=self.extended).message)
            if decision is Decision.HOLD:
                self._hold(progress(self.gate, judged, began, clock.monotonic(), extended=self.extended))
            if clock.monotonic() >= due:
                await self._pods_live()
                judged.append(await self._judge(began))
                due = self._next(due)
                continue
            await clock.sleep(min(_LISTEN, max(0.0, due - clock.monotonic())))

    def _next(self, due: float) -> float:
        """When to judge again, whole intervals after the first time: the looks that have a part of what may be wrong for themselves are
        told by their times (tui/modeldeck/domain/gates/looks.py)."""
        every = max(self.gate.interval, _HELD) if self.holding else self.gate.interval
        return due + every * max(1, math.ceil((self.state.clock.monotonic() - due) / every))

    async def _judge(self, began: float) -> Judgement:
        run, clock = self.state, self.state.clock
        elapsed, metrics = clock.monotonic() - began, run.clients.metrics
        found = await judge(self.gate, self.target, metrics, now=clock.now(), elapsed=elapsed, baseline=self.baseline)
        run.record("judged", step=run.index, judgement=judgement_to_json(found))
        return found

    async def _pods_live(self) -> None:
        """The rollout is over, and still the pods may crash, or somebody may change the template. A cluster that is away is no verdict."""
        try:
            pods = await look(self.state, patch.of_template(self.state.target.slot_edits))
        except TRANSIENT_WHERE_ALLOWED as failure:
            self.state.say(f"{failure} — still judging")
            return
        now, last = self.state.clock.now(), self.looked_at
        since = now - self.gate.baseline - max(self.gate.timeout, self.gate.baseline)
        known = followed(self.target.addresses, serving_addresses(pods), seen=last, since=since)
        self.target, self.looked_at = replace(self.target, addresses=known), now

    def _heard(self) -> str | None:
        """What people have said since; the step's words where one has accepted what could not be judged."""
        decisions = self.state.inbox.decisions
        while decisions:
            asked = decisions.pop(0)
            if asked.signal is Signal.EXTEND:
                # From now on: what it has waited for a person since its time was up is none of what it is given.
                elapsed = self.state.clock.monotonic() - self.began
                self.extended += max(0.0, elapsed - self.gate.timeout - self.extended) + asked.seconds
                self.state.record("extended", seconds=self.extended)
                self._go_on(f"{asked.by} gave the gate {asked.seconds:.0f} s more")
            elif self.holding:
                return self._accepted(asked)
        return None

    def _accepted(self, asked: SignalRequest) -> str:
        judged = self.state.step.judgements
        verdict = judged[-1].verdict if judged else GateVerdict.INSUFFICIENT
        message = f"accepted by {asked.by}: {asked.reason} (the gate said {verdict.name})"
        self._go_on(message)
        return message

    def _hold(self, found: Progress) -> None:
        if not self.holding:
            self.holding = True
            id = self.state.plan.id
            commands = [f"modeldeck operations {verb}" for verb in (f"accept {id} --reason TEXT", f"extend {id}", f"undo {id}")]
            self.state.record("waiting", message=f"the gate is {found.message}", details=found.details, commands=commands)

    def _go_on(self, message: str) -> None:
        if self.holding:
            self.holding = False
            self.state.record("going-on", message=message)


async def _target(execution: Execution) -> GateTarget:
    """The pods that serve now, and those of the version before over the time before the change."""
    cluster = execution.clients.need_cluster()
    deployment = await execution.retry(lambda: cluster.deployment(*execution.key))
    pods = await execution.retry(lambda: cluster.pods_of(deployment))
    namespace, name = execution.key
    changing = execution.changing
    current = tuple(one for one in serving_sets(pods) if one not in execution.target.serving_sets)
    return GateTarget(
        namespace,
        name,
        current=current or serving_sets(pods),
        baseline=execution.target.serving_sets,
        baseline_until=execution.now.started_at if changing is None else changing.started_at,
        model=execution.target.model,
        version=execution.target.to_version,
        addresses=serving_addresses(pods),
        baseline_addresses=changing.addresses if changing is not None else (),
    )
