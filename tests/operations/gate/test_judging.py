"""Judgements on a past of our choosing: a case for each verdict, and for what must not be taken for a number."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Faulty, Forbidden, InvalidQuery, Malformed, NotFound, Rejected, TimedOut, Unreachable
from modeldeck.domain.gates import Decision, Gate, GateVerdict, Judgement, Op, QueryCriterion, decide
from modeldeck.domain.gates.judgement import CriterionResult, Trouble
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.gate import Baseline, GateTarget, judge, judgement_json
from modeldeck.operations.gate.judging import examine, window_of
from modeldeck.operations.gate.queries import BEFORE
from tests.support.history import NOW, SLOW, History

OLD, NEW = "iris-5d4f8c7b9", "iris-7c9d8f6b5"
TARGET = GateTarget("serving", "iris", (NEW,), (OLD,), NOW - 400.0, model="iris", version="4")
PASS, FAIL, INSUFFICIENT, ERROR = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT, GateVerdict.ERROR
GATE = Gate(max_p99=0.5)


def clients(**new: object) -> History:
    """Two pods of the version before, until 400 s ago, and two of the new one since then."""
    history = History()
    for pod in ("abcde", "fghij"):
        history.fastapi(f"{OLD}-{pod}", start=1800, end=390)
        history.fastapi(f"{NEW}-{pod}", **{"start": 405, **new})  # type: ignore[arg-type]
    return history


async def judged(history: History | None, gate: Gate = GATE, target: GateTarget = TARGET, *, elapsed: float | None = 360.0) -> Judgement:
    return await judge(gate, target, history, now=float(NOW), elapsed=elapsed)


def named(judgement: Judgement) -> dict[str, CriterionResult]:
    return {result.name: result for result in judgement.criteria}


async def test_pass() -> None:
    found = await judged(clients())
    assert (found.verdict, found.requests, found.window) == (PASS, 1200, 300.0)
    assert {result.verdict for result in found.criteria} == {PASS}
    results = named(found)
    assert results["error ratio"].value == 0.0
    assert results["p99"].value == pytest.approx(0.175)
    assert results["p99 vs before"].value == pytest.approx(1.0)


async def test_a_judgement_says_when_it_was_and_how_long_after_the_beginning() -> None:
    for elapsed, told in ((360.0, 360.0), (None, 0.0)):
        found = await judged(clients(), elapsed=elapsed)
        assert (found.at, found.elapsed) == (float(NOW), told)


async def test_the_queries_that_are_told_can_be_asked() -> None:
    history = clients(errors=0.02)
    results = named(await judged(history))
    (ratio,) = (await history.query(results["error ratio"].query)).samples
    assert ratio.value == pytest.approx(results["error ratio"].value)
    (p99,) = (await history.query(results["p99"].query)).samples
    assert p99.value == pytest.approx(results["p99"].value)


@pytest.mark.parametrize(
    ("new", "failing"),
    [
        ({"errors": 0.2}, {"error ratio", "error ratio vs before"}),
        ({"errors": 0.03}, {"error ratio vs before"}),
        ({"latency": SLOW}, {"p99", "p99 vs before"}),
    ],
)
async def test_fail(new: dict[str, object], failing: set[str]) -> None:
    found = await judged(clients(**new))
    assert found.verdict is FAIL
    assert {result.name for result in found.criteria if result.verdict is FAIL} == failing


async def test_the_first_errors_of_a_pod_are_seen() -> None:
    """Sixty failures that all came between two scrapes: increase() of the series that they made is 0."""
    history = clients()
    for before in range(90, -1, -15):
        key = (("__name__", "http_requests_total"), ("namespace", "serving"), ("pod", f"{NEW}-abcde"), ("status", "5xx"))
        history.store.append((NOW - before) * 1000 + 1, [(key, 60.0)])
    found = await judged(history)
    assert named(found)["error ratio"].value == pytest.approx(60 / 1260, rel=0.01)
    assert named(found)["error ratio vs before"].verdict is FAIL


async def test_few_requests_decide_nothing_and_it_is_said_what_is_missing() -> None:
    found = await judged(clients(rate=0.05))
    assert (found.verdict, found.requests) == (INSUFFICIENT, 30)
    ratio = named(found)["error ratio"]
    assert (ratio.value, ratio.trouble) == (0.0, Trouble.UNDECIDED)
    assert ratio.more_requests is not None
    assert 40 < ratio.more_requests < 80
    assert ratio.more_seconds == pytest.approx(10 * ratio.more_requests)
    assert ratio.message == f"0 % of 30 requests: neither shown nor excluded: about {ratio.more_requests} more requests needed (10 min)"


async def test_what_more_requests_would_not_tell_is_said_too() -> None:
    found = named(await judged(clients(errors=0.1)))["error ratio"]
    assert (found.verdict, found.more_requests) == (INSUFFICIENT, None)
    assert found.message.endswith("neither shown nor excluded, and more requests will hardly tell")


async def test_a_version_before_without_requests() -> None:
    history = History()
    history.fastapi(f"{NEW}-abcde")
    found = await judged(history)
    assert found.verdict is INSUFFICIENT
    results = named(found)
    assert results["error ratio"].verdict is PASS
    assert results["error ratio vs before"].message == "of the version before: no requests counted yet"
    nobody = named(await judged(history, target=replace(TARGET, baseline=(), baseline_until=None)))
    assert nobody["p99 vs before"].message == "of the version before: there is none to compare with"


async def test_nobody_is_scraped() -> None:
    found = await judged(History())
    assert found.verdict is INSUFFICIENT
    assert {result.trouble for result in found.criteria} == {Trouble.NO_METRIC}
    assert "these pods export no metrics of a known model server" in found.message


async def test_only_the_pods_of_the_two_versions_count() -> None:
    history = clients()
    for stranger in ("iris-canary-5d4f8c7b9-abcde", f"{NEW}x-abcde", "wine-7c9d8f6b5-abcde", f"{NEW}-abcdef"):
        history.fastapi(stranger, errors=1.0, latency=SLOW)
    assert (await judged(history)).verdict is PASS


async def test_the_profile_is_that_of_these_pods_whatever_else_is_scraped() -> None:
    history = clients()
    history.scraped("llm-5d4f8c7b9-abcde", 900, 0, lambda age: {"vllm:request_success_total": 1.0 * age})
    assert (await judged(history)).verdict is PASS


@pytest.mark.parametrize(
    "failure",
    [
        *(Unreachable("connection refused"), TimedOut("slow"), Faulty("broken"), Forbidden("no"), NotFound("no such path")),
        *(Malformed("a web page"), Rejected("redirected (302) to https://login.example", status=302)),
    ],
)
async def test_a_server_that_does_not_answer_is_an_error(failure: Unreachable) -> None:
    history = clients(errors=1.0)
    history.failure = failure
    found = await judged(history)
    assert found.verdict is ERROR
    assert {(result.verdict, result.trouble) for result in found.criteria} == {(ERROR, Trouble.UNREACHABLE)}
    assert failure.message in found.message


async def test_no_server_at_all_is_an_error() -> None:
    found = await judged(None, replace(GATE, criteria=(QueryCriterion("queue", "up", Op.AT_MOST, 1),)))
    assert (found.verdict, len(found.criteria)) == (ERROR, 5)
    assert "no Prometheus is configured" in found.message


async def test_one_query_that_fails_takes_nothing_from_the_others() -> None:
    history = clients()
    history.failure, history.failing = InvalidQuery("query processing would load too many samples"), lambda promql: "_bucket{" in promql
    results = named(await judged(history))
    assert results["p99"].verdict is ERROR
    assert "too many samples" in results["p99"].message
    assert results["error ratio"].verdict is PASS
    history.failing = lambda promql: 'status=~"5.."' in promql
    results = named(await judged(history))
    assert (results["p99"].verdict, results["error ratio"].verdict, results["error ratio"].requests) == (PASS, ERROR, 1200)


async def test_partial_data_cannot_pass() -> None:
    history = clients()
    history.warnings = ("no store for\x1b[31m this time",)
    found = await judged(history)
    assert found.verdict is INSUFFICIENT
    assert {result.trouble for result in found.criteria} == {Trouble.PARTIAL}
    assert "partial data: no store for·[31m this time" in found.message


async def test_a_note_about_a_counters_name_is_no_gap() -> None:
    history = clients()
    history.warnings = ("PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket",)
    assert (await judged(history)).verdict is PASS


def criterion(query: str, **more: object) -> Gate:
    return Gate(criteria=(QueryCriterion("mine", query, Op.AT_MOST, 5.0, **more),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "verdict", "message"),
    [
        ('max(up{namespace="{namespace}",pod=~"{pods}"})', PASS, "1"),
        ('sum(increase(http_requests_total{pod=~"{pods}"}[{window}]))', FAIL, "1200, wanted ≤ 5"),
        ('up{pod=~"{pods}"}', ERROR, "the query answers 2 series, one is wanted"),
        ("no_such_metric", INSUFFICIENT, "the query answers no series"),
        ('sum(up{pod=~"{pods}"}) * (0 / 0)', INSUFFICIENT, "the query answers nan, which is no number"),
        ('sum(up{pod=~"{pods}"}) / 0', INSUFFICIENT, "the query answers inf, which is no number"),
        ("sum(", ERROR, "parse error"),
        ("sum(up offset 5m)", ERROR, "stand-in"),
    ],
)
async def test_a_query_of_ones_own(query: str, verdict: GateVerdict, message: str) -> None:
    found = named(await judged(clients(), criterion(query)))["mine"]
    assert found.verdict is verdict
    assert message in found.message


async def test_placeholders_are_filled_for_the_new_version() -> None:
    query = 'sum(x{a="{namespace}",b="{deployment}",c=~"{pods}",d="{model}",e="{version}"}[{window}])'
    found = named(await judged(clients(), criterion(query)))["mine"]
    assert found.query == f'sum(x{{a="serving",b="iris",c=~"{NEW}-[a-z0-9]{{5}}",d="iris",e="4"}}[300s])'


async def test_requests_that_are_not_counted_matter_unless_they_do_not() -> None:
    history = History()
    history.scraped(f"{NEW}-abcde", 900, 0, lambda age: {"queue": 3.0})
    assert named(await judged(history, criterion("max(queue)")))["mine"].verdict is INSUFFICIENT
    assert named(await judged(history, criterion("max(queue)", min_requests=0)))["mine"].verdict is PASS


async def test_what_a_cold_server_did_is_not_the_versions() -> None:
    """Slow for its first minute, then quick: the window does not reach back into the warm-up."""
    history = clients(start=10_000)
    cold = History()
    for pod in ("abcde", "fghij"):
        cold.fastapi(f"{OLD}-{pod}", start=1800, end=390)

        def samples(age: int) -> dict[str, float]:
            slow, quick = 2.0 * min(age, 60), 2.0 * max(0, age - 60)
            counted = {'http_requests_total{status="2xx"}': slow + quick}
            for bound, count in (("0.1", quick), ("0.5", quick), ("5", slow + quick), ("+Inf", slow + quick)):
                counted[f'http_request_duration_highr_seconds_bucket{{le="{bound}"}}'] = count
            return counted

        cold.scraped(f"{NEW}-{pod}", 180, 0, samples)
    assert (await judged(cold, elapsed=None)).verdict is FAIL
    found = named(await judged(cold, elapsed=180.0))
    assert found["p99"].value == pytest.approx(0.1, rel=0.05)
    assert (await judged(history, elapsed=900.0)).window == 840.0


@pytest.mark.parametrize(
    ("elapsed", "window"),
    [(None, 3600), (0.0, 1), (30.0, 30), (60.0, 60), (60.4, 1), (75.0, 15), (360.0, 300), (1800.0, 1740), (9e5, 3600)],
)
def test_the_window_after_the_warm_up(elapsed: float | None, window: int) -> None:
    assert window_of(Gate(), elapsed) == window


async def test_an_earlier_window_is_asked_at_an_earlier_time() -> None:
    history = clients()
    await judged(history, elapsed=180.0)
    asked = {(found[0], at) for promql, at in history.asked if (found := re.findall(r"\[(\d+s)\]", promql))}
    counted = {(f"{120 + BEFORE}s", float(NOW)), (f"{3600 + BEFORE}s", NOW - 400.0)}
    assert asked == {("120s", float(NOW)), ("3600s", NOW - 400.0), *counted}


def about_the_past(history: History) -> list[str]:
    return [promql for promql, at in history.asked if at is not None and at <= NOW - 400.0]


async def test_the_baseline_is_asked_once_in_a_gate() -> None:
    history, baseline = clients(), Baseline()
    first = await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)
    asked = len(about_the_past(history))
    assert asked > 3
    again = await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)
    assert (len(about_the_past(history)), again) == (asked, first)
    await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=Baseline())
    assert len(about_the_past(history)) == 2 * asked, "who resumes a gate knows nothing"


async def test_a_baseline_that_was_not_answered_or_not_in_full_is_asked_again() -> None:
    history, baseline = clients(), Baseline()
    history.failure, history.failing = Unreachable("refused"), lambda promql: "[3600s]" in promql
    assert named(await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline))["p99 vs before"].verdict is ERROR
    history.failure, history.warnings = None, ("no store for some of it",)
    assert (await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)).verdict is INSUFFICIENT
    history.warnings = ()
    assert (await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)).verdict is PASS


async def test_a_baseline_is_asked_again_where_the_series_are_other_ones_now() -> None:
    history, baseline = clients(), Baseline()
    await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)
    asked = len(about_the_past(history))
    history.scope = SeriesScope(matchers=('namespace="serving"',))
    await judge(GATE, TARGET, history, now=float(NOW), elapsed=360.0, baseline=baseline)
    assert len(about_the_past(history)) == 2 * asked
    other = replace(TARGET, baseline_until=NOW - 500.0)
    await judge(GATE, other, history, now=float(NOW), elapsed=360.0, baseline=baseline)
    assert len(about_the_past(history)) == 3 * asked


async def test_what_serves_at_the_same_time_goes_on_and_is_asked_each_time() -> None:
    history, baseline, target = clients(), Baseline(), replace(TARGET, baseline_until=None)
    history.fastapi(f"{OLD}-kkkkk", rate=4.0)
    for times in (1, 2):
        await judge(GATE, target, history, now=float(NOW), elapsed=360.0, baseline=baseline)
        assert sum("[3600s]" in promql for promql, _ in history.asked) == times


@pytest.mark.parametrize("believed", [5.0, 15.0, 120.0])
async def test_what_is_seen_is_measured_and_not_believed(believed: float) -> None:
    """Scrapes are 15 s apart, whatever the setting says: of 60 s, 45 lie between two of them."""
    found = await examine(Gate(scrape=believed), TARGET, clients(), now=float(NOW) - 1, elapsed=120.0)
    assert found.new.seen == pytest.approx(0.75)


async def test_both_versions_at_the_same_time() -> None:
    history = clients()
    history.fastapi(f"{OLD}-kkkkk", rate=4.0)
    target = replace(TARGET, baseline_until=None)
    assert (await judged(history, target=target)).verdict is PASS
    assert {at for _, at in history.asked} == {float(NOW)}


async def test_drift() -> None:
    even, moved = [(1.0, 0.3), (2.0, 0.6), (math.inf, 1.0)], [(1.0, 0.05), (2.0, 0.1), (math.inf, 1.0)]
    gate = Gate(max_drift=0.25)
    for shares, verdict in ((even, PASS), (moved, FAIL)):
        history = History()
        history.fastapi(f"{OLD}-abcde", start=1800, end=390, predictions=even)
        history.fastapi(f"{NEW}-abcde", start=405, predictions=shares)
        assert named(await judged(history, gate))["drift"].verdict is verdict
    assert named(await judged(clients(), gate))["drift"].trouble is Trouble.NO_METRIC


async def test_versions_that_their_pods_names_do_not_tell_apart() -> None:
    long = "a-name-so-long-that-kubernetes-cuts-the-hash-off-its-pods-"
    target = GateTarget("serving", long, (f"{long}5d4f8c7b9",), (f"{long}7c9d8f6b5",), NOW - 400.0)
    history = History()
    history.fastapi(f"{long[:58]}abcde")
    found = await judged(history, target=target)
    assert found.verdict is INSUFFICIENT
    assert "do not tell the two versions apart" in found.message


async def test_success_and_failure_counted_apart() -> None:
    history = History()
    for pod, start, end, bad in ((f"{OLD}-abcde", 1800, 390, 0.0), (f"{NEW}-abcde", 405, 0, 0.4)):

        def samples(age: int, bad: float = bad) -> dict[str, float]:
            return {"nv_inference_request_success": 2.0 * age * (1 - bad), "nv_inference_request_failure": 2.0 * age * bad}

        history.scraped(pod, start, end, samples)
    found = await judged(history, Gate(max_p99_ratio=None))
    assert (found.verdict, found.requests) == (FAIL, 600)
    assert named(found)["error ratio"].value == pytest.approx(0.4)
    assert named(await judged(history))["p99"].trouble is Trouble.NO_METRIC


async def test_a_server_that_counts_no_errors() -> None:
    history = History()
    history.scraped(f"{NEW}-abcde", 900, 0, lambda age: {"request_predict_seconds_count": 2.0 * age})
    found = named(await judged(history))["error ratio"]
    assert (found.verdict, found.value, found.trouble, found.requests) == (INSUFFICIENT, None, Trouble.NO_METRIC, 600)
    assert found.message == "KServe exports no counter of failed requests here"


async def test_microseconds() -> None:
    history = History()

    def samples(age: int) -> dict[str, float]:
        total = 2.0 * age
        metric = ":tensorflow:serving:request"
        return {f'{metric}_count{{status="OK"}}': total} | {
            f'{metric}_latency_bucket{{le="{bound}"}}': total * share for bound, share in (("50000", 0.9), ("100000", 1.0), ("+Inf", 1.0))
        }

    history.scraped(f"{NEW}-abcde", 900, 0, samples)
    assert named(await judged(history))["p99"].value == pytest.approx(0.095)


async def test_the_contract() -> None:
    body = judgement_json(await judged(clients(errors=0.2)))
    assert (body["verdict"], body["at"], body["requests"]) == ("fail", "2027-01-15T08:00:00.000Z", 1200)
    for result in body["criteria"]:
        assert {"name", "query", "value", "bound", "verdict", "requests"} <= set(result)


async def test_a_whole_gate_from_beginning_to_end() -> None:
    """The loop that an operation runs, with a clock of its own."""
    gate, began = Gate(interval=5.0), NOW - 390.0
    judgements: list[Judgement] = []
    elapsed, history = 0.0, clients()
    while (decision := decide(gate, judgements, 5000.0, 5000.0 + elapsed)) is Decision.CONTINUE:
        judgements.append(await judge(gate, TARGET, history, now=began + elapsed, elapsed=elapsed))
        elapsed += gate.interval
    assert decision is Decision.FINISH
    assert judgements[-1].verdict is PASS
    assert 200 < elapsed < 390
