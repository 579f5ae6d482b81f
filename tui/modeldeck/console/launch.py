"""What the console starts with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from modeldeck.domain.environments import Environment
from modeldeck.live.clock import SystemClock
from modeldeck.ports import Clock
from modeldeck.screens.deck.sandbox_progress import ComingUp
from modeldeck.terminal import instant


@dataclass(frozen=True, slots=True)
class Launch:
    """`resolve` gives another environment by name, for switching."""

    environment: Environment
    names: tuple[str, ...]
    resolve: Callable[[str], Environment]
    no_color: bool = False
    sandbox: ComingUp | None = None
    terminal: list[object] | None = None
    """The terminal's own attributes, where `instant.held_terminal` has taken it already."""
    painted: instant.Painted | None = None
    """What `instant.paint` has painted on it."""
    wall: bool = False
    """Whether it begins with the wall."""
    clock: Clock = field(default_factory=SystemClock)
