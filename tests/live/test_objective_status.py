"""How a deployment stands against its objective, asked of a past of our choosing; tests/conformance asks a real Prometheus."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.objectives.burn import Standing
from modeldeck.domain.objectives.objective import DAY, LatencyTarget, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus
from modeldeck.live.objective_status import objective_status
from tests.support.history import LATENCY, NOW, SLOW, History

FASTAPI = BUILT_IN["fastapi"]
COUNTED = replace(
    FASTAPI,
    latency=("http_request_duration_highr_seconds",),
    requests=FASTAPI.requests[:1],
    errors=tuple(replace(one, matchers='status="5xx"', status=()) for one in FASTAPI.errors[:1]),
)
SCRAPED = Scraped(COUNTED, PodLabels())
WHERE = 'namespace="serving",pod=~"iris-.*"'
PROMISED = Objective(0.95, LatencyTarget(0.25, 0.9))


async def status(past: History, objective: Objective = PROMISED, scraped: Scraped | None = SCRAPED) -> ObjectiveStatus:
    return await objective_status("serving/iris", objective, scraped, WHERE, past)


async def both(
    past: History, objective: Objective = PROMISED, scraped: Scraped | None = SCRAPED
) -> tuple[IndicatorStatus, IndicatorStatus]:
    availability, latency = (await status(past, objective, scraped)).indicators
    return availability, latency


@pytest.fixture
def past() -> History:
    """A quarter of an hour of two pods, whose requests fail once in a hundred, and are slow never."""
    found = History()
    for pod in ("iris-a", "iris-b"):
        found.fastapi(pod, errors=0.01)
    return found


async def test_budget_and_burn_rates(past: History) -> None:
    availability, latency = await both(past)
    assert availability.budget.count is not None
    assert availability.budget.count.requests == pytest.approx(3600, rel=0.02)
    assert availability.budget.left == pytest.approx(0.8, abs=0.01)
    assert [one.long for one in availability.burns] == pytest.approx([0.2] * 4, abs=0.01)
    assert {one.standing for one in (*availability.burns, *latency.burns)} == {Standing.OK, Standing.UNREACHABLE}
    assert latency.bound == 0.25
    assert latency.budget.left == pytest.approx(1.0)


async def test_it_covers_what_there_are_data_of(past: History) -> None:
    found = await status(past)
    assert found.covered == pytest.approx(900, abs=60)
    assert not found.covers_all
    past.fastapi("iris-c", start=int(1.2 * DAY), end=int(0.2 * DAY))
    found = await status(past, replace(PROMISED, window=DAY))
    assert found.covered == pytest.approx(0.8 * DAY + 900, rel=0.02)


async def test_a_whole_window(past: History) -> None:
    past.fastapi("iris-old", start=int(1.1 * DAY))
    found = await status(past, replace(PROMISED, window=DAY))
    assert found.covers_all
    assert found.covered == DAY


async def test_all_is_asked_of_one_moment_by_the_clock_of_prometheus(past: History) -> None:
    found = await status(past)
    assert found.at == NOW
    assert {at for promql, at in past.asked if promql != "1"} == {NOW}
    assert found.queries.keys() == {"requests", "failed", "latency"}
    assert all("[2592000s]" in promql for promql in found.queries.values())


async def test_a_rule_that_looks_further_back_than_the_objective_is_none_of_it(past: History) -> None:
    availability, _ = await both(past, replace(PROMISED, window=2 * DAY))
    assert [one.rule.long for one in availability.burns] == [3600, 6 * 3600, DAY]


async def test_what_burns() -> None:
    past = History()
    past.fastapi("iris-a", errors=0.5, latency=SLOW)
    availability, latency = await both(past, Objective(0.99, LatencyTarget(0.25, 0.99)))
    assert availability.budget.standing is Standing.BREACHED
    assert availability.budget.left == pytest.approx(-49, abs=0.5)
    assert {one.standing for one in (*availability.burns, *latency.burns)} == {Standing.BREACHED}


async def test_no_bound_at_the_threshold_is_told(past: History) -> None:
    _, latency = await both(past, Objective(0.9, LatencyTarget(0.2, 0.9)))
    assert latency.bound == 0.1
    assert "no bucket ends at 200 ms: what took more than 100 ms counts as slow" in latency.notes
    assert latency.budget.count is not None
    assert latency.budget.count.bad / latency.budget.count.requests == pytest.approx(0.02, abs=0.002)


async def test_below_the_lowest_bound_nothing_is_known(past: History) -> None:
    _, latency = await both(past, Objective(0.9, LatencyTarget(0.01, 0.9)))
    assert latency.not_known.startswith("no bucket of the histogram ends at or below 10 ms")
    assert (latency.budget.left, latency.burns) == (None, ())


async def test_without_data_nothing_is_burnt() -> None:
    for one in await both(History()):
        assert (one.budget.standing, one.budget.left) == (Standing.NO_DATA, None)
        assert {burn.standing for burn in one.burns} <= {Standing.NO_DATA, Standing.UNREACHABLE}


@pytest.mark.parametrize(
    ("scraped", "why"),
    [
        (None, "its pods export no metrics of a known model server"),
        (replace(SCRAPED, mixed=True, several=("series with cluster a, b are summed",)), "series with cluster a, b are summed"),
        (Scraped(COUNTED, PodLabels("instance", "", by_address=True)), "its pods are known by their addresses alone"),
    ],
)
async def test_what_cannot_be_counted_says_why_and_asks_nothing(past: History, scraped: Scraped | None, why: str) -> None:
    for one in await both(past, scraped=scraped):
        assert one.not_known.startswith(why)
    assert past.asked == []


async def test_a_server_without_a_counter_of_failures_or_a_histogram(past: History) -> None:
    bare = Scraped(
        Profile("Triton", (), requests=COUNTED.requests), PodLabels(), notes=("Triton exports no counter of failed requests here",)
    )
    availability, latency = await both(past, scraped=bare)
    assert availability.not_known == "Triton exports no counter of failed requests here"
    assert latency.not_known == "Triton exports no histogram of latency here"


async def test_sums_of_several_clusters_are_never_well(past: History) -> None:
    availability, latency = await both(past, scraped=replace(SCRAPED, several=("series with cluster a, b are summed",)))
    assert {availability.budget.standing, latency.budget.standing} == {Standing.INSUFFICIENT}
    assert "series with cluster a, b are summed" in availability.notes


async def test_warnings_make_it_doubtful(past: History) -> None:
    past.warnings = ("a store did not answer",)
    for one in await both(past):
        assert one.budget.standing is Standing.INSUFFICIENT


async def test_a_stand_in_cannot_tell_what_series_begin_with(past: History) -> None:
    availability, _ = await both(past)
    assert "failed requests that a series begins with are not counted: this Prometheus cannot tell them" in availability.notes


async def test_probes_in_the_histogram_are_told(past: History) -> None:
    _, latency = await both(past)
    assert "its histogram has no label of the path: probes are among the requests" in latency.notes
    assert LATENCY[2] == (0.25, 1.0)


async def test_a_question_that_is_not_answered_is_a_failure(past: History) -> None:
    past.failure = Unreachable("gone")
    with pytest.raises(Unreachable):
        await status(past)
