"""Roles to terminal styles, from the variables of the theme in use.

A theme names each role's colour as `role-NAME` and its attributes as `role-NAME-style`. A theme that knows nothing of roles (one of
Textual's own) is served from its usual variables, so that every theme works.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError

from modeldeck.render.cell import ROLES, Role

_FALLBACK: dict[str, tuple[str, str]] = {
    "ok": ("text-success", ""),
    "warn": ("text-warning", ""),
    "bad": ("text-error", "bold"),
    "muted": ("foreground-darken-3", ""),
    "accent": ("text-accent", ""),
    "strong": ("foreground", "bold"),
    "alias": ("text-secondary", ""),
    "version": ("text-primary", ""),
    "marker": ("text-warning", ""),
    "key": ("footer-key-foreground", "bold"),
    "chip": ("text-accent", "reverse"),
    "series-1": ("text-primary", ""),
    "series-2": ("text-warning", ""),
    "series-3": ("text-success", ""),
    "series-4": ("text-error", ""),
    "series-5": ("text-secondary", ""),
    "series-6": ("text-accent", ""),
}
_TELLING = ("ok", "warn", "bad", "chip")
_STALE_BLEND = 0.35
# How far the colours of stale data go towards the background: readable, but not mistaken for live.


class Palette:
    """The styles of one theme. Equal variables give the same object, so that it can stand in a cache key."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._background = self._color("background") or Color.parse("ansi_default")
        foreground = self._color("foreground") or Color.parse("ansi_default")
        self.base = Style(color=foreground.rich_color, bgcolor=self._background.rich_color)
        self.head = self.base + self._style("head", "foreground-darken-2", "")
        self.frame = self.base + self._style("frame", "border-blurred", "")
        self.frame_focus = self.base + self._style("frame-focus", "border", "bold")
        self._on: dict[str, dict[Role, Style]] = {
            "base": self._roles(self.base),
            "selected": self._quieted(self._roles(self._row("selected", "bold"))),
            "blurred": self._roles(self._row("blurred", "")),
            "bar": self._roles(self.base + self._background_of("bar")),
        }
        stale = self._roles(self.base)
        self._on["stale"] = {role: self._faded(style) for role, style in stale.items()}
        self._on["stale-selected"] = {role: self._faded(style) for role, style in self._on["selected"].items()}
        self._on["stale-blurred"] = {role: self._faded(style) for role, style in self._on["blurred"].items()}

    def on(self, ground: str) -> Mapping[Role, Style]:
        """The styles of all roles on a ground: base, selected, blurred, bar, stale, stale-selected or stale-blurred."""
        return self._on[ground]

    def _color(self, name: str) -> Color | None:
        value = self._variables.get(name)
        if value is None or value.startswith("auto"):
            return None
        try:
            color = Color.parse(value)
        except ColorParseError:
            return None
        return color

    def _attributes(self, name: str, default: str) -> Style:
        message = self._variables.get(f"role-{name}-style", default)
        return Style.parse(message) if message and message != "none" else Style()

    def _rich(self, color: Color) -> Style:
        if color.ansi is None and color.a < 1 and self._background.ansi is None:
            color = self._background + color
        return Style(color=color.rich_color)

    def _style(self, name: str, fallback: str, attributes: str) -> Style:
        color = self._color(f"role-{name}") or self._color(fallback)
        # An "ansi_default 50%" has no colour of its own to fade: the attribute has to say it.
        style = Style() if color is None else self._rich(color)
        if color is not None and color.ansi is not None and color.a < 1:
            attributes = attributes or "dim"
        return style + self._attributes(name, attributes)

    def _background_of(self, name: str) -> Style:
        color = self._color(f"role-{name}")
        if color is None:
            return Style()
        if color.ansi is None and color.a < 1 and self._background.ansi is None:
            color = self._background + color
        return Style(bgcolor=color.rich_color)

    def _row(self, name: str, attributes: str) -> Style:
        style = self.base + self._background_of(name) + self._attributes(name, attributes)
        if f"role-{name}" not in self._variables and name == "selected":
            style += Style(reverse=True)
        return style

    def _roles(self, ground: Style) -> dict[Role, Style]:
        styles: dict[Role, Style] = {"": ground}
        for role in ROLES:
            if role:
                styles[role] = ground + self._style(role, *_FALLBACK[role])
        if ground.reverse:
            # On a reversed ground a second reverse would be lost, and a coloured text becomes a coloured block.
            styles = {role: ground + Style(bold=style.bold, underline=style.underline) for role, style in styles.items()}
        return styles

    def _quieted(self, styles: dict[Role, Style]) -> dict[Role, Style]:
        """One colour but for what tells how something does: it is read more easily on the selection, and costs a slow link less."""
        return {role: style if role in _TELLING else styles[""] for role, style in styles.items()}

    def _faded(self, style: Style) -> Style:
        color, ground = style.color, style.bgcolor
        if color is None or ground is None or color.triplet is None or ground.triplet is None:
            return style + Style(dim=True)
        faded = Color.from_rich_color(color).blend(Color.from_rich_color(ground), _STALE_BLEND)
        return style + Style(color=faded.rich_color)


@lru_cache(maxsize=8)
def _palette(variables: tuple[tuple[str, str], ...]) -> Palette:
    return Palette(dict(variables))


def palette_of(app: App[Any]) -> Palette:
    """The palette of the theme that `app` shows now."""
    return _palette(tuple(app.theme_variables.items()))
