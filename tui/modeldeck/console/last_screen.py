"""The picture of the deck that is kept for the next start, and for coming back to an environment."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from modeldeck.domain.environments import Environment
from modeldeck.screens.deck.deck import SavedScreen
from modeldeck.terminal import instant


@dataclass(frozen=True, slots=True)
class LastScreen:
    """Of one environment, at any size. `identity` names it with its addresses as it was opened: its kubeconfig may lead elsewhere later."""

    identity: str

    def load(self, size: tuple[int, int], now: float) -> SavedScreen | None:
        """None where nothing is kept that can be painted as it is."""
        found = instant.load(self._path(size), now)
        columns, rows = size
        if found is None or not all(len(line) == columns for line in found.lines):
            return None
        return SavedScreen(tuple(found.lines), now - found.age, columns, rows)

    def save(self, size: tuple[int, int], lines: list[str], style: str, now: float) -> None:
        """`style` as SGR takes it."""
        with suppress(OSError):  # a full disk must not keep anybody from leaving
            instant.save(self._path(size), lines, style, now)

    def _path(self, size: tuple[int, int]) -> str:
        return instant.path_of(instant.folder(os.environ), self.identity, *size)


def last_screen_of(environment: Environment) -> LastScreen:
    kubeconfig = environment.cluster.kubeconfig if environment.cluster else None
    return LastScreen(instant.identity_of(environment.identity, kubeconfig))
