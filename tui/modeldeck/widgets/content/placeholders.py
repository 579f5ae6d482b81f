"""What a pane shows while it has nothing to show: a skeleton while loading, or what is wrong and what to do."""

from __future__ import annotations

from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import wrap
from modeldeck.widgets.content.state import Unavailable

_BARS = ((12, 6), (9, 6), (14, 6))
# Widths of the bars of a skeleton's lines: uneven like names and figures, the same each time so that nothing flickers. Few and in ASCII, as
# it is what a slow link has to carry just before the rows themselves.


def skeleton(width: int, height: int) -> list[Line]:
    """Bars where rows will stand."""
    lines: list[Line] = []
    for name, figure in _BARS:
        gap = max(2, width - name - figure - 5)
        lines.append((Cell(f"   {'.' * name}{' ' * gap}{'.' * figure}"[:width], "muted"),))
    return [(Cell(""),), *lines][:height]


def apology(state: Unavailable, width: int, height: int) -> list[Line]:
    """Why nothing is shown and what to do, in the upper middle of the room."""
    inner = max(8, min(width - 4, 76))
    message = wrap(state.message, inner)
    hints = wrap(state.hint, inner)
    lines: list[Line] = [(Cell("  ○ ", "bad"), Cell("unavailable", "bad"))]
    lines += [(Cell("    " + text),) for text in message]
    lines += [(Cell("    " + text, "muted"),) for text in hints]
    above = max(0, min((height - len(lines)) // 3, 4))
    return [(Cell(""),)] * above + lines
