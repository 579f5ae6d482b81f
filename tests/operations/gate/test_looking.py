"""A gate on other people's series: other labels for pods and for statuses, doubles, several clusters, counters that tell nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.gates import Gate, GateVerdict, Judgement
from modeldeck.domain.gates.judgement import CriterionResult, Trouble
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.operations.gate import GateTarget, judge
from modeldeck.operations.gate.judging import examine
from tests.support.history import LATENCY, NOW, SCRAPE, History

OLD, NEW = "iris-5d4f8c7b9", "iris-7c9d8f6b5"
TARGET = GateTarget("serving", "iris", (NEW,), (OLD,), NOW - 400.0, addresses=(PodAddress(f"serving/{NEW}-abcde", "10.0.0.9"),))
PASS, FAIL, INSUFFICIENT = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT
RATE = 4.0
USUAL = {"namespace": "serving", "pod": "{pod}"}


class Series(History):
    """A FastAPI server by whatever labels it is scraped."""

    def serves(
        self,
        pod: str,
        *,
        own: Mapping[str, str] = USUAL,
        status: str = "status",
        well: str = "200",
        badly: str = "500",
        errors: float = 0.0,
        start: int = 900,
        end: int = 0,
    ) -> None:
        labels = {name: value.replace("{pod}", pod) for name, value in own.items()}
        target = {name: value for name, value in labels.items() if not name.startswith("exported_")}
        for before in range(start, end - 1, -SCRAPE):
            total = RATE * (start - before)
            found = {
                _key("up", target): 1.0,
                _key("http_requests_total", labels, **({status: well} if status else {})): total * (1 - errors),
            }
            if errors:
                found[_key("http_requests_total", labels, **({status: badly} if status else {}))] = total * errors
            for bound, share in LATENCY:
                found[_key("http_request_duration_highr_seconds_bucket", labels, le="+Inf" if bound == math.inf else f"{bound:g}")] = (
                    total * share
                )
            self.store.append((NOW - before) * 1000, found.items())


def _key(name: str, labels: Mapping[str, str], **more: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"__name__": name, **labels, **more}.items()))


def clients(**new: object) -> Series:
    series = Series()
    series.serves(f"{OLD}-abcde", start=1800, end=390)
    series.serves(f"{NEW}-abcde", start=405, **new)  # type: ignore[arg-type]
    return series


async def judged(series: Series, gate: Gate | None = None, target: GateTarget = TARGET, *, elapsed: float | None = 360.0) -> Judgement:
    return await judge(gate or Gate(), target, series, now=float(NOW), elapsed=elapsed)


def errors_of(judgement: Judgement) -> CriterionResult:
    return next(result for result in judgement.criteria if result.name == "error ratio")


@pytest.mark.parametrize("status", ["status", "code", "status_code", "http_status", "response_code"])
@pytest.mark.parametrize(("well", "badly"), [("200", "500"), ("2xx", "5xx"), ("200", "503")])
async def test_failures_are_seen_by_the_label_that_the_counter_carries(status: str, well: str, badly: str) -> None:
    found = await judged(clients(status=status, well=well, badly=badly, errors=0.5))
    assert found.verdict is FAIL
    assert errors_of(found).value == pytest.approx(0.5)
    assert (await judged(clients(status=status, well=well))).verdict is PASS


async def test_the_first_failures_ever_are_seen_though_only_successes_were_before() -> None:
    series = clients(status="code")
    key = _key("http_requests_total", {"namespace": "serving", "pod": f"{NEW}-abcde"}, code="500")
    for before in range(90, -1, -SCRAPE):
        series.store.append((NOW - before) * 1000 + 1, [(key, 300.0)])
    assert (await judged(series)).verdict is FAIL


async def test_a_counter_without_a_status_is_not_known_and_cannot_pass() -> None:
    found = errors_of(await judged(clients(status="", errors=0.5)))
    assert (found.verdict, found.value, found.trouble) == (INSUFFICIENT, None, Trouble.NO_METRIC)
    assert "the labels do not tell failed requests apart" in found.message


async def test_each_version_is_counted_by_its_own_labels() -> None:
    """The new version counts by another label than the one before: both did equally well."""
    series = Series()
    series.serves(f"{OLD}-abcde", start=1800, end=390, errors=0.02, status="status", badly="5xx", well="2xx")
    series.serves(f"{NEW}-abcde", start=405, errors=0.02, status="code")
    found = await judged(series, Gate(max_error_rise=4.0))
    compared = next(result for result in found.criteria if result.name == "error ratio vs before")
    assert found.verdict is PASS
    assert compared.baseline == pytest.approx(0.02, rel=0.1)


LABELS = [
    {"kubernetes_namespace": "serving", "kubernetes_pod_name": "{pod}"},
    {"namespace": "serving", "pod_name": "{pod}"},
    {"namespace": "monitoring", "pod": "collector-1", "exported_namespace": "serving", "exported_pod": "{pod}"},
    {"pod": "{pod}"},
]


@pytest.mark.parametrize("own", LABELS)
async def test_the_pods_are_judgementby_other_labels(own: Mapping[str, str]) -> None:
    for errors, verdict in ((0.0, PASS), (0.5, FAIL)):
        series = Series()
        series.serves(f"{OLD}-abcde", start=1800, end=390, own=own)
        series.serves(f"{NEW}-abcde", start=405, own=own, errors=errors)
        found = await judged(series)
        assert (found.verdict, found.requests) == (verdict, 300 * RATE)


async def test_pods_of_another_namespace_that_are_called_alike_do_not_count() -> None:
    series = clients()
    series.serves(f"{NEW}-zzzzz", own={"namespace": "staging", "pod": "{pod}"}, errors=1.0)
    assert (await judged(series)).verdict is PASS


async def test_pods_are_judgementby_their_addresses() -> None:
    series = Series()
    series.serves(f"{NEW}-abcde", own={"instance": "10.0.0.9:8080"}, start=405)
    series.serves(f"{OLD}-abcde", own={"instance": "10.0.0.8:8080"}, errors=1.0)
    found = await judged(series)
    assert (found.verdict, found.requests, errors_of(found).verdict) == (INSUFFICIENT, 300 * RATE, PASS)
    assert "which addresses its pods had is not known" in found.message
    assert (await judged(series, Gate(max_error_rise=None, max_p99_ratio=None))).verdict is PASS


BEFORE = (PodAddress(f"serving/{OLD}-abcde", "10.0.0.8", since=NOW - 900.0),)


async def test_pods_that_are_gone_are_known_by_the_addresses_that_were_noted_of_them() -> None:
    target = replace(TARGET, baseline_addresses=BEFORE)
    for errors, verdict in ((0.0, PASS), (0.5, FAIL)):
        series = Series()
        series.serves(f"{OLD}-abcde", own={"instance": "10.0.0.8:8080"}, start=900, end=390)
        series.serves(f"{NEW}-abcde", own={"instance": "10.0.0.9:8080"}, start=405, errors=errors)
        found = await judged(series, Gate(max_error_ratio=None), target)
        compared = next(result for result in found.criteria if result.name == "error ratio vs before")
        assert (compared.verdict, compared.baseline) == (verdict, 0.0), compared.message


async def test_what_an_address_had_of_another_pod_does_not_count() -> None:
    """Somebody else's pod had the old one's address before and has it since, and the old one's is now the new one's."""
    old, new = replace(BEFORE[0], since=NOW - 600.0), PodAddress(f"serving/{NEW}-abcde", "10.0.0.9", since=NOW - 200.0)
    series = Series()
    series.serves("other", own={"instance": "10.0.0.8:8080"}, start=900, end=615, errors=0.5)
    series.serves(f"{OLD}-abcde", own={"instance": "10.0.0.8:8080"}, start=600, end=405)
    series.serves("other", own={"instance": "10.0.0.9:8080"}, start=900, end=210, errors=0.5)
    series.serves(f"{NEW}-abcde", own={"instance": "10.0.0.9:8080"}, start=195)
    found = await examine(Gate(), replace(TARGET, addresses=(new,), baseline_addresses=(old,)), series, now=float(NOW), elapsed=360.0)
    for measured, seconds in ((found.new, 195), (found.old, 195)):
        assert (measured.requests.value, measured.failed.value) == (seconds * RATE, 0)
        assert measured.latency.value is not None
        assert 0.8 * 195 * RATE <= measured.latency.value[-1][1] <= 200 * RATE
    mixed = await judged(series, Gate(), replace(TARGET, addresses=(replace(new, since=0.0),), baseline_addresses=BEFORE))
    assert mixed.verdict is not PASS, "it would be seen, were it counted"


async def test_a_pod_that_has_gone_meanwhile_counts_for_as_long_as_it_was_there() -> None:
    series = Series()
    series.serves(f"{NEW}-abcde", own={"instance": "10.0.0.9:8080"}, start=405, end=210)
    series.serves("other", own={"instance": "10.0.0.9:8080"}, start=195, errors=1.0)
    series.serves(f"{NEW}-fghij", own={"instance": "10.0.0.10:8080"}, start=405)
    known = (PodAddress(f"serving/{NEW}-fghij", "10.0.0.10"), PodAddress(f"serving/{NEW}-abcde", "10.0.0.9", until=NOW - 205.0))
    found = await judged(series, Gate(max_error_rise=None, max_p99_ratio=None), replace(TARGET, addresses=known))
    assert (found.verdict, found.requests, errors_of(found).value) == (PASS, (300 + 90) * RATE, 0.0)


async def test_what_is_scraped_twice_counts_once() -> None:
    series = Series()
    for port in ("8080", "8081"):
        series.serves(f"{NEW}-abcde", own={**USUAL, "instance": f"10.0.0.9:{port}"}, start=405)
        series.serves(f"{OLD}-abcde", own={**USUAL, "instance": f"10.0.0.8:{port}"}, start=1800, end=390)
    found = await judged(series)
    assert (found.verdict, found.requests) == (PASS, 300 * RATE)


async def test_several_clusters_cannot_pass_until_one_is_named() -> None:
    """The same template has the same hash in every cluster, so that its pods are called alike."""
    series = Series()
    for cluster, errors in (("prod", 0.0), ("staging", 0.5)):
        own = {**USUAL, "cluster": cluster}
        series.serves(f"{OLD}-abcde", start=1800, end=390, own=own)
        series.serves(f"{NEW}-{'a' * 5 if errors else 'b' * 5}", start=405, own=own, errors=errors)
    assert "series with cluster prod, staging are summed" in " ".join(errors_of(await judged(series)).warnings)
    series.scope = SeriesScope(matchers=('cluster="prod"',))
    assert (await judged(series)).verdict is PASS
    series.scope = SeriesScope(matchers=('cluster="staging"',))
    assert (await judged(series)).verdict is FAIL
    clean = Series()
    for cluster in ("prod", "staging"):
        clean.serves(f"{OLD}-abcde", start=1800, end=390, own={**USUAL, "cluster": cluster})
        clean.serves(f"{NEW}-abcde", start=405, own={**USUAL, "cluster": cluster})
    found = await judged(clean)
    assert (found.verdict, errors_of(found).trouble) == (INSUFFICIENT, Trouble.PARTIAL)


@pytest.mark.parametrize(("bad", "verdict"), [(0.0, INSUFFICIENT), (0.01, INSUFFICIENT), (0.4, FAIL)])
async def test_a_counter_that_leaves_failures_out_can_fail_and_never_pass(bad: float, verdict: GateVerdict) -> None:
    series = Series()

    def samples(age: int) -> dict[str, float]:
        return {"nv_inference_request_success": 2.0 * age * (1 - bad), "nv_inference_request_failure": math.floor(2.0 * age * bad)}

    series.scraped(f"{NEW}-abcde", 900, 0, samples)
    found = errors_of(await judged(series, Gate(max_error_rise=None, max_p99_ratio=None)))
    assert found.verdict is verdict
    assert "Python or BLS" in " ".join((found.message, *found.warnings))


@pytest.mark.parametrize("scrape", [2, 5, 15, 30, 60])
@pytest.mark.parametrize("restart", [False, True])
async def test_what_is_counted_is_what_was_really_sent(scrape: int, restart: bool) -> None:
    """A hundred seconds of traffic in the middle of the window, one in four failed, and a container that may have restarted in between.

    increase() stretches that to the window's ends, and does not see the failures before the first scrape of their series.
    """
    series = Series()
    own = {"namespace": "serving", "pod": f"{NEW}-abcde"}
    sent = failed = counted = counted_failed = 0
    for before in range(600, -1, -1):
        if 100 <= before < 220:
            sent, counted = sent + 4, counted + 4
            failed, counted_failed = failed + 1, counted_failed + 1
        if before % scrape == 0:
            found = {_key("up", own): 1.0, _key("http_request_duration_highr_seconds_bucket", own, le="+Inf"): 1.0}
            found[_key("http_requests_total", own, code="200")] = counted - counted_failed
            if counted_failed:
                found[_key("http_requests_total", own, code="500")] = counted_failed
            series.store.append((NOW - before) * 1000, found.items())
            if restart and before == 120:
                counted = counted_failed = 0
    judgement = errors_of(await judged(series, Gate(scrape=scrape, max_error_rise=None, max_p99_ratio=None)))
    assert judgement.requests == pytest.approx(sent, rel=0.02)
    assert judgement.value == pytest.approx(failed / sent, rel=0.02)
