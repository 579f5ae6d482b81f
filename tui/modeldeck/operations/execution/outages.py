"""How long each backend has been away for an operation: an outage is waited for, not each request that falls into it."""

from __future__ import annotations

from dataclasses import dataclass, field

_ANOTHER = 60.0
"""Seconds between two failures after which they belong to different outages: more than a request and the pause after it take."""


@dataclass
class Outages:
    """Not frozen: it holds what has been seen."""

    _seen: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Backend → when its outage began, and when it was seen last."""

    def failed(self, backend: str, now: float) -> float:
        """Seconds for which the backend has been away, now that it failed again."""
        began, last = self._seen.get(backend, (now, now))
        if now - last > _ANOTHER:
            began = now
        self._seen[backend] = (began, now)
        return now - began

    def over(self, backend: str) -> None:
        """It has answered."""
        self._seen.pop(backend, None)
