"""Any call can be made to fail, before or after it took effect, and anything can be made to happen just before a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modeldeck.domain.failures import Failure


@dataclass
class Trap:
    """One call that goes wrong. `times`: how often; `skip`: how many good calls come first; `late`: it took effect before it failed."""

    call: str
    failure: Failure | None
    late: bool = False
    skip: int = 0
    times: int = 1
    action: Callable[[], None] | None = None


class Traps:
    """Shared by the fakes: every call passes `enter`, and `leave` once it has taken effect."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.away: Callable[[], Failure | None] = lambda: None
        """Why no call arrives at the moment: an outage of everything."""
        self._set: list[Trap] = []

    def fail(self, call: str, failure: Failure, *, late: bool = False, skip: int = 0, times: int = 1) -> None:
        self._set.append(Trap(call, failure, late, skip, times))

    def before(self, call: str, action: Callable[[], None], *, skip: int = 0) -> None:
        self._set.append(Trap(call, None, False, skip, 1, action))

    def clear(self) -> None:
        self._set.clear()

    def enter(self, call: str) -> Trap | None:
        self.calls.append(call)
        outage = self.away()
        if outage is not None:
            raise outage
        for trap in self._set:
            if trap.call != call or not trap.times:
                continue
            if trap.skip:
                trap.skip -= 1
                continue
            trap.times -= 1
            if trap.action:
                trap.action()
                continue
            if not trap.late:
                assert trap.failure is not None
                raise trap.failure
            return trap
        return None

    @staticmethod
    def leave(trap: Trap | None) -> None:
        if trap is not None and trap.failure is not None:
            raise trap.failure
