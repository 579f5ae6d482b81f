"""Who carries an operation out: a process of its own (launch.py), as far as those see it who start one."""

from __future__ import annotations

from typing import Protocol

from modeldeck.operations.runner.runner import Order


class RunnerHandle(Protocol):
    """Ready to carry out one order."""

    def go(self, order: Order) -> None:
        """Raises a Failure where it cannot begin."""
        ...

    def ended(self) -> bool: ...

    def last_words(self) -> str:
        """Why it ended, where it did not get to write that into the journal."""
        ...

    def discard(self) -> None:
        """Nothing is to be done after all."""
        ...
