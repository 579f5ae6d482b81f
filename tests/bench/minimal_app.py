"""The least that a Textual app can be: what our own first paint is compared with."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static


class Minimal(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "Quit"), Binding("j", "count(1)"), Binding("k", "count(-1)")]

    def compose(self) -> ComposeResult:
        yield Static("minimal 0", id="count")

    def on_mount(self) -> None:
        self.total = 0

    def action_count(self, step: int) -> None:
        self.total += step
        self.query_one("#count", Static).update(f"minimal {self.total}")


if __name__ == "__main__":
    Minimal().run()
