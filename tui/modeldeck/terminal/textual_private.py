"""Every private name of Textual that we cannot do without, and why: an upgrade that takes one away fails in this module's test.

Nothing else in modeldeck names what is private to Textual or Rich (tests/architecture/test_private_names.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._context import active_message_pump
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

__all__ = [
    "OVERRIDDEN",
    "ChopsUpdate",
    "LayoutUpdate",
    "Overridden",
    "ParseError",
    "XTermParser",
    "driver_of",
    "forget_refreshed",
    "handling",
    "has_whole_frames",
    "is_going",
    "is_suspended",
    "keys_of",
    "named_key",
    "picture_of",
    "writes",
]
# ChopsUpdate and LayoutUpdate: what a picture changes comes as one of these, and the public API has only whole widgets.
# XTermParser and its ParseError: a driver has to be given whole events, and nothing public makes them of what a terminal sends.


class Overridden(NamedTuple):
    """What a subclass of ours replaces, so that its name has to stand there. `takes`: its parameters; None where it is an attribute."""

    owner: type
    name: str
    takes: tuple[str, ...] | None


OVERRIDDEN = (
    Overridden(App, "_display", ("self", "screen", "renderable")),  # the one place that every picture passes
    Overridden(App, "_handle_exception", ("self", "error")),  # nothing public is asked before the app ends in a traceback
    Overridden(LinuxDriver, "_sigcont_application", ("self", "_")),  # Textual's own starts everything again, also what never stopped
    Overridden(LinuxDriver, "_writer_thread", None),  # no hook chooses another writer than one that blocks at thirty pieces
)


def driver_of(app: App[Any]) -> Driver | None:
    """What writes to the terminal; None before there is one. An app tells the class of its driver, and never the driver."""
    return app._driver


def writes(app: App[Any]) -> bool:
    """Whether it writes what it is given now. That it gathers changes, or has ended, is not public."""
    return app.is_running and not app._closed and not app._batch_count and not app.is_headless


def has_whole_frames(app: App[Any]) -> bool:
    """Whether the terminal has said that it shows a synchronised update at once: the app keeps the answer to itself."""
    return app._sync_available


def picture_of(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen as they stand. What is public of it is an SVG."""
    return screen._compositor.render_strips()


def forget_refreshed(widget: Widget) -> None:
    """Forget the regions that were refreshed: only a widget that renders content, and no lines, is rid of them in time."""
    widget._dirty_regions.clear()


def is_going(widget: Widget) -> bool:
    """Whether it is being removed, or was: it stays attached until its children are gone."""
    return widget._pruning or not widget.is_attached


def handling() -> MessagePump | None:
    """Whose message is being handled: an error comes to the app without the name of whose it is."""
    return active_message_pump.get(None)


def is_suspended(driver: LinuxDriver) -> bool:
    """Whether it has stopped the process itself, so that there is something to resume."""
    return driver._must_signal_resume


def keys_of(parser: XTermParser, sequence: str) -> Iterable[events.Key]:
    """The keys that a whole sequence stands for: `feed` would wait for more behind an escape."""
    return parser._sequence_to_key_events(sequence)


def named_key(sequence: str) -> str | None:
    """The name of the one key that always sends this sequence; None where there is none. Textual's table is not public."""
    known = ANSI_SEQUENCES_KEYS.get(sequence)
    return known[0].value if isinstance(known, tuple) else None
