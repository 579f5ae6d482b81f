"""What Prometheus and Alertmanager tell of an alert in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


def summary_of(annotations: Mapping[str, str] | None) -> str:
    """What people wrote of it, the shortest kind of text first."""
    given = annotations or {}
    return next((given[name] for name in ("summary", "message", "description") if given.get(name)), "")


def seconds_of(text: str) -> float | None:
    """RFC 3339 → seconds since the epoch; None where it is no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None
