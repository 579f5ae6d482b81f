"""The first line: which environment this is, how each backend does, who and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.reactive import Reactive, reactive

from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.text import cells, clean
from modeldeck.widgets.bar import Bar

Health = Literal["loading", "live", "stale", "down"]

_SIGNS: dict[Health, tuple[str, Role]] = {
    "loading": ("◌", "muted"),
    "live": ("●", "ok"),
    "stale": ("◌", "warn"),
    "down": ("○", "bad"),
}

_FIGURE = 6
"""Cells of a duration: what stands behind it stays where it is, and need not be written again."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend's dot: `● MLflow 12 ms`, `◌ Prometheus stale 2 m`, `○ Kubernetes connection refused`."""

    name: str
    health: Health
    message: str = ""


@dataclass(frozen=True, slots=True)
class HeaderData:
    """All that the header shows. `tags` are words such as `read-only` or `protected`; `warning` stands out, such as a paused screen."""

    environment: str = ""
    backends: tuple[Backend, ...] = ()
    who: str = ""
    clock: str = ""
    tags: tuple[str, ...] = ()
    warning: str = ""
    product: str = "modeldeck"


def header_line(data: HeaderData, width: int) -> Line:
    """As much as there is room for. Who is dropped first, then the backends' words, then their names; dots and environment stay."""
    left = [Cell(f" {data.product}", "accent"), Cell(f"  {clean(data.environment, limit=40)}", "strong")]
    left += [Cell(f" {tag}", "warn") for tag in data.tags]
    if data.warning:
        left += [Cell("  "), Cell(f" {clean(data.warning, limit=120)} ", "chip")]
    who = clean(f"{data.who}  ", limit=64) if data.who else ""
    for person, message in ((who, 64), ("", 64), ("", 20), ("", 0)):
        middle = [cell for backend in data.backends for cell in _backend(backend, message)]
        right = [Cell(person, "muted"), Cell(f"{data.clock} ")]
        room = width - _width(left) - _width(middle) - _width(right)
        if room >= 1:
            return (*left, *middle, Cell(" " * room), *right)
    dots = [Cell("  ")] + [Cell(_SIGNS[backend.health][0], _SIGNS[backend.health][1]) for backend in data.backends]
    room = width - _width(left) - _width(dots) - len(data.clock) - 1
    return (*left, *dots, Cell(" " * room), Cell(f"{data.clock} ")) if room >= 1 else (*dots[1:], *left)


def _backend(backend: Backend, limit: int) -> list[Cell]:
    sign, role = _SIGNS[backend.health]
    message = clean(backend.message, limit=limit) if limit else ""
    tone: Role = "muted" if backend.health in ("live", "loading") else role
    line = [Cell(f"   {sign} ", role), Cell(clean(backend.name, limit=40))]
    return [*line, Cell(f" {message:<{_FIGURE}}", tone)] if message else line


def _width(line: list[Cell]) -> int:
    return sum(cells(cell.text) for cell in line)


class Header(Bar):
    """Shows `data`."""

    DEFAULT_CSS = "Header { height: 1; dock: top; }"
    GROUND = "bar"

    data: Reactive[HeaderData] = reactive(HeaderData(), repaint=False)

    def line(self, width: int) -> Line:
        return header_line(self.data, width)

    def watch_data(self) -> None:
        self.repaint()
