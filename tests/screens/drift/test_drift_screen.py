"""The drift screen on answers of our own and a clock that only moves when told."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from modeldeck.domain.drift.comparison import compare, not_compared
from modeldeck.domain.drift.findings import CountedWindow, DeploymentDrift, HistogramDrift, Role
from modeldeck.domain.drift.over_time import DriftStep, step_of
from modeldeck.domain.drift.settings import baseline_of
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.drift.watch import DriftQuery, DriftSpan
from modeldeck.screens.drift.drift_screen import READ_EVERY, DriftScreen, WatchedDrift
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.staging import Stage, settled, stage

NOW = sample.NOW
EVEN = ((0.0, 1000.0), (1.0, 2000.0), (2.0, 3000.0), (math.inf, 4000.0))
MOVED = ((0.0, 400.0), (1.0, 800.0), (2.0, 1600.0), (math.inf, 4000.0))
FEW = tuple((bound, count / 100) for bound, count in EVEN)
WINDOW = CountedWindow(NOW - 3600.0, NOW, "5")
HISTOGRAMS = (
    HistogramDrift("petal_length", Role.INPUT, compare(EVEN, EVEN), "version 4", WINDOW),
    HistogramDrift("petal_width", Role.INPUT, compare(FEW, EVEN), "version 4", WINDOW),
    HistogramDrift(
        "sepal_width", Role.INPUT, not_compared("Prometheus has no sepal_width_bucket of these pods in that time"), "version 4", WINDOW
    ),
    HistogramDrift("model_prediction_value", Role.PREDICTIONS, compare(MOVED, EVEN), "version 4", WINDOW),
)


class DriftAnswers:
    """Answers with the histograms above, and remembers what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[DriftQuery] = []
        self.failure: Failure | None = None
        self.histograms: tuple[HistogramDrift, ...] = HISTOGRAMS
        self.message = ""
        self.forgotten = 0

    def forget(self) -> None:
        self.forgotten += 1

    async def read(self, query: DriftQuery) -> DriftSpan:
        self.asked.append(query)
        if self.failure is not None:
            raise self.failure
        step = step_of(query.window, query.columns)
        end = self.clock.now() // step * step
        start = end - query.window // step * step
        moments = [start + step * n for n in range(1, int((end - start) / step) + 1)]
        steps = tuple(
            DriftStep(at, 0.45 + 0.05 * math.sin(n) if at > NOW - 7200.0 else 0.03 + 0.02 * math.sin(n), 0.09, 400)
            for n, at in enumerate(moments)
            if n not in (10, 11)
        )
        drift = DeploymentDrift("serving/iris", query.baseline or baseline_of("previous"), self.histograms)
        name = query.histogram or (self.histograms[0].histogram if self.histograms else "")
        return DriftSpan(query, start, end, step, drift, name, () if self.message else steps, self.message)


class Drifting:
    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.reader = DriftAnswers(self.clock)

    def screen(self) -> DriftScreen:
        return DriftScreen(WatchedDrift("prod", "serving/iris", self.reader, lambda: (ServingChange(NOW - 7200.0, 3, "5"),)), self.clock)


class Watched:
    def __init__(self, drifting: Drifting, app: Stage, pilot: Pilot[None]) -> None:
        self.reader, self.clock, self.app, self.pilot = drifting.reader, drifting.clock, app, pilot

    @property
    def text(self) -> str:
        return self.app.text()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def passes(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        await settle()
        await settled(self.pilot)


@asynccontextmanager
async def watched(drifting: Drifting | None = None, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Watched]:
    drifting = drifting or Drifting()
    async with stage(drifting.screen, size=size) as (app, pilot):
        found = Watched(drifting, app, pilot)
        await found.settle()
        yield found


async def test_each_histogram_its_figures_and_one_of_them_over_time() -> None:
    async with watched() as screen:
        for told in (
            "Drift ─ serving/iris · last 6 h",
            "v5",
            "counted 1 h up to now, against version 4",
            "╌ 0.25: act",
            "steps above their noise",
        ):
            assert told in screen.text
        rows = [line for line in screen.text.splitlines() if any(one.histogram in line for one in HISTOGRAMS)]
        assert [next(word for word in row.split() if word.isalpha()) for row in rows[:4]] == ["little", "insufficient", "unknown", "act"]
        assert "▸ petal_length" in screen.text
        assert len(screen.reader.asked) == 1


async def test_another_histogram_is_asked_for_and_its_doubts_are_told() -> None:
    async with watched() as screen:
        await screen.press("j", "down", "j", "j")
        assert "▸ model_prediction_value" in screen.text
        assert "! one bucket holds 60%" in screen.text
        assert screen.reader.asked[-1].histogram == "model_prediction_value"
        await screen.press("k")
        assert "Prometheus has no sepal_width_bucket" in screen.text


async def test_another_baseline_and_another_window() -> None:
    async with watched() as screen:
        await screen.press("b", "b", "b")
        assert str(screen.reader.asked[-1].baseline) == "7d"
        await screen.press("b")
        assert screen.reader.asked[-1].baseline is None
        await screen.press("plus")
        assert "last 1 d" in screen.text
        assert screen.reader.asked[-1].window == 86400.0
        await screen.press("minus", "minus", "minus", "minus")
        assert screen.reader.asked[-1].window == 3600.0


async def test_it_asks_again_now_and_then_and_what_was_logged_at_once() -> None:
    async with watched() as screen:
        await screen.passes(READ_EVERY + 1)
        assert len(screen.reader.asked) == 2
        await screen.press("ctrl+r")
        assert (len(screen.reader.asked), screen.reader.forgotten) == (3, 1)


async def test_while_prometheus_is_away_what_was_read_stays_with_its_age() -> None:
    async with watched() as screen:
        screen.reader.failure = Unreachable("connection refused", backend="Prometheus")
        await screen.passes(READ_EVERY + 1)
        assert "act" in screen.text
        assert "stale" in screen.text or "connection refused" in screen.text


async def test_without_an_answer_it_says_why() -> None:
    drifting = Drifting()
    drifting.reader.failure = Unreachable("connection refused", backend="Prometheus")
    async with watched(drifting) as screen:
        assert "connection refused" in screen.text


async def test_without_a_histogram_it_says_what_to_do() -> None:
    drifting = Drifting()
    drifting.reader.histograms = ()
    async with watched(drifting) as screen:
        assert "drift.histograms" in screen.text
        await screen.press("j")
        assert len(screen.reader.asked) == 1


async def test_a_baseline_that_is_not_known_leaves_no_line() -> None:
    drifting = Drifting()
    drifting.reader.message = "no version before is known"
    async with watched(drifting) as screen:
        assert screen.text.count("no version before is known") == 1
        assert "above their noise" not in screen.text


async def test_a_small_terminal_keeps_the_chosen_one_in_sight() -> None:
    async with watched(size=(80, 24)) as screen:
        for _ in range(3):
            await screen.press("j")
            assert "above their noise" in screen.text
        assert "▸ model_predi" in screen.text


async def test_escape_leaves() -> None:
    async with watched() as screen:
        await screen.press("escape")
        assert screen.app.chosen is None
