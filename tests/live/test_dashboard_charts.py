"""A dashboard's variables and panels: what is asked, in which order, and what a refusal leaves of the rest; every query of a file on a real
Prometheus."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modeldeck.domain.dashboards.dashboard import ALL, Dashboard, DashboardPanel, PanelQuery, Variable, VariableKind
from modeldeck.domain.dashboards.grafana_file import read_dashboard
from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import InvalidQuery, Unreachable
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live.clock import SystemClock
from modeldeck.live.dashboard_charts import MOST_LINES, VARIABLES_FRESH, DashboardQuery, DashboardReader
from modeldeck.sandbox.prometheus import installed
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.fakes.clock import FakeClock
from tests.support.ports import free_port

GRAFANA = Path(__file__).parents[1] / "support" / "grafana"
NAMESPACE = Variable("namespace", VariableKind.QUERY, "label_values(up, namespace)")
POD = Variable("pod", VariableKind.QUERY, 'label_values(up{namespace="$namespace"}, pod)', multi=True, include_all=True, current=(ALL,))


def panel(*exprs: str, legend: str = "{{pod}}", least_step: float = 0.0) -> DashboardPanel:
    return DashboardPanel("P", "", tuple(PanelQuery(expr, legend, least_step) for expr in exprs))


class Metrics:
    """Knows two pods; answers every range with one series a pod."""

    def __init__(self, pods: int = 2) -> None:
        self.scope = SeriesScope()
        self.asked: list[str] = []
        self.ranges: list[tuple[str, float, float, float]] = []
        self.pods = [f"iris-{index}" for index in range(pods)]
        self.refused: dict[str, Exception] = {}
        self.warnings: tuple[str, ...] = ()

    async def ping(self) -> str:
        return "3.0"

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append(promql)
        if promql in self.refused:
            raise self.refused[promql]
        labels = [{"namespace": "serving"}] if promql.startswith("count by (namespace)") else [{"pod": pod} for pod in self.pods]
        return Vector(tuple(Sample(one, 0.0, 1.0) for one in labels))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        self.ranges.append((promql, start, end, step))
        if promql in self.refused:
            raise self.refused[promql]
        return Matrix(tuple(Series({"pod": pod}, ((start, 1.0), (end, float(at)))) for at, pod in enumerate(self.pods)), self.warnings)

    async def samples(self, selector: str, *, seconds: int, at: float) -> Matrix:
        raise NotImplementedError

    async def metric_names(self) -> frozenset[str]:
        raise NotImplementedError


class World:
    def __init__(self, *panels: DashboardPanel, variables: tuple[Variable, ...] = (NAMESPACE, POD), pods: int = 2) -> None:
        self.metrics, self.clock = Metrics(pods), FakeClock()
        self.reader = DashboardReader(Dashboard("D", panels, variables), self.metrics, self.clock)


async def test_variables_are_asked_in_the_order_in_which_they_need_each_other() -> None:
    world = World(panel('up{namespace="$namespace",pod=~"$pod"}'), variables=(POD, NAMESPACE))
    found = await world.reader.read(DashboardQuery(1800.0, panels=(0,)))
    assert world.metrics.asked == ["count by (namespace) (up)", 'count by (pod) (up{namespace="serving"})']
    assert [(one.variable.name, one.options, one.chosen) for one in found.variables] == [
        ("pod", ("iris-0", "iris-1"), (ALL,)),
        ("namespace", ("serving",), ("serving",)),
    ]
    assert found.panels[0].promql == ('up{namespace="serving",pod=~"(iris-0|iris-1)"}',)
    assert [line.name for line in found.panels[0].lines] == ["iris-0", "iris-1"]


async def test_what_is_chosen_goes_into_the_queries() -> None:
    world = World(panel('up{pod=~"$pod"}'))
    found = await world.reader.read(DashboardQuery(1800.0, panels=(0,), chosen={"pod": ("iris-1",)}))
    assert found.panels[0].promql == ('up{pod=~"iris-1"}',)


async def test_only_panels_that_are_seen_are_asked() -> None:
    world = World(panel("a"), panel("b"), panel("c"), variables=())
    await world.reader.read(DashboardQuery(1800.0, panels=(1,)))
    assert [promql for promql, *_ in world.metrics.ranges] == ["b"]


async def test_variables_are_kept_for_a_while() -> None:
    world = World(panel("a"))
    query = DashboardQuery(1800.0, panels=(0,))
    for _ in range(3):
        await world.reader.read(query)
    assert len(world.metrics.asked) == 2
    world.clock.at += VARIABLES_FRESH + 1
    await world.reader.read(query)
    assert len(world.metrics.asked) == 4
    world.reader.forget()
    await world.reader.read(query)
    assert len(world.metrics.asked) == 6
    await world.reader.read(replace(query, chosen={"namespace": ("other",)}))
    assert len(world.metrics.asked) == 8


async def test_points_are_as_far_apart_as_the_columns_or_the_query_want() -> None:
    world = World(panel("rate(a[$__interval])", "b"), panel("rate(a[$__interval])", least_step=60.0), variables=())
    await world.reader.read(DashboardQuery(1800.0, columns=120, panels=(0, 1)))
    assert [(promql, step) for promql, _, _, step in world.metrics.ranges] == [("rate(a[15s])", 15.0), ("b", 15.0), ("rate(a[60s])", 60.0)]
    assert all(start % step == end % step == 0 for _, start, end, step in world.metrics.ranges)


async def test_a_query_that_is_refused_is_told_with_its_panel_and_the_rest_goes_on() -> None:
    world = World(panel("sum("), panel("b"), variables=())
    world.metrics.refused["sum("] = InvalidQuery("parse error")
    found = await world.reader.read(DashboardQuery(1800.0, panels=(0, 1)))
    assert (found.panels[0].trouble, found.panels[0].lines, len(found.panels[1].lines)) == ("parse error", (), 2)


async def test_a_prometheus_that_is_away_is_a_failure_of_all() -> None:
    world = World(panel("a"), variables=())
    world.metrics.refused["a"] = Unreachable("connection refused")
    with pytest.raises(Unreachable):
        await world.reader.read(DashboardQuery(1800.0, panels=(0,)))


async def test_a_panel_whose_variable_has_no_value_is_not_asked() -> None:
    circle = (
        Variable("a", VariableKind.QUERY, "label_values(up{x='$b'}, a)"),
        Variable("b", VariableKind.QUERY, "label_values(up{x='$a'}, b)"),
    )
    world = World(panel("up{a='$a'}"), panel("up{c='$c'}"), variables=(*circle, Variable("d", VariableKind.QUERY, "SELECT 1")))
    found = await world.reader.read(DashboardQuery(1800.0, panels=(0, 1)))
    assert world.metrics.ranges == []
    assert [found.panels[place].trouble for place in (0, 1)] == ["$a has no value", "$c is not known"]
    assert [one.trouble for one in found.variables] == [
        "it and others need each other's value",
        "it and others need each other's value",
        "its question has a form that is not known here",
    ]


async def test_more_series_than_can_be_told_apart_are_counted() -> None:
    world = World(panel("a"), variables=(), pods=23)
    found = (await world.reader.read(DashboardQuery(1800.0, panels=(0,)))).panels[0]
    assert (len(found.lines), found.more) == (MOST_LINES, 17)
    assert [line.name for line in found.lines] == [f"iris-{index}" for index in range(17, 23)], "the highest, in their own order"


async def test_titles_have_their_variables_put_in() -> None:
    world = World(replace(panel("a"), title="Of $pod in [[namespace]]"), replace(panel("a"), title="$what"))
    found = (await world.reader.read(DashboardQuery(1800.0, panels=(0, 1), chosen={"pod": ("iris-1",)}))).panels
    assert [found[place].title for place in (0, 1)] == ["Of iris-1 in serving", "$what"]


async def test_warnings_stay_with_their_panel() -> None:
    world = World(panel("a"), variables=())
    world.metrics.warnings = ("one store is away",)
    assert (await world.reader.read(DashboardQuery(1800.0, panels=(0,)))).panels[0].warnings == ("one store is away",)


# ── against a real one ──


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = installed.find()
    if binary is None:
        pytest.skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text(installed.configuration(folder / "targets.json"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(metrics_servers.command(binary, folder, port), stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.mark.parametrize("name", ["model_serving", "old"])
async def test_every_query_of_a_file_is_one_that_prometheus_reads(url: str, name: str) -> None:
    """With values that PromQL has to be told carefully. Nothing is there to be found: a refusal would be told as trouble."""
    dashboard = read_dashboard((GRAFANA / f"{name}.json").read_bytes())
    hard = ("10.0.0.1:80", "a(b)|c\\d", "e'f")
    variables = tuple(
        replace(one, kind=VariableKind.CUSTOM, query=hard[0] if not one.multi else ",".join(hard))
        if one.kind is VariableKind.QUERY
        else one
        for one in dashboard.variables
    )
    metrics = PrometheusMetrics(PrometheusTarget(url))
    query = DashboardQuery(1800.0, panels=tuple(range(len(dashboard.panels))))
    found = await DashboardReader(replace(dashboard, variables=variables), metrics, SystemClock()).read(query)
    troubles = {dashboard.panels[place].title: answer.trouble for place, answer in found.panels.items() if answer.trouble}
    asked = await DashboardReader(dashboard, metrics, SystemClock()).read(query)
    await metrics.aclose()
    assert troubles == ({"Regions": "$missing is not known"} if name == "model_serving" else {})
    assert sum(len(answer.promql) for answer in found.panels.values()) >= 2
    assert {one.trouble for one in asked.variables if one.variable.kind is VariableKind.QUERY} <= {
        "nothing answers to its question",
        "$namespace has no value",
    }
