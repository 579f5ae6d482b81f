"""A value that was read from somewhere, with when, for which environment, and what went wrong since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from modeldeck.domain.failures import Failure

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
