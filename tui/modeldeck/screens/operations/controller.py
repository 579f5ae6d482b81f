"""The ways from the deck to plans and operations. Each screen is imported when it is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.app import App

from modeldeck.domain.failures import Failure
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.status.selection import PaneName
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.journal.cached_journal import Ledger
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.runner.handle import RunnerHandle
from modeldeck.ports import Clock, Cluster
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.shared.active_operations import ActiveOperationsPoller
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.screens.shared.operation_monitor import MonitoredOperation, OperationMonitor


def operations_controller(
    app: App[Any], clients: Clients, start_runner: Callable[[], RunnerHandle], journal: Callable[[], SqliteJournal], clock: Clock
) -> OperationsController:
    """For the environment whose deck `app` shows. `journal` opens one more connection to its journal: each is for one thread."""
    from modeldeck.operations.common.text import actor
    from modeldeck.operations.service import OperationService

    deck = next(screen for screen in app.screen_stack if isinstance(screen, Deck))
    environment = clients.environment
    here = _Here(clients.cluster)
    fleet_view = FleetView(
        environment,
        fleet=lambda: deck.model.fleet,
        rows=lambda: deck.model.truth,
        state=lambda: deck.model.state(PaneName.DEPLOYMENTS, clock.now()),
        awaited=deck.awaited,
        cluster=lambda: here.now,
    )
    monitor = OperationMonitor(OperationService(clients, journal(), clock, start_runner), actor())
    noticing = ActiveOperationsPoller(Ledger(journal()).read, clock, deck.tell, deck.miss_journal)
    noticing.start()
    ledger = Ledger(journal())

    def read() -> tuple[Operation, ...]:
        """Of this cluster, as soon as it has said which one it is."""
        return tuple(operation for operation in ledger.read() if operation.cluster.same(here.now) is not False)

    return OperationsController(app, monitor, fleet_view, clock, read, noticing, here)


class _Here:
    """Which cluster this is, asked until it has said so."""

    def __init__(self, cluster: Cluster | None) -> None:
        self.now = ClusterId()
        self.asking = asyncio.create_task(self._ask(cluster)) if cluster is not None else None

    async def _ask(self, cluster: Cluster) -> None:
        while True:
            with suppress(Failure):
                self.now = await cluster.identity()
                return
            await asyncio.sleep(_AGAIN)


_AGAIN = 10.0


class OperationsController:
    """One environment's. `read` gives all operations of the journal, and may be called in another thread."""

    def __init__(
        self,
        app: App[Any],
        monitor: OperationMonitor,
        fleet_view: FleetView,
        clock: Clock,
        read: Callable[[], tuple[Operation, ...]],
        noticing: ActiveOperationsPoller,
        here: _Here,
    ) -> None:
        self._app, self._monitor, self._fleet_view, self._clock, self._read = app, monitor, fleet_view, clock, read
        self._noticing, self._here = noticing, here

    async def shut(self) -> None:
        """Look away: what is under way goes on without us."""
        if self._here.asking is not None:
            self._here.asking.cancel()
        await self._noticing.stop()
        await self._monitor.settle()

    def promote(self, row: ServingRow, model: str, version: str) -> None:
        self._plan(Kind.PROMOTE, row, model, version)

    def roll_back(self, row: ServingRow) -> None:
        """To a version that is chosen from those that served."""
        from modeldeck.screens.rollback.rollback_screen import TargetsScreen

        def chosen(version: str | None) -> None:
            if version is not None:
                self._plan(Kind.ROLLBACK, row, row.model, version)

        if not self._open_own(row):
            self._app.push_screen(TargetsScreen(self._monitor, row.namespace, row.deployment, self._clock), chosen)

    def show_all(self) -> None:
        """The list of them."""
        from modeldeck.screens.operations.list_screen import OperationsScreen

        self._app.push_screen(OperationsScreen(self._read, self.open, self._clock))

    def open(self, operation_id: str) -> None:
        """An operation that the journal knows, whoever began it."""
        self._app.push_screen(self._screen(self._monitor.follow(operation_id)))

    def _plan(self, kind: Kind, row: ServingRow, model: str | None, version: str | None) -> None:
        from modeldeck.screens.plan.plan_screen import PlanScreen

        if self._open_own(row):
            return
        environment = self._fleet_view.environment
        silence = environment.silence is not None
        actor, alias = self._monitor.who, environment.champion
        intent = Intent(kind, row.namespace, row.deployment, model, version, actor=actor, alias=alias, silence=silence)
        self._app.push_screen(PlanScreen(self._monitor, intent, self._fleet_view, self._begun))

    def _open_own(self, row: ServingRow) -> bool:
        """Where one that was begun here has not ended, that is looked at first."""
        followed = self._monitor.of(row.key)
        operation = followed.operation if followed is not None else None
        if followed is None or (operation is not None and not self._fleet_view.holds(operation)):
            return False
        self.open(followed.id)
        return True

    def _begun(self, followed: MonitoredOperation) -> None:
        self._app.switch_screen(self._screen(followed))

    def _screen(self, followed: MonitoredOperation) -> Any:
        from modeldeck.screens.operation.operation_screen import OperationScreen

        return OperationScreen(self._monitor, followed, self._fleet_view, self._clock)
