"""A value that was read from somewhere, with when, for which environment, and what went wrong since; and who is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from modeldeck.domain.failures import Failure, without_traceback

QUICK = 0.05
"""Seconds. Whatever answers faster is fast: 4 ms and 12 ms are told alike."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Reading(Generic[T_co]):
    """The newest good value and, where the newest attempt failed, its failure beside it.

    `fetched_at` is in seconds since the epoch and belongs to `value`; both are None until the first good answer.
    `took` is the duration of the newest good answer, in seconds.
    """

    environment: str
    value: T_co | None = None
    fetched_at: float | None = None
    failure: Failure | None = None
    took: float | None = None

    @property
    def state(self) -> str:
        """One of `loading`, `live`, `stale`, `unavailable`."""
        if self.failure is None:
            return "loading" if self.fetched_at is None else "live"
        return "unavailable" if self.fetched_at is None else "stale"

    @property
    def asked_at(self) -> float | None:
        """When the value was asked for, in seconds since the epoch: what happened later it may not know of. None where there is none."""
        return None if self.fetched_at is None else self.fetched_at - (self.took or 0.0)

    def age(self, now: float) -> float | None:
        """Seconds since the value was fetched; None where there is none."""
        return None if self.fetched_at is None else max(0.0, now - self.fetched_at)


class LatestReading(Generic[T]):
    """The newest reading of one thing, whether it is asked for or pushed. `on_reading` hears only of what can be seen to have changed:
    value, failure, stale ↔ live, or a pace twice as slow or fast.

    A value that is equal to the last one stays the same object and renews the time, silently. `now` tells the time since the epoch.
    """

    def __init__(self, environment: str, on_reading: Callable[[Reading[T]], None], now: Callable[[], float]) -> None:
        self.reading: Reading[T] = Reading(environment)
        self._on_reading = on_reading
        self._now = now
        self._closed = False

    def close(self) -> None:
        """Nothing lands any more."""
        self._closed = True

    def publish(self, value: T, *, failure: Failure | None = None, took: float | None = None) -> None:
        """`failure`: why the value is doubtful all the same. It is then as old as the last one that was not."""
        fetched_at = self.reading.fetched_at
        if failure is None or fetched_at is None:
            fetched_at = self._now()
        self._land(replace(self.reading, value=value, fetched_at=fetched_at, failure=failure, took=took))

    def publish_failure(self, failure: Failure | None) -> None:
        """None: what went wrong is over, and no value has come yet."""
        self._land(replace(self.reading, failure=failure))

    def _land(self, reading: Reading[T]) -> None:
        if self._closed:
            return
        before = self.reading
        if reading.failure is not None:
            without_traceback(reading.failure)
        if reading.value is not before.value and reading.value == before.value:
            reading = replace(reading, value=before.value)
        self.reading = reading
        same = before.value is reading.value and before.failure == reading.failure and before.state == reading.state
        if not same or _another_pace(before.took, reading.took):
            self._on_reading(reading)


def _another_pace(before: float | None, now: float | None) -> bool:
    """Whether the backend answers at another pace than was told: twice as long, or half. Less than that is noise."""
    if before is None or now is None or max(before, now) < QUICK:
        return False
    return now > 2 * before or 2 * now < before
