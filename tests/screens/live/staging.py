"""The live screen on answers of our own and a clock that only moves when told."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.screen import Screen

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion
from modeldeck.domain.failures import Failure
from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines, measured_lines
from modeldeck.domain.metrics.charts.heatmap import Heatmap
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.live.pod_groups import VersionPods
from modeldeck.live.service_level import ServiceLevel
from modeldeck.screens.live.live_screen import LiveScreen, LiveSubject
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.staging import Stage, settled, stage

NOW = sample.NOW
CHANGES = (ServingChange(NOW - 86400.0, 2, "6", "iris-2"), ServingChange(NOW - 600.0, 3, "7", "iris-3"))
PROMQL = {
    "p50": 'histogram_quantile(0.5, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "p90": 'histogram_quantile(0.9, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "p99": 'histogram_quantile(0.99, sum by (le) (rate(x_bucket{pod=~"iris-.+"}[60s])))',
    "requests": 'sum (rate(x_count{pod=~"iris-.+"}[60s]))',
    "errors": 'sum (rate(x_count{pod=~"iris-.+",status=~"5.."}[60s]))',
}


def apart(lines: tuple[ChartLine, ...], versions: Sequence[VersionPods]) -> tuple[ChartLine, ...]:
    """The first and the last of them for each version; a newer one has data from its change on."""
    since = {"v7": NOW - 600.0}
    found = []
    for place, version in enumerate(versions):
        for line in dict.fromkeys((lines[0], lines[-1])):
            points = ((at, value * (1 + 0.4 * place)) for at, value in line.points if at >= since.get(version.name, 0.0))
            found.append(ChartLine(line.name, tuple(points), version.name))
    return tuple(found)


def _heat() -> Heatmap:
    bounds = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, math.inf)
    rows = []
    for step in range(121):
        middle = 2.0 + math.sin(step / 9) * 0.8 + (1.5 if 68 <= step <= 74 else 0.0)
        rows.append((NOW - 1800.0 + 15.0 * step, tuple(40.0 * math.exp(-((place - middle) ** 2) * 1.4) for place in range(len(bounds)))))
    return Heatmap(bounds, tuple(rows))


HEAT = _heat()
BASE = (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)


def _before(name: str, base: float, swing: float, *, until: int = 121) -> ChartLine:
    return ChartLine(name, tuple((NOW - 1800.0 + 15.0 * step, base + swing * math.sin(step / 12)) for step in range(until)))


EARLIER = {
    ChartKind.LATENCY: _before("p99", 0.070, 0.02),
    ChartKind.REQUESTS: _before("requests", 25.0, 8.0, until=90),
    ChartKind.ERRORS: ChartLine("errors", ()),
}


class Reader:
    """Answers with the sample's charts, and remembers what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[SpanQuery] = []
        self.failure: Failure | None = None
        self.hangs = 0.0
        """The window of which there is never an answer."""
        self.hanging = 0
        self.warnings: tuple[str, ...] = ()
        self.promql = PROMQL
        self.lines: Lines = {}
        self.earlier = EARLIER
        self.refused: dict[str, str] = {}
        self.forgotten = 0

    def forget(self) -> None:
        self.forgotten += 1

    async def read(self, query: SpanQuery) -> SpanCharts:
        self.asked.append(query)
        if query.window == self.hangs:
            self.hanging += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.hanging -= 1
        if self.failure is not None:
            raise self.failure
        end = self.clock.now() // 15.0 * 15.0 if query.end is None else query.end
        lines = {**measured_lines(sample.charts().points), **self.lines}
        if query.versions:
            lines = {kind: apart(found, query.versions) for kind, found in lines.items()}
        edited = frozenset({ChartKind.LATENCY} if query.edited else ())
        heat = HEAT if query.buckets else None
        earlier = {kind: line for kind in query.kinds if (line := self.earlier.get(kind))} if query.compared else {}
        return SpanCharts(
            query,
            end - query.window,
            end,
            end,
            15.0,
            lines,
            self.promql,
            self.warnings,
            heatmap=heat,
            earlier=earlier,
            edited=edited,
            refused=self.refused,
        )


def more(reader: Reader) -> None:
    """The pods export their memory and what they predict, too."""

    def line(name: str, base: float, swing: float) -> ChartLine:
        return ChartLine(name, tuple((NOW - 1800.0 + 15.0 * step, base + swing * math.cos(step / 9)) for step in range(121)))

    mib = 2.0**20
    reader.lines = {
        ChartKind.MEMORY: (line("highest", 340 * mib, 40 * mib), line("mean", 290 * mib, 10 * mib)),
        ChartKind.PREDICTIONS: (line("p90", 24.0, 1.5), line("p50", 21.0, 0.5), line("p10", 19.0, 0.5), line("mean", 21.5, 0.3)),
    }
    names = [name for kind in reader.lines for name in NAMES[kind]]
    reader.promql = {**PROMQL, **{name: f"the query of {name}" for name in names}}


def happened() -> tuple[ChangeEvent, ...]:
    return (
        ChangeEvent(ChangeKind.SCALE, NOW - 1500, "deployment serving/iris", "kubectl set the count of pods (3 now)", "managedFields"),
        ChangeEvent(ChangeKind.CRASH, NOW - 900, "pod iris-2-a", "OOMKilled", "pod status"),
        ChangeEvent(ChangeKind.RESTART, NOW - 895, "pod iris-2-b", "Completed, exit code 0", "pod status"),
        ChangeEvent(ChangeKind.ALERT, NOW - 400, "alert HighErrors", "fires (page): too many requests fail", "active alerts"),
    )


class Live:
    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.reader = Reader(self.clock)
        self.shown: list[bool] = []
        self.failures: list[Failure | None] = []
        self.known: SpanCharts | None = None
        self.asked: list[ChangeQuestion] = []
        self.drifting: Screen[None] | str = "no Prometheus in this environment"
        self.level = ServiceLevel(())
        self.happened: tuple[ChangeEvent, ...] = ()
        self.levels = 0
        """How often it was asked for."""

    async def service_level(self) -> ServiceLevel:
        self.levels += 1
        return self.level

    def what_changed(self, asked: ChangeQuestion) -> Screen[None]:
        self.asked.append(asked)
        return Screen()

    def show(self, shown: bool, failure: Failure | None) -> None:
        self.shown.append(shown)
        self.failures.append(failure)

    def screen(self) -> LiveScreen:
        subject = LiveSubject(
            "prod",
            "serving/iris",
            self.reader,
            lambda: CHANGES,
            self.show,
            self.known,
            what_changed=self.what_changed,
            drift=lambda: self.drifting,
            service_level=self.service_level,
            happened=lambda: self.happened,
        )
        return LiveScreen(subject, self.clock)


class Watched:
    def __init__(self, live: Live, app: Stage, pilot: Pilot[None]) -> None:
        self.live, self.app, self.pilot = live, app, pilot

    @property
    def text(self) -> str:
        return self.app.text()

    def line(self, part: str) -> str:
        return next(line for line in self.text.splitlines() if part in line)

    @property
    def asked(self) -> list[SpanQuery]:
        return self.live.reader.asked

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def passes(self, seconds: float) -> None:
        await self.live.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        await settle()
        await settled(self.pilot)


@asynccontextmanager
async def watched(live: Live | None = None, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Watched]:
    live = live or Live()
    async with stage(live.screen, size=size) as (app, pilot):
        found = Watched(live, app, pilot)
        await found.settle()
        yield found
