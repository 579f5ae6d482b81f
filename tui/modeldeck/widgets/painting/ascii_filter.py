"""One place that keeps a whole screen ASCII where the terminal knows no UTF-8."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from modeldeck.render.ascii import to_ascii


class AsciiFilter(LineFilter):
    """Replaces every character outside ASCII, after rendering, so that no widget needs to know."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
