"""`?`: every key of the screen below, what it does, and why some cannot be used now."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import ModalScreen, Screen

from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import flow
from modeldeck.screens.shared.framed import FramedScreen, key_name
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

_SECTIONS = (("deck", "This screen"), ("table", "Tables"), ("chart", "Charts"), ("text", "Text"), ("pane", "Panes"), ("app", "Everywhere"))


_MOUSE = (
    ("click", "selects a row; twice opens it; on a column's head sorts; on a key in the last line presses it"),
    ("wheel", "scrolls; over a chart a longer or a shorter window"),
    ("shift and drag", "selects text, as your terminal does it (iTerm2: option, Terminal.app: fn)"),
)
_KEYS = 16
# Cells of the column of keys.


def help_lines(bindings: list[ActiveBinding], why_not: dict[str, str]) -> list[Line]:
    """Keys by section, in the order of their declaration; keys for one action stand together."""
    sections: dict[str, dict[str, tuple[list[str], ActiveBinding]]] = {}
    for active in bindings:
        binding = active.binding
        if not binding.id:
            continue  # Textual's own: what of it belongs here has a binding of ours
        section = binding.id.partition(".")[0]
        place = section if any(section == name for name, _ in _SECTIONS) else "deck"
        keys, _ = sections.setdefault(place, {}).setdefault(binding.action, ([], active))
        keys.append(key_name(binding))
    lines: list[Line] = []
    for section, title in _SECTIONS:
        if section in sections:
            lines += [(Cell(""),), (Cell(f" {title}", "strong"),)]
            lines += [_line(keys, active, why_not) for keys, active in sections[section].values()]
    mouse = [(Cell(f"  {what:<{_KEYS}}", "key"), Cell(does)) for what, does in _MOUSE]
    return [*lines, (Cell(""),), (Cell(" Mouse", "strong"),), *mouse]


def _line(keys: list[str], active: ActiveBinding, why_not: dict[str, str]) -> Line:
    message = active.binding.description
    more = f" · {active.binding.tooltip}" if active.binding.tooltip else ""
    reason = "" if active.enabled else f" ({why_not.get(active.binding.action) or 'not now'})"
    return (Cell(f"  {' '.join(keys):<{_KEYS}}", "muted" if reason else "key"), Cell(message), Cell(more, "muted"), Cell(reason, "warn"))


class HelpScreen(ModalScreen[None]):
    """Made from the bindings of the screen that it covers: it cannot name a key that is not there."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Pane { width: 92; max-width: 96%; height: 36; max-height: 90%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "leave", "Back", id="help.leave")]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        actives = list(below.active_bindings.values())
        why = {a.binding.action: below.why_not(a.binding.action) for a in actives} if isinstance(below, FramedScreen) else {}
        self._lines = help_lines(actives, why)

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="keys"), PaneHead(title="Keys", detail="esc closes"), filterable=False)

    def on_mount(self) -> None:
        self.query_one("#keys").focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)  # the view has its new width then

    def _show(self) -> None:
        for view in self.query(TextView):
            view.update_lines(flow(self._lines, view.size.width, hang=_KEYS + 2))

    def action_leave(self) -> None:
        self.dismiss(None)
