"""What a terminal sends while a screen is open: answers do nothing, and keys in one packet mean what they mean one by one."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from textual.app import App
from textual.widgets import Input

from modeldeck.render.cell import Cell, Line
from modeldeck.screens.plan.plan_screen import PlanScreen
from modeldeck.screens.shared.help import HelpScreen
from modeldeck.screens.shared.reading_screen import ReadingScreen
from modeldeck.terminal.keyboard import Keyboard
from modeldeck.widgets import key_order
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.pane.filter_line import FilterLine
from modeldeck.widgets.pane.pane import Pane
from tests.screens.plan.test_plan_screen import Person
from tests.support import operations as ops
from tests.support.answers import ANSWERS
from tests.support.sample import FrozenClock
from tests.support.staging import settled, stage


def send(app: App[None], *pieces: bytes, keyboard: Keyboard | None = None) -> None:
    """As the driver does it, one read a piece."""
    keyboard = keyboard or Keyboard()
    for piece in pieces:
        for event in keyboard.feed(piece):
            app.post_message(event.set_sender(app))


def fuzz(chance: random.Random) -> Iterable[bytes]:
    """Answers of no terminal, in pieces: each well formed, and none a key."""
    for _ in range(200):
        content = "".join(chance.choices("yqc?1234abp;:=/ \t", k=chance.randrange(40))).encode()
        kind = chance.choice(["control", *"]P_^X"])
        if kind == "control":
            whole = (
                b"\x1b["
                + chance.choice([b"?", b">", b"="])
                + b"12;3"
                + chance.choice([b"", b"$", b" "])
                + chance.choice([b"y", b"c", b"q"])
            )
        else:
            whole = b"\x1b" + kind.encode() + content + b"\x1b\\"
        cut = chance.randrange(len(whole))
        yield from (whole[:cut], whole[cut:])


@pytest.mark.parametrize("seed", [None, 1, 2])
async def test_nothing_is_applied_by_an_answer(seed: int | None) -> None:
    person = Person()
    async with stage(person.screen) as (app, pilot):
        before = app.text()
        keyboard = Keyboard()
        if seed is None:
            for answer in ANSWERS.values():
                for cut in range(len(answer)):
                    send(app, answer[:cut], answer[cut:], keyboard=keyboard)
        else:
            send(app, *fuzz(random.Random(seed)), keyboard=keyboard)
        await settled(pilot)
        assert not person.core.begun
        assert isinstance(app.screen, PlanScreen)
        assert app.text() == before
        assert app.clipboard == ""
        send(app, b"y", keyboard=keyboard)
        await settled(pilot)
        assert [plan.id for plan in person.core.begun] == [ops.ID]


@pytest.mark.parametrize("packets", [(b"\x1by",), (b"\x1b\x1b[Ay",), (b"\x1b\x1by",)])
async def test_a_plan_that_escape_has_left_applies_nothing(packets: tuple[bytes, ...]) -> None:
    person = Person()
    async with stage(person.screen) as (app, pilot):
        send(app, *packets)
        await settled(pilot)
        assert not isinstance(app.screen, PlanScreen)
        assert not person.core.begun


async def test_escape_and_a_key_in_one_packet_are_both_heard() -> None:
    async with stage(Person().screen) as (app, pilot):
        app.push_screen(HelpScreen(app.screen))
        await settled(pilot)
        send(app, b"\x1br")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        assert isinstance(app.focused, Input)  # which asks for the reason


async def test_alt_moves_by_words_where_text_is_typed() -> None:
    async with stage(Person().screen) as (app, pilot):
        send(app, b"rone two", b"\x1bb", b"x")
        await settled(pilot)
        assert isinstance(app.focused, Input)
        assert app.focused.value.endswith("one xtwo")


async def test_keys_of_one_packet_reach_what_the_ones_before_have_opened() -> None:
    async with stage(Person().screen) as (app, pilot):
        send(app, b"rwhy not\r?")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        assert "why not" in app.text()


def words_screen() -> ReadingScreen:
    async def load() -> list[Line]:
        return [(Cell(word),) for word in ("iris", "wine", "Iris jj")]

    return ReadingScreen("Words", "", load, FrozenClock())


@pytest.mark.parametrize(
    ("packet", "kept"), [(b"/iris\r", "iris"), (b"/iris\x1bj", ""), (b"/iris wine\x1b\x7f\r", "iris "), (b"/is\x1bbir\r", "iris")]
)
async def test_a_filter_in_one_packet_is_typed_into_its_line(packet: bytes, kept: str) -> None:
    async with stage(words_screen) as (app, pilot):
        send(app, packet)
        await settled(pilot)
        await settled(pilot)
        assert not app.screen.query(FilterLine)
        assert app.screen.query_one(TextView).has_focus
        assert app.screen.query_one(Pane).filter_text == kept


async def test_a_key_that_is_lost_on_its_way_keeps_no_other_one_for_ever() -> None:
    async with stage(words_screen) as (app, pilot):
        lost = key_order.Passed()
        app._passing = lost  # its widget has gone with it
        send(app, b"/iris\r")
        await settled(pilot)
        assert app.screen.query_one(Pane).filter_text == ""
        app._arrived(lost)
        for _ in range(5):
            await settled(pilot)
        assert app.screen.query_one(Pane).filter_text == "iris"
