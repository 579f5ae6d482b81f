"""What pods state of the version that they serve: of those that are there now, and whether those before them stated any."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.stated import Stated, Statements
from tests.operations.conftest import Bench
from tests.operations.execution.steps.test_done import run_of
from tests.support.fakes.metrics import FASTAPI, FakeMetrics
from tests.support.fakes.traps import Traps

Labels = dict[str, str]
PATCHED, STARTED = 1_700_000_050.0, 1_700_000_020.0


class Stating(FakeMetrics):
    """`before` and `now` are the series of every metric then; `found` is what is told of how the pods are scraped."""

    def __init__(self, traps: Traps) -> None:
        super().__init__(traps)
        self.before: list[Labels] = []
        self.now: list[Labels] = []
        self.found: list[Labels] = []
        self.names = {"model_info"}

    async def metric_names(self) -> frozenset[str]:
        self.traps.enter("metric_names")
        return frozenset(self.names)

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.asked.append((promql, at))
        self.traps.enter("query")
        if promql.startswith("count by (__name__"):
            meant = [one for one in self.found if any(f',{label}=~"iris-' in promql for label in one)]
            return Vector(tuple(Sample({**exported, **one}, 0.0, 1.0) for exported in FASTAPI for one in meant))
        return Vector(tuple(Sample(one, 0.0, 1.0) for one in (self.now if at is None else self.before)))

    @property
    def questions(self) -> list[tuple[str, float | None]]:
        return [asked for asked in self.asked if not asked[0].startswith("count by (__name__")]

    @property
    def looks(self) -> list[float | None]:
        return [at for promql, at in self.asked if promql.startswith("count by (__name__")]


class Asking:
    def __init__(self, bench: Bench, run: Execution, fleet: Fleet) -> None:
        self.bench, self.run, self.fleet = bench, run, fleet
        self.metrics = bench.fake.metrics = Stating(bench.fake.traps)
        bench.fake.measured = True
        self.run.clients = bench.fake.clients
        self.asked = Statements(run)

    def set_target(self, **parts: Any) -> None:
        self.run.plan = replace(self.run.plan, targets=(replace(self.run.target, **parts),))

    def patched(self, at: float | None, addresses: Sequence[PodAddress] = ()) -> None:
        """When its pods began to change, and the addresses that were noted then."""
        steps = tuple(
            replace(step, started_at=at, addresses=tuple(addresses)) if step.name is StepName.PATCH_TEMPLATE else step
            for step in self.run.now.steps
        )
        self.run.operation = replace(self.run.now, steps=steps, started_at=STARTED)

    def series(self, pod: str, version: str = "1", **parts: str) -> Labels:
        return {"namespace": "serving", "pod": pod, "model": "iris", "version": version, **parts}

    async def __call__(self) -> Stated:
        return await self.asked.now(self.fleet)


@pytest.fixture
async def asking(bench: Bench) -> Asking:
    run = await run_of(bench, StepName.VERIFY)
    made = Asking(bench, run, await bench.fake.cluster.fleet(("serving",)))
    made.patched(PATCHED)
    assert run.target.serving_sets == ("iris-0",)
    return made


async def test_each_pod_states_its_own_now(asking: Asking) -> None:
    one, other = sorted(pod.name for pod in asking.fleet.pods)
    asking.metrics.now = [asking.series(one, "2"), asking.series(other, "3"), asking.series("iris-0-gone1")]
    found = await asking()
    assert {pod: said.version("iris") for pod, said in found.by_pod.items()} == {f"serving/{one}": "2", f"serving/{other}": "3"}
    assert (found.expected, found.failure) == (False, ""), "those before stated none"


async def test_both_times_are_asked_about_by_the_pods_names(asking: Asking) -> None:
    await asking()
    where = 'model_info{namespace="serving",pod=~"iris-[a-z0-9]+-[a-z0-9]{5}"}'
    assert asking.metrics.questions == [(where, PATCHED), (where, None)]


@pytest.mark.parametrize("patched", [True, False])
async def test_before_is_when_its_pods_began_to_change_or_it_began(asking: Asking, patched: bool) -> None:
    asking.patched(PATCHED if patched else None)
    await asking()
    assert asking.metrics.questions[0][1] == (PATCHED if patched else STARTED)


@pytest.mark.parametrize(
    ("pod", "parts", "expected"),
    [
        ("iris-0-abcde", {}, True),
        ("iris-0-abcde", {"version": "v7"}, True),
        ("iris-0-abcde", {"version": "latest"}, False),
        ("iris-0-abcde", {"model": "wine"}, False),
        ("iris-00-abcde", {}, False),
        ("iris-1-abcde", {}, False),
    ],
)
async def test_it_is_expected_where_pods_that_served_stated_a_version_of_the_model(
    asking: Asking, pod: str, parts: Labels, expected: bool
) -> None:
    asking.metrics.before = [{**asking.series(pod), **parts}]
    assert (await asking()).expected is expected


async def test_any_of_them_will_do_and_of_any_set_that_served(asking: Asking) -> None:
    asking.metrics.before = [asking.series("iris-9-abcde"), asking.series("iris-0-abcde", "latest"), asking.series("iris-8-abcde")]
    asking.set_target(serving_sets=("iris-0", "iris-8"))
    assert (await asking()).expected


async def test_of_no_set_that_served_nothing_is_expected(asking: Asking) -> None:
    asking.metrics.before = [asking.series("iris-0-abcde")]
    asking.set_target(serving_sets=())
    assert not (await asking()).expected


async def test_what_cannot_change_is_asked_once(asking: Asking) -> None:
    asking.metrics.before = [asking.series("iris-0-abcde")]
    asking.metrics.found = [{"namespace": "serving", "pod": "iris-0-abcde"}]
    for _ in range(3):
        assert (await asking()).expected
    assert asking.bench.fake.traps.calls.count("metric_names") == 1
    assert [at for _, at in asking.metrics.questions] == [PATCHED, None, None, None]
    assert asking.metrics.looks == [PATCHED], "how they are scraped was found with the pods before"


async def test_how_they_are_scraped_is_looked_for_until_it_is_found(asking: Asking) -> None:
    asking.bench.clock.at += 100.0
    await asking()
    assert set(asking.metrics.looks) == {PATCHED, asking.bench.fake.clock.now()}
    seen = len(asking.metrics.looks)
    asking.metrics.found = [{"kubernetes_namespace": "serving", "kubernetes_pod_name": "iris-0-abcde"}]
    one = next(pod.name for pod in asking.fleet.pods)
    asking.metrics.now = [{"kubernetes_namespace": "serving", "kubernetes_pod_name": one, "model": "iris", "version": "2"}]
    found = await asking()
    assert len(asking.metrics.looks) > seen
    assert found.by_pod[f"serving/{one}"].version("iris") == "2"
    assert asking.metrics.questions[-1][0].startswith('model_info{kubernetes_namespace="serving",kubernetes_pod_name=~')


async def test_where_nothing_states_a_version_nothing_is_asked(asking: Asking) -> None:
    asking.metrics.names = {"http_requests_total"}
    found = await asking()
    assert (dict(found.by_pod), found.expected, found.failure) == ({}, False, "")
    assert asking.metrics.asked == []


async def test_the_configuration_may_name_what_states_it(asking: Asking) -> None:
    asking.metrics.names = set()
    environment = replace(asking.bench.fake.environment, patterns=LinkPatterns(versions=(("build_info", "release"),)))
    asking.run.clients = replace(asking.run.clients, environment=environment)
    one = next(pod.name for pod in asking.fleet.pods)
    asking.metrics.now = [{"namespace": "serving", "pod": one, "release": "2"}]
    assert (await asking()).by_pod[f"serving/{one}"].version("iris") == "2"


NOTED = (PodAddress("serving/iris-0-abcde", "10.0.0.7"), PodAddress("serving/iris-0-fghij", "10.0.0.8:9000"))


@pytest.mark.parametrize(
    ("instance", "expected"),
    [("10.0.0.7:8080", True), ("10.0.0.8:9000", True), ("10.0.0.8:9001", False), ("10.0.0.9:8080", False), ("", False)],
)
async def test_by_address_alone_those_count_that_were_noted_then(asking: Asking, instance: str, expected: bool) -> None:
    asking.metrics.scope = SeriesScope(instance="instance")
    asking.patched(PATCHED, NOTED)
    asking.metrics.before = [{"instance": instance, "model": "iris", "version": "1"}]
    assert (await asking()).expected is expected
    assert asking.metrics.questions[0][0] == 'model_info{instance=~"(10\\\\.0\\\\.0\\\\.7)(:[0-9]+)?|10\\\\.0\\\\.0\\\\.8\\\\:9000"}'


async def test_by_address_alone_those_state_it_that_have_them_now(asking: Asking) -> None:
    asking.metrics.scope = SeriesScope(instance="instance")
    one, other = asking.fleet.pods
    pods = (replace(one, ip="10.0.0.1"), replace(other, ip="10.0.0.2"))
    asking.fleet = replace(asking.fleet, pods=pods)
    asking.metrics.now = [{"instance": "10.0.0.2:8080", "model": "iris", "version": "2"}]
    assert set((await asking()).by_pod) == {f"serving/{other.name}"}
    assert asking.metrics.questions[-1][0] == 'model_info{instance=~"(10\\\\.0\\\\.0\\\\.1|10\\\\.0\\\\.0\\\\.2)(:[0-9]+)?"}'


async def test_pods_of_other_deployments_are_not_asked_about(asking: Asking) -> None:
    asking.metrics.scope = SeriesScope(instance="instance")
    for name in ("adder", "wine"):
        asking.bench.fake.cluster.add("serving", name, [{"name": "server", "image": "a", "env": []}])
    fleet = await asking.bench.fake.cluster.fleet(("serving",))
    asking.fleet = replace(fleet, pods=tuple(replace(pod, ip=f"10.0.0.{number}") for number, pod in enumerate(fleet.pods)))
    await asking()
    assert asking.metrics.questions[-1][0].count("10\\\\.") == 2


async def test_that_it_is_expected_is_known_still_where_nothing_answers(asking: Asking) -> None:
    asking.metrics.before = [asking.series("iris-0-abcde")]
    await asking()
    asking.bench.fake.traps.fail("query", Unreachable("refused", backend="Prometheus"), times=10**6)
    found = await asking()
    assert (dict(found.by_pod), found.expected, found.failure) == ({}, True, "Prometheus: refused")


async def test_where_nothing_is_known_yet_nothing_is_expected(asking: Asking) -> None:
    asking.bench.fake.traps.fail("metric_names", Unreachable("refused", backend="Prometheus"))
    found = await asking()
    assert (dict(found.by_pod), found.expected, found.failure) == ({}, False, "Prometheus: refused")
    asking.metrics.before = [asking.series("iris-0-abcde")]
    assert (await asking()).expected, "it is asked again"


async def test_without_prometheus_there_is_nobody_to_ask(asking: Asking) -> None:
    asking.run.clients = replace(asking.run.clients, metrics=None)
    found = await asking()
    assert (dict(found.by_pod), found.expected, found.failure) == ({}, False, "no Prometheus is configured")


async def test_one_that_hangs_is_waited_for_five_seconds(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float | None] = []
    timeout = asyncio.timeout

    def noted(seconds: float | None) -> asyncio.Timeout:
        given.append(seconds)
        return timeout(0.0)

    async def hangs() -> frozenset[str]:
        await asyncio.Event().wait()
        return frozenset()

    asking.metrics.metric_names = hangs  # type: ignore[method-assign]
    monkeypatch.setattr(asyncio, "timeout", noted)
    found = await asking()
    assert (given, found.failure) == ([5.0], "Prometheus has not answered in 5 s")
