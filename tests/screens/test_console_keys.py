"""The whole console without backends: its last line, its help and its keys."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Static

from modeldeck.console import Console, Launch
from modeldeck.domain.environments import Environment
from modeldeck.render.cell import Line, line_text
from modeldeck.screens.deck.messages import CopyRequested
from modeldeck.screens.shared.help import HelpScreen
from modeldeck.screens.shared.reading_screen import ReadingScreen
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer, hint_at
from modeldeck.widgets.pane.filter_line import FilterLine
from tests.support.staging import settled

ADDRESS = "https://mlflow.example.com/#/models/iris"


def text(console: Console) -> list[str]:
    return ["".join(part.text for part in strip) for strip in console.screen._compositor.render_strips()]


@asynccontextmanager
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    for kind in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    environment = Environment("prod", None, None, None, journal=str(tmp_path / "journal.db"))
    console = Console(Launch(environment, ("prod",), lambda name: environment))
    async with console.run_test(size=size) as pilot:
        await settled(pilot)  # type: ignore[arg-type]
        yield console, pilot


async def click(console: Console, pilot: Pilot[int], key: str) -> None:
    footer = console.screen.query_one(Footer)
    width = footer.size.width
    at = next(x for x in range(width) if (hint := hint_at(footer.data, width, x)) is not None and hint.key == key)
    await pilot.click(Footer, offset=(at + 1, 0))
    await settled(pilot)  # type: ignore[arg-type]


async def test_keys_of_panes_and_of_the_app_can_be_clicked_in_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch, (160, 40)) as (console, pilot):
        console.deck.say()  # its note takes the place of keys
        await click(console, pilot, "/")
        assert isinstance(console.focused, FilterLine)
        await pilot.press("escape")
        await settled(pilot)  # type: ignore[arg-type]
        await click(console, pilot, "?")
        assert isinstance(console.screen, HelpScreen)
        await pilot.press("escape")
        await click(console, pilot, ":")
        assert isinstance(console.screen, CommandPalette)
        await pilot.press("escape")
        await settled(pilot)  # type: ignore[arg-type]
        await click(console, pilot, "q")
        assert console.return_code == 0
        assert console._exit


async def test_ctrl_q_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch, (80, 24)) as (console, pilot):
        await pilot.press("ctrl+q")
        await settled(pilot)  # type: ignore[arg-type]
        assert not console._exit
        await pilot.press("q")
        await settled(pilot)  # type: ignore[arg-type]
        assert console._exit


async def test_an_error_is_loud_and_ends_it_as_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        async with opened(tmp_path, monkeypatch, (80, 24)) as (console, _):
            console.call_later(lambda: 1 / 0)
    assert console.broken


async def test_what_finds_nothing_as_it_goes_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch, (80, 24)) as (console, pilot):
        await console.screen.mount(left := Static())
        left.call_later(left.query_one, "#nowhere")
        await left.remove()
        await settled(pilot)  # type: ignore[arg-type]
    assert not console.broken


@pytest.mark.parametrize("size", [(160, 60), (80, 24), (60, 20)])
async def test_the_help_is_whole_at_every_size(size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path, monkeypatch, size) as (console, pilot):
        await pilot.press("question_mark")
        await settled(pilot)  # type: ignore[arg-type]
        view = console.screen.query_one(TextView)
        lines = [line_text(line) for line in view.lines]
        assert max(map(len, lines)) <= view.size.width
        message = " ".join(" ".join(lines).split())
        assert "selects text, as your terminal does it (iTerm2: option, Terminal.app: fn)" in message
        assert "p Promote · Promote the selected version on the selected deployment" in message


async def test_what_is_copied_is_told_with_how_far_it_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    async with opened(tmp_path, monkeypatch, (120, 40)) as (console, pilot):
        written: list[str] = []
        driver = console._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        console.post_message(CopyRequested("serving/iris\nrm -rf"))
        await settled(pilot)  # type: ignore[arg-type]
        await settled(pilot)  # type: ignore[arg-type]
        assert "sent to the terminal" in text(console)[-1]
        (sent,) = (each for each in written if "]52;" in each)
        assert b64encode(b"serving/iris").decode()[:12] in sent
        assert "\n" not in console.clipboard


async def test_what_is_copied_is_told_where_it_was_asked_for_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)

    async def lines() -> list[Line]:
        return []

    async with opened(tmp_path, monkeypatch, (120, 40)) as (console, pilot):
        driver = console._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", lambda written: None)
        await console.push_screen(ReadingScreen("Queries", "", lines, console.clock))
        console.post_message(CopyRequested("sum(x)", name="the PromQL of p99"))
        for _ in range(2):
            await settled(pilot)  # type: ignore[arg-type]
        assert "sent to the terminal: the PromQL of p99" in text(console)[-1]


@pytest.mark.parametrize("known", [True, False])
async def test_an_address_is_a_link_where_links_are_drawn(known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY", "VTE_VERSION", "TERM_PROGRAM", "WT_SESSION", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty" if known else "xterm")
    async with opened(tmp_path, monkeypatch, (120, 40)) as (console, pilot):
        console.deck.say_link(ADDRESS)
        await settled(pilot)  # type: ignore[arg-type]
        last = list(console.screen._compositor.render_strips())[-1]
        linked = [(part.style.link, part.text) for part in last if part.style is not None and part.style.link]
        assert linked == ([(ADDRESS, ADDRESS)] if known else [])
        assert ADDRESS in text(console)[-1]
