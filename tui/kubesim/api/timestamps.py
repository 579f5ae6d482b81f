"""The API's notations of time: whole seconds for most fields, microseconds for leases and events."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """`2026-01-02T03:04:05Z`."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """Either notation, as an aware datetime; raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def age_seconds(text: str | None) -> float | None:
    """How long ago, in seconds; None for a time that is not set or cannot be read."""
    if not text:
        return None
    try:
        return (datetime.now(UTC) - parse(text)).total_seconds()
    except ValueError:
        return None


def human(seconds: float) -> str:
    """kubectl's short ages (apimachinery's HumanDuration): 59s, 3m20s, 9m, 5h, 3d4h, 2y10d."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 120:
        return f"{total}s"
    minutes = total // 60
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = total // 3600
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    return f"{years}y{days % 365}d" if years < 8 and days % 365 else f"{years}y"


def since(text: str | None) -> str:
    """The age column: `<unknown>` when the time is not set."""
    seconds = age_seconds(text)
    return "<unknown>" if seconds is None else human(seconds)
