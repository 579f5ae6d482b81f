"""The verbs of operations, bound to one environment's backends, journal and clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from modeldeck.domain.failures import NotFound
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.resolving import resolve
from modeldeck.domain.operations.intent import Intent
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change
from modeldeck.operations.common.liveness import is_alive
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.execution.adopt import adopt
from modeldeck.operations.execution.recover import refuse_resume, refuse_take_back
from modeldeck.operations.journal.follow import RunnerFailure, follow
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.journal.signals import SignalRequest, ask
from modeldeck.operations.planning.candidate_metrics import measured_spans, with_figures
from modeldeck.operations.planning.multi_deployment import plan_for
from modeldeck.operations.planning.plan import stamped
from modeldeck.operations.planning.plan_inputs import registry_or_none
from modeldeck.operations.planning.rollback_candidates import rollback_targets
from modeldeck.operations.runner.handle import RunnerHandle
from modeldeck.operations.runner.runner import Order, Verb
from modeldeck.ports import Clock, Journal


@dataclass(frozen=True, slots=True)
class _AtWork:
    runner: RunnerHandle
    past: int
    """The journal's newest entry of the operation when the order was given: an end up to there is that of an earlier attempt."""


class OperationService:
    """What screens and the command line call. It holds who is ready to carry an operation out, and who carries out which."""

    def __init__(self, clients: Clients, journal: SqliteJournal, clock: Clock, start_runner: Callable[[], RunnerHandle]) -> None:
        """`start_runner` makes a process ready to carry out one order. Raises RunnerFailure."""
        self._clients, self._journal, self._clock, self._start_runner = clients, journal, clock, start_runner
        self._ready: RunnerHandle | None = None
        self._at_work: dict[str, _AtWork] = {}

    async def plan(self, intent: Intent) -> Plan | Refusal:
        return await plan_for(intent, self._clients, self._journal, self._clock)

    async def targets(self, namespace: str, deployment: str) -> tuple[RollbackTarget, ...]:
        """Versions that served there, the last one first. Raises a Failure where the cluster cannot be asked."""
        return await targets_of(namespace, deployment, self._clients, self._journal, self._clock)

    def get_ready(self) -> None:
        """A person reads a plan: whoever is to carry it out gets ready meanwhile. Raises nothing; what fails is told by `begin`."""
        if self._ready is None or self._ready.ended():
            try:
                self._ready = self._start_runner()
            except RunnerFailure:
                self._ready = None  # told again, and shown, when it matters

    def begin(self, made: Plan) -> str:
        """Write the plan down and have it carried out; answers the operation's id. Raises a Failure, and then nothing has begun."""
        may_change(self._clients)
        made = stamped(made, self._clock.now())
        runner = self._take()
        self._journal.append(made.id, "planned", {"at": self._clock.now(), "plan": plan_to_journal(made), "host": host()})
        self._go(runner, Order(Verb.EXECUTE, made.id))
        return made.id

    async def recover(self, operation_id: str, verb: Verb) -> None:
        """Resume an operation that was cut off, or take it back; one that the journal does not know is looked for on the Deployments.
        Raises a Failure where it is not for us."""
        may_change(self._clients)
        operation, made = self._journal.operation(operation_id), self._journal.plan(operation_id)
        if operation is None or made is None:
            await adopt(operation_id, self._clients, self._journal, self._clock, finish=verb is Verb.RESUME)
        elif verb is Verb.UNDO:
            refuse_take_back(operation, made, self._clock.now())
        else:
            refuse_resume(operation, made, self._clock.now())
        self._go(self._take(), Order(verb, operation_id))

    def _take(self) -> RunnerHandle:
        runner, self._ready = self._ready, None
        return runner if runner is not None and not runner.ended() else self._start_runner()

    def _go(self, runner: RunnerHandle, order: Order) -> None:
        _, past = self._journal.after(order.operation, 0)
        runner.go(order)
        self._at_work[order.operation] = _AtWork(runner, past)

    async def follow(self, operation_id: str) -> AsyncIterator[Operation]:
        """The operation as it stands and as it goes on, until it ends. Raises RunnerFailure where whoever carried it out is gone before."""
        last: Operation | None = None
        work = self._at_work.get(operation_id)
        past = work.past if work is not None else 0
        alive = partial(self._is_alive, operation_id)
        async for operation in follow(operation_id, self._journal, self._clock, alive=alive, past=past):
            last = operation
            yield operation
        work = self._at_work.pop(operation_id, None)
        untouched = work is not None and not self._journal.after(operation_id, work.past)[0]
        if last is not None and (last.state is not State.ENDED or untouched):
            said = work.runner.last_words() if work is not None else ""
            hint = f"modeldeck operations resume {operation_id}, or undo {operation_id}"
            # One that has told how it ended is not gone: only its journal could not take it, as on a full disk.
            told = f"operation {operation_id} has ended, and its journal does not say how: {said}"
            raise RunnerFailure(told if said else f"whoever carried operation {operation_id} out is gone", hint=hint)

    def _is_alive(self, operation_id: str, operation: Operation) -> bool:
        work = self._at_work.get(operation_id)
        if work is not None:
            return not work.runner.ended()
        return is_alive(operation) is not False

    def ask(self, operation_id: str, asked: SignalRequest) -> None:
        """Raises a Failure where what is asked for makes no sense now."""
        may_change(self._clients)
        operation = self._journal.operation(operation_id)
        if operation is None:
            raise NotFound(f"no operation {operation_id}", hint="modeldeck operations list", backend="journal")
        ask(operation, asked, self._journal, self._clock.now())

    def operations(self) -> tuple[Operation, ...]:
        """Newest first, with their heartbeats. Raises JournalFailure."""
        return self._journal.operations()

    def plan_of(self, operation_id: str) -> Plan | None:
        """What the operation was begun with; None where the journal does not know it. Raises JournalFailure."""
        return self._journal.plan(operation_id)

    def heartbeat(self, operation_id: str) -> float | None:
        """When the operation's process last said that it lives, seconds since the epoch. Raises JournalFailure."""
        return self._journal.heartbeat(operation_id)

    def close(self) -> None:
        """Whoever got ready in vain may go."""
        if self._ready is not None:
            self._ready.discard()
            self._ready = None


async def targets_of(namespace: str, name: str, clients: Clients, journal: Journal, clock: Clock) -> tuple[RollbackTarget, ...]:
    """Versions that served in this Deployment, with how they behaved then; () where it names no model.

    Raises a Failure where the cluster cannot be asked.
    """
    cluster = clients.need_cluster()
    deployment, fleet, registry = await asyncio.gather(
        cluster.deployment(namespace, name), cluster.fleet((namespace,)), registry_or_none(clients)
    )
    patterns = clients.environment.patterns
    link = link_of(deployment, patterns)
    now = resolve(link, registry) if link else None
    if now is None or now.model is None:
        return ()
    measured = await measured_spans(namespace, name, now.model, clients.metrics, clock, patterns)
    found = rollback_targets(deployment, fleet, journal.operations(), registry, now.version, patterns, now.model, measured)
    return await with_figures(found, deployment, fleet, clients.metrics, clock, patterns)
