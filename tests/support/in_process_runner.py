"""Carrying operations out without a process of their own."""

from __future__ import annotations

import asyncio

from modeldeck.domain.failures import Failure
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.runner.runner import Order, carry_out
from modeldeck.ports import Clock


class InProcessRunner:
    """A `RunnerHandle` in this process, which then has to live until it has ended."""

    def __init__(self, clients: Clients, journal: SqliteJournal, clock: Clock) -> None:
        self._clients, self._journal, self._clock = clients, journal, clock
        self._task: asyncio.Task[object] | None = None
        self._said = ""

    def go(self, order: Order) -> None:
        self._task = asyncio.create_task(self._carry_out(order))

    async def _carry_out(self, order: Order) -> None:
        try:
            await carry_out(order, self._clients, self._journal, self._clock, asyncio.Event())
        except Failure as failure:
            self._said = f"{failure}" + (f" ({failure.hint})" if failure.hint else "")

    def ended(self) -> bool:
        return self._task is not None and self._task.done()

    def last_words(self) -> str:
        return self._said

    def discard(self) -> None:
        if self._task is not None:
            self._task.cancel()
