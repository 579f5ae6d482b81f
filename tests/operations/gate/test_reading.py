"""From Prometheus' answers to what was measured: counts, failures, latency, and why one of them is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Measured
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.gate.asking import Answers, Ask, Unanswered
from modeldeck.operations.gate.looking import Pods
from modeldeck.operations.gate.queries import Side
from modeldeck.operations.gate.reading import measured, number

AT, WINDOW = 1000.0, 100
TIMES = tuple(float(at) for at in range(850, 1001, 10))
SERVER = Profile(
    "a server", ("requests_total",), latency=("seconds",), requests=(Counter("requests_total"),), errors=(Counter("failures"),)
)
AWAY = Unanswered(Trouble.UNREACHABLE, "refused")
BUCKETS = Vector((Sample({"le": "0.1"}, AT, 90.0), Sample({"le": "+Inf"}, AT, 100.0)))


def side(several: tuple[str, ...] = (), notes: tuple[str, ...] = (), **parts: Any) -> Side:
    profile = replace(SERVER, **parts)
    return Side(Scraped(profile, PodLabels(), several, notes=notes), Pods("serving", "iris-.*"), WINDOW, AT)


def counted(rate: float, *, since: float = 0.0, pod: str = "a") -> Series:
    """A counter that goes up by so much a second."""
    return Series({"pod": pod, "namespace": "serving"}, tuple((at, rate * (at - 850.0)) for at in TIMES if at >= since))


def up(*, since: float = 0.0) -> Series:
    return Series({"pod": "a", "namespace": "serving"}, tuple((at, 1.0) for at in TIMES if at >= since))


def answers(of: Side, *series: Series, failed: tuple[Series, ...] | Unanswered = (), there: bool = True, **given: Any) -> Answers:
    """Prometheus' answers about one version; what is `given` by its name is answered so."""
    found: dict[Ask, Vector | Matrix | Unanswered] = {of.started: Matrix(())}
    if of.counter is not None:
        found[of.samples(of.counter)] = Matrix(series)
    if of.errors is not None:
        found[of.samples(of.errors)] = failed if isinstance(failed, Unanswered) else Matrix(failed)
    found |= {ask: Matrix((up(),)) if there else Matrix(()) for ask in of.scrapes}
    found |= dict.fromkeys(of.latency, BUCKETS)
    for name, answer in given.items():
        asks = getattr(of, name)
        found |= dict.fromkeys(asks if isinstance(asks, tuple) else (asks,), answer)
    return Answers(found)


def of(about: Side, given: Answers) -> Measured:
    return measured(about, given, 10.0)


def test_requests_and_failures_are_counted_over_the_window() -> None:
    about = side()
    found = of(about, answers(about, counted(2.0), failed=(counted(0.5),)))
    assert (found.requests.value, found.failed.value, found.seconds, found.seen) == (200, 50, 100.0, 0.9)
    assert found.requests.query == 'sum(increase(requests_total{namespace="serving",pod=~"iris-.*"}[100s]))'
    assert found.failed.query == 'sum(increase(failures{namespace="serving",pod=~"iris-.*"}[100s]))'
    assert found.latency.value == ((0.1, 90.0), (float("inf"), 100.0))


def test_of_younger_pods_it_is_known_for_how_long_they_were_there() -> None:
    about = side()
    given = answers(about, counted(2.0, since=950.0), scrapes=Matrix((up(since=940.0),)))
    assert of(about, given).seconds == 60.0
    for since, seconds in ((998.5, 1.5), (999.5, 1.0)):
        young = replace(up(), points=((since, 1.0), (1000.0, 1.0)))
        assert of(about, answers(about, counted(2.0, since=999.0), scrapes=Matrix((young,)))).seconds == seconds
    none = of(about, answers(about, there=False))
    assert (none.requests.value, none.requests.trouble, none.requests.message) == (None, Trouble.NO_DATA, "no requests counted yet")
    assert (none.seconds, none.failed.message) == (100.0, "no requests counted yet")


def test_failures_that_are_counted_apart_are_requests_too() -> None:
    about = side(errors_apart=True)
    found = of(about, answers(about, counted(2.0), failed=(counted(0.5),)))
    assert (found.requests.value, found.failed.value) == (250, 50)
    assert found.requests.query == f"({about.total(SERVER.requests[0])} + {about.total(SERVER.errors[0])})"
    away = of(about, answers(about, counted(2.0), failed=AWAY))
    assert (away.requests.trouble, away.failed.trouble) == (Trouble.UNREACHABLE, Trouble.UNREACHABLE), "then neither is known"
    together = side()
    away = of(together, answers(together, counted(2.0), failed=AWAY))
    assert (away.requests.value, away.failed.value, away.failed.message) == (200, None, "refused")


@pytest.mark.parametrize("missing", ["counter", "up"])
def test_what_is_not_answered_is_not_known(missing: str) -> None:
    about = side()
    given = answers(about, counted(2.0), scrapes=AWAY) if missing == "up" else answers(about, counted(2.0))
    if missing == "counter":
        assert about.counter is not None
        given.given[about.samples(about.counter)] = AWAY
    found = of(about, given)
    for measure in (found.requests, found.failed):
        assert (measure.value, measure.trouble, measure.message) == (None, Trouble.UNREACHABLE, "refused")
    assert found.requests.query == about.total(SERVER.requests[0])
    assert found.seconds == 100.0
    assert found.latency.value is not None


def test_what_a_server_does_not_export_is_told_by_its_name() -> None:
    about = side(requests=(), errors=(), latency=(), predictions="")
    found = of(about, answers(about))
    message = [measure.message for measure in (found.requests, found.failed, found.latency, found.predictions)]
    assert message == [
        "a server exports no counter of requests here",
        "a server exports no counter of requests here",
        "a server exports no histogram of latency here",
        "a server exports no histogram of predicted values here",
    ]
    assert {measure.trouble for measure in (found.requests, found.failed, found.latency)} == {Trouble.NO_METRIC}
    assert found.seen == 0.9, "but for one scrape, as is believed"


def test_failures_that_nobody_counts() -> None:
    about = side(errors=())
    found = of(about, answers(about, counted(2.0)))
    assert (found.requests.value, found.failed.trouble) == (200, Trouble.NO_METRIC)
    assert found.failed.message == "a server exports no counter of failed requests here"
    noted = side(errors=(), notes=("the labels do not tell failed requests apart", "more"))
    assert of(noted, answers(noted, counted(2.0))).failed.message == "the labels do not tell failed requests apart"
    quiet = of(about, answers(about))
    assert (quiet.failed.trouble, quiet.failed.message) == (Trouble.NO_DATA, "no requests counted yet"), "nobody can tell yet"


def test_a_counter_that_leaves_failures_out_proves_nothing_by_none() -> None:
    about = side(errors=(Counter("failures", blind_to="what a script returns"),))
    found = of(about, answers(about, counted(2.0), failed=(counted(0.0),)))
    assert (found.failed.value, found.failed.trouble) == (None, Trouble.NO_METRIC)
    assert found.failed.message == "no failure was counted, which proves nothing: what a script returns"
    some = of(about, answers(about, counted(2.0), failed=(counted(0.5),)))
    assert (some.failed.value, some.failed.warnings) == (50, ("not counted: what a script returns",))


def test_what_is_summed_though_it_does_not_belong_together_is_doubtful() -> None:
    about = side(("two clusters",), predictions="predicted")
    found = of(about, answers(about, counted(2.0), predictions=BUCKETS))
    assert [each.warnings for each in (found.requests, found.failed, found.latency, found.predictions)] == [("two clusters",)] * 4


def test_the_histograms_unit_is_told_in_seconds_and_that_of_predictions_is_their_own() -> None:
    about = side(latency_scale=0.001, predictions="predicted")
    found = of(about, answers(about, counted(2.0), predictions=BUCKETS))
    assert found.latency.value is not None
    assert found.predictions.value is not None
    assert [value[0][0] for value in (found.latency.value, found.predictions.value)] == pytest.approx([0.0001, 0.1])


def probed(whole: float, requests: Series | None = None, **parts: Any) -> tuple[Side, Answers]:
    """A histogram that counts so many a second, probes included."""
    about = side(latency_of_all="seconds", **parts)
    series = (requests or counted(2.0),) if requests is None or requests.points else ()
    return about, answers(about, *series, whole=Matrix((counted(whole),)))


def test_what_a_histogram_counts_beyond_the_requests_are_probes_in_its_lowest_bucket() -> None:
    found = of(*probed(4.0)).latency
    assert [count for _, count in found.value or ()] == pytest.approx([40.0, 50.0])
    assert found.message == "50 probes left out"
    most = of(*probed(40.0)).latency
    assert [count for _, count in most.value or ()] == pytest.approx([0.0, 5.0]), "never less than none"


@pytest.mark.parametrize("whole", [2.0, 1.0, 0.0])
def test_a_histogram_of_no_more_than_the_requests_is_left_as_it_is(whole: float) -> None:
    found = of(*probed(whole)).latency
    assert (found.value, found.message) == (((0.1, 90.0), (float("inf"), 100.0)), "")


def test_without_a_counted_request_all_that_is_counted_are_probes_where_a_counter_would_tell() -> None:
    silent = Series({}, ())
    assert of(*probed(4.0, silent)).latency.value == ((0.1, 0.0), (float("inf"), 0.0))
    assert of(*probed(4.0, silent, errors=())).latency.value == ((0.1, 90.0), (float("inf"), 100.0))


def test_where_probes_cannot_be_told_the_latency_is_not_known() -> None:
    about, given = probed(4.0)
    given.given.update(dict.fromkeys(about.whole, AWAY))
    found = of(about, given).latency
    assert (found.value, found.trouble, found.message) == (None, Trouble.UNREACHABLE, "refused")
    assert found.query == about.latency[0].promql
    unasked = answers(about, counted(2.0), latency=AWAY)
    assert of(about, unasked).latency.message == "refused"


def test_how_much_of_the_window_was_seen() -> None:
    about = side()
    rarely = Series({"pod": "a", "namespace": "serving"}, counted(2.0).points[1::2])
    assert of(about, answers(about, rarely)).seen == 0.8, "but for what comes after the last scrape"
    assert of(about, answers(about, there=False)).seen == 0.0
    assert about.counter is not None
    given = answers(about)
    given.given[about.samples(about.counter)] = AWAY
    assert of(about, given).seen == 0.9
    assert measured(about, given, 500.0).seen == 0.0


def test_a_query_of_ones_own() -> None:
    one = Ask("mine", AT)
    assert number(one, Answers({one: Vector((Sample({}, AT, 3.0),))})).value == 3.0
    away = number(one, Answers({one: AWAY}))
    assert (away.value, away.trouble, away.message, away.query) == (None, Trouble.UNREACHABLE, "refused", "mine")
    several = number(one, Answers({one: Vector((Sample({}, AT, 3.0), Sample({}, AT, 4.0)))}))
    assert several.trouble is Trouble.SEVERAL_SERIES
