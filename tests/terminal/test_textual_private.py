"""What modeldeck takes from Textual's private parts, tried on Textual's own classes: an upgrade that moves it fails here."""

from __future__ import annotations

import ast
import inspect
import os
import signal
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.message_pump import MessagePump
from textual.messages import TerminalSupportsSynchronizedOutput
from textual.widgets import Static

from modeldeck.console import Console
from modeldeck.terminal.driver import ConsoleDriver, Writer
from modeldeck.terminal.textual_private import (
    OVERRIDDEN,
    ChopsUpdate,
    LayoutUpdate,
    Overridden,
    ParseError,
    XTermParser,
    driver_of,
    forget_refreshed,
    handling,
    has_whole_frames,
    is_going,
    is_suspended,
    keys_of,
    named_key,
    picture_of,
    writes,
)


class Note(Static):
    """Knows whose message it was told to be in."""

    told: MessagePump | None = None

    def on_mount(self) -> None:
        self.told = handling()


class Two(App[None]):
    """An app of Textual's own make. `updates` are those of its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[Any] = []

    def compose(self) -> ComposeResult:
        yield Note("above", id="above")
        yield Note("below", id="below")

    def _display(self, screen: Any, renderable: Any) -> None:
        self.updates.append(renderable)
        super()._display(screen, renderable)


class Shown(Two):
    """One that thinks that it has a terminal, with a driver that writes nowhere."""

    @property
    def is_headless(self) -> bool:
        return False


@pytest.fixture
def signals() -> Iterator[None]:
    """A driver listens to those two as soon as there is one."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTSTP, signal.SIGCONT)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("overridden", [each for each in OVERRIDDEN if each.takes is not None], ids=lambda each: each.name)
def test_what_is_overridden_is_there_and_takes_what_it_took(overridden: Overridden) -> None:
    theirs = inspect.signature(getattr(overridden.owner, overridden.name)).parameters
    assert tuple(theirs) == overridden.takes
    ours = inspect.signature(getattr(Console if issubclass(Console, overridden.owner) else ConsoleDriver, overridden.name)).parameters
    assert [each.kind for each in ours.values()] == [each.kind for each in theirs.values()]


async def test_what_is_overridden_as_an_attribute_is_set_by_who_owns_it(signals: None) -> None:
    driver = LinuxDriver(App())
    assert [each.name for each in OVERRIDDEN if each.takes is None and not hasattr(driver, each.name)] == []


def test_textual_asks_no_more_of_its_writer_than_ours_can_do() -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(LinuxDriver)))
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._writer_thread"}
    assert {"start", "write", "stop"} <= asked
    assert asked <= set(dir(Writer))


async def test_only_a_driver_that_has_stopped_itself_is_suspended(signals: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _process, number: sent.append(number))
    monkeypatch.setattr(LinuxDriver, "suspend_application_mode", lambda _self: None)
    driver = LinuxDriver(App())
    assert not is_suspended(driver)
    driver._sigtstp_application()
    assert is_suspended(driver)
    assert sent == [signal.SIGSTOP]


async def test_an_app_has_a_driver_and_writes_from_its_start_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Shown()
    assert driver_of(app) is None
    assert not writes(app)
    async with app.run_test():
        assert isinstance(driver_of(app), Driver)
        assert writes(app)
        with app.batch_update():
            assert not writes(app)
        with monkeypatch.context() as ending:
            ending.setattr(app, "_closed", True)
            assert not writes(app)
        assert writes(app)
    assert not writes(app)


async def test_an_app_without_a_terminal_writes_nothing() -> None:
    app = Two()
    async with app.run_test():
        assert not writes(app)


async def test_frames_are_whole_once_the_terminal_has_said_so() -> None:
    app = Two()
    async with app.run_test() as pilot:
        assert not has_whole_frames(app)
        app.post_message(TerminalSupportsSynchronizedOutput())
        await pilot.pause()
        assert has_whole_frames(app)


async def test_the_picture_is_what_the_screen_shows() -> None:
    app = Two()
    async with app.run_test(size=(20, 4)):
        assert [strip.text for strip in picture_of(app.screen)] == [f"{text:20}" for text in ("above", "below", "", "")]


async def test_a_picture_comes_as_a_layout_or_as_pieces_of_lines() -> None:
    app = Two()
    async with app.run_test(size=(20, 4)) as pilot:
        (whole,) = (each for each in app.updates if isinstance(each, LayoutUpdate))
        assert whole.region == Region(0, 0, 20, 4)
        assert ["".join(strip.text for strip in line) for line in whole.strips] == [f"{text:20}" for text in ("above", "below", "", "")]
        await pilot.pause()
        app.updates.clear()
        app.query_one("#below", Note).refresh()
        await pilot.pause()
        (part,) = (each for each in app.updates if isinstance(each, ChopsUpdate))
        assert (1, 0, 20) in list(part.spans)
        assert [strip and strip.text for strip in part.chops[1].values()] == [f"{'below':20}"]
        assert list(part.chop_ends[1]) == [20]


async def test_what_was_refreshed_is_kept_until_it_is_forgotten() -> None:
    app = Two()
    async with app.run_test():
        note = app.query_one("#above", Note)
        note.refresh(Region(0, 0, 3, 1))
        assert note._dirty_regions
        forget_refreshed(note)
        assert not note._dirty_regions


async def test_a_message_is_handled_for_somebody() -> None:
    app = Two()
    async with app.run_test():
        assert [note.told for note in app.query(Note)] == list(app.query(Note))


async def test_a_widget_is_going_as_soon_as_it_is_told_to() -> None:
    app = Two()
    async with app.run_test():
        note = app.query_one("#above", Note)
        assert not is_going(note)
        removal = note.remove()
        assert note.is_attached
        assert is_going(note)
        await removal
        assert is_going(note)
    assert is_going(Note())


@pytest.mark.parametrize(
    ("sequence", "keys"),
    [
        ("a", ["a"]),
        ("Ü", ["Ü"]),
        ("\x1b", ["escape"]),
        ("\x1b[A", ["up"]),
        ("\x1b[5~", ["pageup"]),
        ("\x03", ["ctrl+c"]),
        ("\x1b[97;5u", ["ctrl+a"]),
    ],
)
def test_a_sequence_is_keys(sequence: str, keys: list[str]) -> None:
    found = list(keys_of(XTermParser(), sequence))
    assert [each.key for each in found] == keys
    assert all(isinstance(each, events.Key) for each in found)


def test_some_sequences_have_the_name_of_another_key() -> None:
    assert named_key("\x1bf") == "ctrl+right"
    assert named_key("\x1bx") is None


def test_a_report_of_the_mouse_is_an_event() -> None:
    (moved,) = XTermParser().feed("\x1b[<0;3;4M")
    assert isinstance(moved, events.MouseDown)
    assert (moved.x, moved.y) == (2, 3)


def test_the_parser_raises_its_own_error() -> None:
    parser = XTermParser()
    list(parser.feed(""))
    with pytest.raises(ParseError):
        list(parser.feed("a"))
