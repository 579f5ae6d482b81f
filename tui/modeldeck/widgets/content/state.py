"""How fresh the data of a pane is, as a plain value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loading:
    """Nothing has been answered yet. `kept` is what stood there when the console was closed, `age_seconds` ago: shown until then. `quiet`:
    the answer is due at any moment, and nothing is said before it."""

    kept: tuple[str, ...] = ()
    age_seconds: float = 0.0
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """What is shown is what the backend says now."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The newest attempt failed: what is shown is the last good answer. `age_seconds` is how old that is."""

    age_seconds: float
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """There has never been an answer: `message` says why, `hint` what the operator can do."""

    message: str
    hint: str = ""


PaneState = Loading | Live | Stale | Unavailable
