"""The operations that this console looks at: each is carried out by a process of its own, and goes on when its screen, or the console, is
closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.signals import Signal, SignalRequest
from modeldeck.operations.runner.runner import Verb
from modeldeck.operations.service import OperationService

Progress = Callable[[], None]


@dataclass(slots=True)
class MonitoredOperation:
    """One operation as its journal tells it. Not frozen: it moves with what is written there."""

    id: str
    keys: tuple[str, ...] = ()
    """`namespace/name` of its deployments, none until they are known."""
    operation: Operation | None = None
    failure: Failure | None = None
    """Why it cannot be followed any more: whoever carried it out is gone, or the journal cannot be read."""
    watchers: set[Progress] = field(default_factory=set)
    task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        return self.operation is not None and self.operation.state is State.ENDED

    @property
    def cut_off(self) -> bool:
        """Whoever carried it out is gone: somebody has to resume it, or take it back."""
        return isinstance(self.failure, RunnerFailure) and not self.ended

    def changed(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()


class OperationMonitor:
    """Begins operations and follows them. Everything on the event loop."""

    def __init__(self, services: OperationService, who: str) -> None:
        self.services = services
        self.who = who
        self._followed: dict[str, MonitoredOperation] = {}

    def of(self, key: str) -> MonitoredOperation | None:
        """The newest operation on deployment `namespace/name` that is being looked at here and has not ended."""
        found = [followed for followed in self._followed.values() if key in followed.keys and not followed.ended]
        return found[-1] if found else None

    def begin(self, plan: Plan) -> MonitoredOperation:
        """Have a confirmed plan carried out. Raises a Failure where nobody can; nothing has begun then."""
        return self.follow(self.services.begin(plan), tuple(target.key for target in plan.targets))

    async def recover(self, operation_id: str, verb: Verb) -> MonitoredOperation:
        """Resume one that was cut off, or take it back. Raises a Failure where it is not for us."""
        await self.services.recover(operation_id, verb)
        known = self._followed.pop(operation_id, None)
        return self.follow(operation_id, known.keys if known else ())

    def ask(self, operation_id: str, signal: Signal, *, reason: str = "", seconds: float = 0.0) -> None:
        """Raises a Failure where what is asked for makes no sense now."""
        self.services.ask(operation_id, SignalRequest(signal, self.who, reason, seconds))

    def follow(self, operation_id: str, keys: tuple[str, ...] = ()) -> MonitoredOperation:
        """Look at an operation, whoever began it."""
        known = self._followed.get(operation_id)
        if known is not None and known.failure is None and not known.ended:
            return known  # one that has ended may have been taken up again
        followed = MonitoredOperation(operation_id, keys)
        self._followed[operation_id] = followed
        followed.task = asyncio.create_task(self._read(followed))
        return followed

    async def _read(self, followed: MonitoredOperation) -> None:
        try:
            async with aclosing(self.services.follow(followed.id)) as news:  # type: ignore[type-var]
                async for operation in news:
                    followed.operation, followed.keys = operation, operation.keys
                    followed.changed()
        except Failure as failure:
            followed.failure = failure
            followed.changed()

    async def settle(self) -> None:
        """Look away: what is under way goes on without us."""
        tasks = [followed.task for followed in self._followed.values() if followed.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.services.close()
