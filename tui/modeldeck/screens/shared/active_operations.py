"""What the deck knows of operations: which are under way on its deployments, or were cut off. Read beside the event loop, and only where
the journal's files look different from before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.liveness import is_abandoned, unheard
from modeldeck.ports import Clock
from modeldeck.render import numbers
from modeldeck.screens.shared.available_actions import untaken

EVERY = 2.0
"""Seconds between two looks: what is under way gives a sign of life as often."""


@dataclass(frozen=True, slots=True)
class ActiveOperation:
    """`gone`: whoever carried it out is gone before its end. `unheard`: for how long a process that may hang has given no sign of life."""

    operation: Operation
    gone: bool
    unheard: str = ""


Tell = Callable[[Mapping[str, ActiveOperation]], None]
"""The uid of a deployment → what goes on there, or was cut off there: its name may be another one's in another cluster."""


class ActiveOperationsPoller:
    """Tells `tell` at once how things stand, and whenever anything is different; and `unread` why the journal cannot be read, "" when it
    can again. What stood before stands until then: nobody knows better."""

    def __init__(self, read: Callable[[], tuple[Operation, ...]], clock: Clock, tell: Tell, unread: Callable[[str], None]) -> None:
        self._read, self._clock, self._tell, self._unread = read, clock, tell, unread
        self._told: Mapping[str, ActiveOperation] | None = None
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                found, trouble = await asyncio.to_thread(self._read), ""
            except Failure as failure:
                found, trouble = None, failure.message
            if trouble != self._trouble:
                self._trouble = trouble
                self._unread(trouble)
            if found is not None:
                self._look(found)
            await self._clock.sleep(EVERY)

    def _look(self, operations: tuple[Operation, ...]) -> None:
        found = under_way(operations, self._clock.now())
        if found != self._told:
            self._told = found
            self._tell(found)


def under_way(operations: tuple[Operation, ...], now: float) -> dict[str, ActiveOperation]:
    """The newest operation without an end on each deployment, by its uid. `operations`: newest first."""
    found: dict[str, ActiveOperation] = {}
    for operation in operations:
        if operation.state is not State.ENDED:
            mine = _standing(operation, now)
            for change in operation.changes:
                found.setdefault(change.uid, mine)
    return found


def _standing(operation: Operation, now: float) -> ActiveOperation:
    gone = is_abandoned(operation) or untaken(operation, now)
    quiet = None if gone else unheard(operation, now)
    return ActiveOperation(operation, gone, "" if quiet is None else numbers.age(quiet))
