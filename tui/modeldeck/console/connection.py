"""One environment, connected: its backends, the readings that are kept fresh, and its operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.reading import Reading
from modeldeck.live.hub import Hub, Topic
from modeldeck.ports import Clock
from modeldeck.screens.deck.messages import DetailsRequested
from modeldeck.screens.deck.model import DeckModel

if TYPE_CHECKING:
    from modeldeck.screens.operations.controller import OperationsController

_AFTER_THE_ROWS = 3.0
"""Seconds after which is asked what no row waits for."""


class EnvironmentConnection:
    """Asks at once, and publishes what it hears until it is closed."""

    operations: OperationsController | None = None
    """Comes a moment later: what it imports would be in the way of the first questions."""

    def __init__(self, environment: Environment, clock: Clock, publish: Callable[[Topic, Reading[Any]], None]) -> None:
        from modeldeck.backends import connect

        self._environment, self._clock = environment, clock
        self._backends = connect(environment)
        self.clients = clients = self._backends.clients
        self.hub = Hub(
            environment.name,
            tracking=clients.tracking,
            registry=clients.registry,
            metrics=clients.metrics,
            make_watch=self._backends.watch,
            namespaces=self._backends.namespaces,
            clock=clock,
            publish=publish,
            refresh=environment.refresh,
            patterns=environment.patterns,
            alerts=clients.alerts,
            objectives=environment.objectives,
        )
        self.hub.start()

    async def close(self) -> None:
        if self.operations is not None:
            await self.operations.shut()
        await self.hub.stop()
        await self._backends.close()

    def details(self, wanted: DetailsRequested, model: DeckModel) -> Screen[Any] | str:
        """The screen of something that is shown, or why there is none."""
        if wanted.what == "dashboards":
            from modeldeck.console.dashboards import dashboard_screen

            return dashboard_screen(self._environment, self.clients.metrics, self.hub, self._clock)
        from modeldeck.backends import open_journal, open_sightings
        from modeldeck.screens.details.detail_screens import Depth

        clients, journal, sightings = self.clients, open_journal(self._environment), open_sightings(self._environment)
        sources = (clients.tracking, clients.cluster, clients.registry, journal, sightings)
        depth = Depth(*sources, self._clock, self.hub, clients.metrics, clients.alerts)
        return depth.screen(wanted.what, wanted.pane, model)

    async def unhandled(self) -> list[str]:
        """What serves a model and is not among the deployments, where that may be listed; asked once the rows are there."""
        from modeldeck.domain.links.linking import find_links

        if self.clients.cluster is None:
            return []
        await asyncio.sleep(_AFTER_THE_ROWS)
        try:
            others = await self.clients.cluster.unhandled(await self._backends.namespaces())
        except Failure:
            return []
        return [f"{one.key} ({one.kind})" for one in others if find_links(one.template, self._environment.patterns)]
