"""The sandbox coming up, a line a part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line, Role

PARTS = ("MLflow", "models trained", "cluster", "pods", "metrics", "traffic")
"""In the order in which they are shown; others follow as they come."""
WHOLE = "sandbox"

_SIGNS: dict[str, tuple[str, Role]] = {"starting": ("◌", "accent"), "ready": ("●", "ok"), "failed": ("✘", "bad"), "ended": ("○", "muted")}


class PartEvent(Protocol):
    """One change of one part, as the sandbox tells it. `seconds` since that part began."""

    @property
    def part(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def message(self) -> str: ...


class ComingUp(Protocol):
    """A sandbox as the console sees it."""

    @property
    def environment(self) -> Mapping[str, str] | None:
        """Where its backends are, or will be; None until it has chosen."""
        ...

    def events(self) -> AsyncIterator[PartEvent]: ...


def progress_lines(events: Sequence[PartEvent]) -> tuple[Line, ...]:
    """The newest state of each part with the time that it took; nothing once the whole stands."""
    newest: dict[str, PartEvent] = {event.part: event for event in events}
    whole = newest.pop(WHOLE, None)
    if whole is not None and whole.state == "ready":
        return ()
    lines: list[Line] = [(Cell(""),)]
    for part in (*PARTS, *(part for part in newest if part not in PARTS)):
        event = newest.get(part)
        sign, role = _SIGNS[event.state] if event else ("·", "muted")
        took = numbers.duration(event.seconds) if event and event.state in ("ready", "failed") else ""
        message = event.message if event else ""
        tone: Role = "" if event else "muted"
        lines.append((Cell(f"  {sign} ", role), Cell(f"{part:<15}", tone), Cell(f"{took:>8}  ", "muted"), Cell(message, "muted")))
    if whole is not None and whole.state in ("failed", "ended"):
        lines.append((Cell(f"  ✘ {whole.message}", "bad"),))
    return tuple(lines)
