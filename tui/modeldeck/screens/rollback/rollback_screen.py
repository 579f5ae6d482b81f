"""Which version to roll back to: those that really served here, each with its evidence."""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.ports import Clock
from modeldeck.render import numbers
from modeldeck.render.cell import Cell
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.operation_monitor import OperationMonitor
from modeldeck.widgets.content.state import Live, Loading, Unavailable
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table


def source(now: float) -> TableSource[RollbackTarget]:
    """Columns of the candidates as of `now`."""

    def since(target: RollbackTarget) -> Cell:
        return Cell(numbers.age(None if target.served_from is None else now - target.served_from), "muted")

    def served(target: RollbackTarget) -> Cell:
        if target.served_from is None or target.served_until is None:
            return Cell(numbers.NONE, "muted")
        return Cell(numbers.duration(target.served_until - target.served_from))

    def ended(target: RollbackTarget) -> Cell:
        return Cell(target.ended_why, "warn" if target.rolled_back else "")

    columns: tuple[Column[RollbackTarget], ...] = (
        Column("version", "version", lambda row: Cell(f"{row.model} v{row.version}", "version"), min_width=8, max_width=30),
        Column("default", "", lambda row: Cell("◂ last that served" if row.is_default else "", "ok"), max_width=18),
        Column("since", "served since", since, align="right", priority=2),
        Column("for", "for", served, align="right", priority=4),
        Column("why", "ended because", ended, priority=1, min_width=30, max_width=72, weight=2),
        Column("stats", "then", lambda row: Cell(row.stats_words, "muted"), priority=3, min_width=20, max_width=42, weight=1),
        Column("revision", "rev", lambda row: Cell(numbers.NONE if row.revision is None else str(row.revision)), align="right", priority=6),
        Column("sources", "known from", lambda row: Cell(", ".join(row.sources), "muted"), priority=5, max_width=36),
    )
    return TableSource(columns, row_id=attrgetter("version"), empty="no other version is known to have served here")


class TargetsScreen(FramedScreen[str | None]):
    """Dismisses with the chosen version, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="targets.leave"),
    ]

    def __init__(self, monitor: OperationMonitor, namespace: str, deployment: str, clock: Clock) -> None:
        super().__init__()
        self._monitor = monitor
        self._namespace = namespace
        self._deployment = deployment
        self._clock = clock
        self._looking: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        table: Table[RollbackTarget] = Table(source(self._clock.now()), id="targets")
        yield Pane(table, PaneHead(title=f"Roll back · {self._namespace}/{self._deployment} to"), Loading(), id="pane")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#targets").focus()
        self._looking = asyncio.create_task(self._look())

    def on_unmount(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        pane, table = self.query_one("#pane", Pane), self.query_one("#targets", Table)
        try:
            targets = await self._monitor.services.targets(self._namespace, self._deployment)
        except Failure as failure:
            pane.state = Unavailable(str(failure), failure.hint)
            return
        table.update_rows(targets)
        table.select(next((target.version for target in targets if target.is_default), None))
        pane.state = Live()

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        self.dismiss(message.row_id)
