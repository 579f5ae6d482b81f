"""Which metrics and params of the runs get a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from modeldeck.domain.mlflow.runs import Run
from modeldeck.render.cell import Cell
from modeldeck.screens.deck.panes.run_rows import Chosen
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import Column, TableSource
from modeldeck.widgets.table.table import Table

METRIC, PARAM = "metric", "param"


@dataclass(frozen=True, slots=True)
class _Name:
    kind: str
    name: str
    runs: int

    @property
    def id(self) -> str:
        return f"{self.kind}\n{self.name}"


_SOURCE: TableSource[_Name] = TableSource(
    (
        Column("name", "name", lambda row: Cell(row.name, "strong"), sort=lambda row: row.name, min_width=16, max_width=44, weight=1),
        Column("kind", "kind", lambda row: Cell(row.kind, "muted"), sort=lambda row: row.kind, priority=1),
        Column("runs", "runs", lambda row: Cell(str(row.runs)), sort=lambda row: float(row.runs), align="right", priority=2),
    ),
    row_id=attrgetter("id"),
    empty="no run is loaded",
)


class ColumnChooser(ModalScreen[Chosen | None]):
    """Dismisses with the marked names, or None when it is left."""

    DEFAULT_CSS = """
    ColumnChooser { align: center middle; }
    ColumnChooser > Pane { width: 72; max-width: 90%; height: 26; max-height: 85%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", id="columns.leave")]

    def __init__(self, runs: Sequence[Run], chosen: Chosen) -> None:
        super().__init__()
        self._names = [
            *(_Name(METRIC, name, sum(name in run.metrics for run in runs)) for name in _all(run.metrics for run in runs)),
            *(_Name(PARAM, name, sum(name in run.params for run in runs)) for name in _all(run.params for run in runs)),
        ]
        self._marked = frozenset(n.id for n in self._names if n.name in (chosen.metrics if n.kind == METRIC else chosen.params))

    def compose(self) -> ComposeResult:
        yield Pane(Table(_SOURCE, id="names"), PaneHead(title="Columns", detail="space marks · enter takes · / filters"))

    def on_mount(self) -> None:
        table = self.query_one("#names", Table)
        table.update_rows(self._names)
        table.mark(self._marked)
        table.focus()

    def on_table_opened(self, message: Table.Opened) -> None:
        message.stop()
        marked = [name for name in self._names if name.id in message.table.marked_ids]
        metrics = tuple(name.name for name in marked if name.kind == METRIC)
        self.dismiss(Chosen(metrics, tuple(name.name for name in marked if name.kind == PARAM)))

    def action_leave(self) -> None:
        self.dismiss(None)


def _all(several: Iterable[Mapping[str, object]]) -> list[str]:
    return sorted({name for names in several for name in names})
