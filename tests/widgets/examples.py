"""Rows, sources and a small app that the widgets' tests share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from modeldeck.render import numbers
from modeldeck.render.cell import Cell
from modeldeck.themes import find_theme
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.table.source import Column, TableSource


@dataclass(frozen=True)
class Run:
    """A row."""

    id: str
    name: str
    accuracy: float | None = None
    odd: bool = False


def _accuracy(run: Run) -> float | None:
    return run.accuracy


RUNS = TableSource[Run](
    columns=(
        Column("name", "run", lambda run: run.name, sort=lambda run: run.name, weight=1, min_width=6),
        Column("accuracy", "accuracy", lambda run: numbers.metric(run.accuracy), _accuracy, descending=True, align="right"),
        Column("odd", "odd", lambda run: Cell("odd" if run.odd else "–", "muted"), priority=2),
    ),
    sign=lambda run: Cell("!", "warn") if run.odd else "",
    empty="no runs",
)


def runs(count: int) -> list[Run]:
    """`run-0`, `run-1`, …, with accuracies that are not in that order."""
    return [Run(f"r{n}", f"run-{n}", (n * 37 % 101) / 101) for n in range(count)]


class Stage(DiffApp[None]):
    """One widget on a screen of its own, and the messages that came up from it."""

    CSS = "Screen { overflow: hidden; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widget: Widget, theme: str = "dark") -> None:
        super().__init__()
        found = find_theme(theme)
        assert not hasattr(found, "message"), found
        self.register_theme(found)
        self.theme = theme
        self.widget = widget
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def hear(self, message: Message) -> None:
        self.heard.append(message)

    def of(self, kind: type[Message]) -> list[Any]:
        """The messages of one kind, oldest first."""
        return [message for message in self.heard if isinstance(message, kind)]

    def on_table_selected(self, message: Message) -> None:
        self.hear(message)

    def on_table_opened(self, message: Message) -> None:
        self.hear(message)

    def on_table_marked(self, message: Message) -> None:
        self.hear(message)

    def on_pane_filtered(self, message: Message) -> None:
        self.hear(message)

    def on_chart_cursor_moved(self, message: Message) -> None:
        self.hear(message)

    def on_footer_pressed(self, message: Message) -> None:
        self.hear(message)


def screen_text(app: DiffApp[Any]) -> list[str]:
    """What stands on the screen, line by line."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


Act = Callable[[Pilot[Any]], Awaitable[None]]
