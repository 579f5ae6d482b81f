"""What stands on the screen until the first answers have come."""

from __future__ import annotations

import pytest
from rich.color import ColorSystem

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.reading import Reading
from modeldeck.live.hub import Topic
from modeldeck.render.deck_frame import empty_panes
from modeldeck.screens.deck.deck import Deck
from modeldeck.terminal import instant
from modeldeck.widgets.painting.palette import palette_of
from modeldeck.widgets.painting.sgr import whole_style
from tests.screens.deck.test_deck import ALL, Stage, until
from tests.support import sample

LONG = 60.0
"""Seconds that no test lasts."""


def patient(seconds: float = LONG) -> Stage:
    app = Stage()
    app.deck = Deck(sample.ENVIRONMENT, sample.FrozenClock(), "you@box", patience=seconds)
    return app


@pytest.mark.parametrize("size", [(120, 40), (121, 41), (200, 50), (100, 30), (99, 40), (120, 29), (80, 24), (60, 20)])
async def test_the_frames_stand_where_they_are_painted_beforehand(size: tuple[int, int]) -> None:
    app = patient()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown, painted = app.text().splitlines(), empty_panes(*size)
        for edge in "│╭╮╰╯":
            places = [[x for x, cell in enumerate(line) if cell == edge] for line in shown]
            assert places == [[x for x, cell in enumerate(line) if cell == edge] for line in painted]


async def test_the_frames_are_painted_beforehand_in_the_colours_of_the_default_theme() -> None:
    app = patient()
    async with app.run_test(size=(120, 40)):
        frame = palette_of(app).frame
        assert [whole_style(frame, colors) for colors in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT)] == [
            instant.FRAME_TRUE,
            instant.FRAME_256,
        ]


async def test_nothing_is_shown_that_is_about_to_be_replaced() -> None:
    app = patient()
    async with app.run_test(size=(120, 40)) as pilot:
        for topic, value in ALL.items():
            await pilot.pause()
            text = app.text()
            assert "loading" not in text
            assert "promote" not in text
            assert "sunny-cod-6" not in text
            app.deck.receive(topic, sample.reading(value))
            if topic is Topic.REGISTRY:
                break
        await pilot.pause()
        assert "sunny-cod-6" not in app.text(), "the cluster says which one is selected"
        app.deck.receive(Topic.FLEET, sample.reading(sample.FLEET))
        await until(pilot, lambda: "sunny-cod-6 → iris v7" in app.text())
        assert "p promote" in app.text()
        assert "loading" not in app.text(), "the charts are about to come, too"


async def test_what_failed_is_not_waited_for() -> None:
    app = patient()
    async with app.run_test(size=(120, 40)) as pilot:
        app.deck.receive(Topic.RUNS, sample.reading(ALL[Topic.RUNS]))
        failed: Reading[object] = Reading("prod", failure=Unreachable("connection refused", backend="MLflow"))
        for topic in (Topic.REGISTRY, Topic.FLEET):
            app.deck.receive(topic, failed)
        await until(pilot, lambda: "sunny-cod-6" in app.text() and "p promote" in app.text())


async def test_patience_ends() -> None:
    app = patient(0.01)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.text().count("◌ loading") == 4)
        assert "promote" in app.text()
