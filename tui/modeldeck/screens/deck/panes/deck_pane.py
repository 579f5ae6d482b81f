"""What all panes of the deck have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Protocol

from modeldeck.domain.status.selection import PaneName as P
from modeldeck.live.hub import LiveQuery, RunsQuery, Topic
from modeldeck.ports import Clock
from modeldeck.screens.deck.model import DeckModel
from modeldeck.widgets.content.chart import Chart
from modeldeck.widgets.content.state import Loading
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.source import TableSource
from modeldeck.widgets.table.table import Table


class Source(Protocol):
    """What the deck asks of the hub."""

    def look_at_runs(self, query: RunsQuery) -> None: ...
    def look_at_run(self, run_id: str) -> None: ...
    def older_runs(self) -> None: ...
    def look_at_deployment(self, query: LiveQuery) -> None: ...
    def look_at_aliases(self, aliases: Iterable[tuple[str, str]]) -> None: ...
    def refresh(self, *topics: Topic) -> None: ...
    def asked_at(self, topic: Topic) -> float | None: ...


class DeckPane:
    """One of the four. It fills its widget from the model, and asks the hub once there is one."""

    kind: ClassVar[P]
    title: ClassVar[str]

    def __init__(self, model: DeckModel, clock: Clock, content: Table[Any] | Chart, *, quiet: bool, **options: Any) -> None:
        """`quiet`: it says nothing of its loading. `options`: of the widget."""
        self.model = model
        self.clock = clock
        self.source: Source | None = None
        self.widget = Pane(content, PaneHead(self.number, self.title), Loading(quiet=quiet), id=str(self.kind), **options)

    @property
    def number(self) -> str:
        return str(list(P).index(self.kind) + 1)

    def paint(self) -> None:
        """Show what the model says now."""
        raise NotImplementedError

    def select(self, row_id: str) -> None:
        """The operator has moved to this row."""

    def opened(self, row_id: str) -> bool:
        """Enter on this row; answers whether that was all that there is to do."""
        return False

    def filtered(self, text: str, *, final: bool) -> None:
        """What stands in the filter line; `final`: once it is left."""

    def head(self, detail: str, figure: str | None = None, title: str = "") -> None:
        self.widget.head = PaneHead(self.number, title or self.title, detail, figure, self.kind in self.model.pinned)


class TablePane(DeckPane):
    def __init__(self, model: DeckModel, clock: Clock, source: TableSource[Any], *, quiet: bool, **options: Any) -> None:
        self.table: Table[Any] = Table(source)
        self._columns: object = None
        super().__init__(model, clock, self.table, quiet=quiet, **options)

    def fill(self, columns: object, make: Callable[[], TableSource[Any]], rows: Sequence[Any]) -> None:
        """Give the table its rows, and other columns only when `columns` is another: that lays it out anew."""
        if self._columns != columns:
            self._columns = columns
            self.table.set_source(make(), rows)
        else:
            self.table.update_rows(rows)
