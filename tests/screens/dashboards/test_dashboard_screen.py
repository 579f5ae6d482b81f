"""The page of a dashboard on answers of our own and a clock that only moves when told."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from modeldeck.domain.dashboards.dashboard import ALL, Dashboard
from modeldeck.domain.dashboards.grafana_file import read_dashboard
from modeldeck.domain.failures import Failure, Malformed, Unreachable
from modeldeck.live.dashboard_charts import DashboardCharts, DashboardQuery, KnownVariable, PanelAnswer, PanelLine
from modeldeck.screens.dashboards.dashboard_screen import DashboardScreen, DashboardSubject, PanelsReader, promql_lines, toggled
from tests.support import sample
from tests.support.clocks import FakeClock, settle
from tests.support.eventually import eventually
from tests.support.staging import Stage, settled, stage

NOW = sample.NOW
GRAFANA = Path(__file__).parents[2] / "support" / "grafana"
DASHBOARD = read_dashboard((GRAFANA / "model_serving.json").read_bytes())
OLD = read_dashboard((GRAFANA / "old.json").read_bytes())
OPTIONS = {
    "namespace": ("serving", "staging"),
    "pod": ("iris-1", "iris-2"),
    "quantile": ("0.5", "0.99"),
    "window": ("1m", "5m"),
    "job": ("a",),
}
FIRST = {"namespace": ("serving",), "pod": (ALL,), "quantile": ("0.99",), "window": ("1m",), "job": ("a",)}


class Panels:
    """Answers each panel with two waves, and remembers what it was asked."""

    def __init__(self, dashboard: Dashboard, clock: FakeClock, asked: list[DashboardQuery], failure: Failure | None = None) -> None:
        self.dashboard, self.clock, self.asked, self.failure = dashboard, clock, asked, failure
        self.forgotten = 0

    def forget(self) -> None:
        self.forgotten += 1

    async def read(self, query: DashboardQuery) -> DashboardCharts:
        self.asked.append(query)
        if self.failure is not None:
            raise self.failure
        end = self.clock.now() // 15.0 * 15.0 if query.end is None else query.end
        start = end - query.window
        variables = tuple(
            KnownVariable(one, OPTIONS[one.name], query.chosen.get(one.name, FIRST[one.name])) for one in self.dashboard.variables
        )
        answers = {place: self._answer(place, start, end) for place in query.panels}
        return DashboardCharts(query, start, end, end, 15.0, variables, answers)

    def _answer(self, place: int, start: float, end: float) -> PanelAnswer:
        if place == 3:
            return PanelAnswer(title="Regions", trouble="$missing is not known")
        times = [start + 15.0 * index for index in range(int((end - start) / 15.0) + 1)]
        waves = tuple(
            PanelLine(f"iris-{number}", tuple((at, (1.5 + math.sin(at / 300.0 + number)) * (place + 1)) for at in times))
            for number in (1, 2)
        )
        warnings = ("PromQL warning: one store is away",) if place == 2 else ()
        return PanelAnswer(
            waves, self.dashboard.panels[place].title.replace("$quantile", "0.99"), (f"query_{place}",), warnings, more=3 * (place == 0)
        )


class Page:
    def __init__(self, *, failure: Failure | None = None) -> None:
        self.clock = FakeClock(NOW)
        self.asked: list[DashboardQuery] = []
        self.shown: list[bool] = []
        self.failure = failure
        self.opened: list[str] = []

    def open(self, file: str) -> PanelsReader:
        self.opened.append(file)
        if file == "broken.json":
            raise Malformed("broken.json:3: it is not JSON", hint="export it")
        return Panels(OLD if file == "old.json" else DASHBOARD, self.clock, self.asked, self.failure)

    def screen(self) -> DashboardScreen:
        files = ("serving.json", "old.json", "broken.json")
        return DashboardScreen(DashboardSubject("prod", files, self.open, self.shown.append), self.clock)


class Watched:
    def __init__(self, page: Page, app: Stage, pilot: Pilot[None]) -> None:
        self.page, self.app, self.pilot = page, app, pilot

    @property
    def text(self) -> str:
        return self.app.text()

    @property
    def asked(self) -> list[DashboardQuery]:
        return self.page.asked

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await settle()
        await settled(self.pilot)

    async def shows(self, part: str) -> None:
        """Waits for it: files are opened on a thread."""

        def there() -> bool:
            return part in self.text

        await eventually(there)
        await settled(self.pilot)


@asynccontextmanager
async def watched(page: Page | None = None, *, size: tuple[int, int] = (120, 40), until: str = "iris-1") -> AsyncIterator[Watched]:
    page = page or Page()
    async with stage(page.screen, size=size) as (app, pilot):
        found = Watched(page, app, pilot)
        await found.shows(until)
        yield found


async def test_panels_stand_with_their_rows_values_and_troubles() -> None:
    async with watched() as page:
        assert "Model serving · last 30 m" in page.text
        assert "panels 1–4 of 4 · 10 notes" in page.text
        assert "Traffic / Requests by pod" in page.text
        assert "and 3 more" in page.text
        assert "Latency / Latency 0.99" in page.text
        assert "$missing is not known" in page.text
        assert "Namespace serving  Pod All  quantile 0.99  window 1m" in page.text
        assert "! PromQL warning: one store is away" in page.text
        assert page.page.shown == [False]


async def test_only_panels_that_are_seen_are_asked_and_j_leads_on() -> None:
    async with watched(size=(80, 24)) as page:
        assert [query.panels for query in page.asked if query.panels] == [(0, 1)]
        assert "panels 1–2 of 4" in page.text
        await page.press("j", "j", "j")
        assert page.asked[-1].panels == (2, 3)
        assert "$missing is not known" in page.text
        await page.press("k")
        assert page.asked[-1].panels == (1, 2)


async def test_a_value_is_chosen_and_asked_with() -> None:
    async with watched() as page:
        await page.press("v")
        assert "Namespace" in page.text
        await page.press("enter")
        await page.press("down", "enter")
        assert page.asked[-1].chosen == {"namespace": ("staging",)}
        assert "Namespace staging" in page.text


async def test_the_cursor_reads_all_panels_and_escape_leaves_it_first() -> None:
    async with watched() as page:
        before = page.text
        await page.press("left", "left")
        assert page.text != before
        assert "│ " in page.text.splitlines()[1]
        await page.press("escape")
        assert page.app.chosen == "nothing yet"
        await page.press("escape")
        assert page.app.chosen is None
        assert page.page.shown == [False, True]


async def test_window_pan_and_pause() -> None:
    async with watched() as page:
        await page.press("plus")
        assert page.asked[-1].window == 3600.0
        await page.press("left_square_bracket")
        assert page.asked[-1].end is not None
        assert "paused" in page.text
        await page.press("n")
        assert page.asked[-1].end is None


async def test_what_is_not_shown_is_told_by_panel() -> None:
    async with watched() as page:
        await page.press("u")
        assert "Latency buckets: a panel of the type heatmap" in page.text
        assert "Log lines: its data are from loki" in page.text


async def test_the_queries_in_full() -> None:
    async with watched() as page:
        await page.press("Q")
        assert "query_0" in page.text
        assert "$missing is not known" in page.text


async def test_another_file_and_a_broken_one() -> None:
    async with watched() as page:
        await page.press("B", "down", "enter")
        await page.shows("Process metrics")
        assert page.page.opened == ["serving.json", "old.json"]
        await page.press("B", "down", "enter")
        await page.shows("broken.json:3: it is not JSON")


async def test_a_prometheus_that_is_away_is_told() -> None:
    async with watched(Page(failure=Unreachable("connection refused", backend="Prometheus")), until="connection refused") as page:
        assert "unavailable" in page.text


@pytest.mark.parametrize(
    ("multi", "chosen", "value", "after"),
    [
        (False, ("a",), "b", ("b",)),
        (True, ("a",), "b", ("a", "b")),
        (True, ("a", "b"), "b", ("a",)),
        (True, ("a",), "a", ("a",)),
        (True, (ALL,), "b", ("b",)),
        (True, ("a",), ALL, (ALL,)),
    ],
)
def test_of_a_variable_with_several_values_one_comes_to_the_others(
    multi: bool, chosen: tuple[str, ...], value: str, after: tuple[str, ...]
) -> None:
    variable = next(one for one in DASHBOARD.variables if one.multi is multi)
    assert toggled(KnownVariable(variable, ("a", "b"), chosen), value) == after


def test_queries_stand_below_their_panel() -> None:
    charts = DashboardCharts(DashboardQuery(1.0), 0.0, 1.0, 1.0, 1.0, (), {0: PanelAnswer(promql=("a\n+ b",))})
    assert ["".join(cell.text for cell in line).rstrip() for line in promql_lines(DASHBOARD, charts)] == ["Requests by pod", "  a", "  + b"]
