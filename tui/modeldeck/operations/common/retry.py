"""Asking again where a backend was only briefly away, and telling "it did not happen" from "nobody knows"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from modeldeck.domain.failures import SETTLING, Failure, Faulty, Forbidden, Malformed, Throttled, TimedOut, Unauthorized, Unreachable
from modeldeck.ports import Clock

T = TypeVar("T")

TRANSIENT = (Unreachable, TimedOut, Throttled, Faulty, Malformed)
"""Failures that may be over in a moment. After one of them, a request that changes something may or may not have been carried out."""

_REFUSED = (Unauthorized, Forbidden)
TRANSIENT_WHERE_ALLOWED = (*TRANSIENT, *_REFUSED)
"""Where the same was allowed before, a refusal may be over in a moment, too (SETTLING). After one of those, nothing was carried out."""

AWAY = (Unreachable, TimedOut, Throttled, Faulty)
"""Failures that mean: this backend is down for now."""

REQUEST_TIMEOUT = 8.0
"""Seconds for which a read is asked again."""
OUTAGE_TIMEOUT = 120.0
"""Seconds for which an operation under way waits for a backend that is away: half an operation is worse than one that waits for a cable."""
LATE_ANSWER = 1.0
"""Seconds after which a request whose answer was lost has been carried out, if it ever is. MLflow cannot be told to forget one, and nothing
guards it there: so it is waited for."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0


@dataclass
class Refusals:
    """Of what was allowed before. Not frozen: it holds since when it has been refused."""

    _since: float | None = None

    def believed(self, failure: Failure, now: float) -> bool:
        """Whether the failure is a refusal that has lasted."""
        if not isinstance(failure, _REFUSED):
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return now - self._since >= SETTLING


async def retry(
    ask: Callable[[], Awaitable[T]],
    clock: Clock,
    *,
    patience: float = REQUEST_TIMEOUT,
    passing: tuple[type[Failure], ...] = TRANSIENT,
    waiting: Callable[[Failure], None] = lambda failure: None,
) -> T:
    """The answer of a read, asked again with growing pauses for `patience` seconds. Raises the last failure.

    `passing`: which failures are no reason to give up. `waiting`: told each before the pause after it; what it raises ends the waiting.
    """
    until = clock.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        try:
            return await ask()
        except passing as failure:
            if clock.monotonic() + pause >= until:
                raise
            waiting(failure)
            await clock.sleep(pause_after(failure, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)


def pause_after(failure: Failure, pause: float) -> float:
    """Seconds to wait: what the backend asked for, within reason, or else our own."""
    return max(pause, min(failure.retry_after or 0.0, _LONGEST_PAUSE))
