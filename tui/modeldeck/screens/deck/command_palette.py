"""`:`: every command of the screen and every object by name, found fuzzily. Names from backends are cleaned before they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from modeldeck.domain.status.selection import PaneName
from modeldeck.render.text import clean
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.shared.framed import FramedScreen, key_name


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette."""

    name: str
    message: str
    run: Callable[[], Any]


class ScreenCommands(Provider):
    """The keys of this screen as commands, and where it is the deck, its objects by name."""

    def _entries(self) -> Iterator[Entry]:
        screen = self.screen
        if isinstance(screen, FramedScreen):
            yield from self._keys(screen)
        if isinstance(screen, Deck):
            yield from _objects(screen)

    def _keys(self, screen: FramedScreen[Any]) -> Iterator[Entry]:
        for node, binding, enabled, _ in screen.active_bindings.values():
            if binding.id and binding.id.partition(".")[0] not in ("table", "text", "chart") and binding.description:
                reason = "" if enabled else f" ({screen.why_not(binding.action) or 'not now'})"
                message = f"{key_name(binding)} · {binding.tooltip or binding.description}{reason}"
                yield Entry(binding.description, message, partial(_run, screen, binding.action, node, enabled))

    async def discover(self) -> Hits:
        for entry in self._entries():
            yield DiscoveryHit(Content(entry.name), entry.run, text=entry.name, help=entry.message)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.name)
            if score > 0:
                yield Hit(score, matcher.highlight(entry.name), entry.run, text=entry.name, help=entry.message)


async def _run(screen: FramedScreen[Any], action: str, node: Any, enabled: bool) -> None:
    if enabled:
        await screen.run_action(action, node)


def _objects(deck: Deck) -> Iterator[Entry]:
    model = deck.model
    for row in model.truth:
        yield Entry(clean(f"deployment {row.key}"), clean(row.model or "unlinked"), partial(deck.go_to, PaneName.DEPLOYMENTS, row.key))
    registry = model.registry
    for version in registry.versions if registry else ():
        name = clean(f"version {version.model} v{version.version}")
        yield Entry(name, clean(", ".join(version.aliases)), partial(deck.go_to, PaneName.VERSIONS, version.model, version.version))
    for run in model.runs.runs if model.runs else ():
        yield Entry(clean(f"run {run.name}"), run.id, partial(deck.go_to, PaneName.RUNS, run.id))
