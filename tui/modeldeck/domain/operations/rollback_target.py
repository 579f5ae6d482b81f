"""A version that served and could serve again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """A version that served in this deployment, with the evidence."""

    version: str
    model: str
    served_from: float | None
    served_until: float | None
    ended_why: str
    sources: tuple[str, ...]
    """Which of `journal`, `annotations`, `replica sets`, `metrics` tell of it."""
    revision: int | None = None
    rolled_back: bool = False
    is_default: bool = False
    stats_words: str = ""
