"""PromQL: the part that the sandbox' stand-in knows has to mean what it means to Prometheus."""

from __future__ import annotations

import math
import time

import pytest

from tests.conformance.metrics.conftest import Server
from tests.conformance.metrics.exporter import SLOPE


def test_constant_series_come_as_they_are(server: Server) -> None:
    found = server.vector('gauge{zone="a"}')
    assert found == {
        (("__name__", "gauge"), ("pod", "pod-1"), ("shelf", "1"), ("zone", "a")): 1.0,
        (("__name__", "gauge"), ("pod", "pod-1"), ("shelf", "2"), ("zone", "a")): 2.5,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(gauge)", {(): -0.5}),
        ("count(gauge)", {(): 5.0}),
        ("sum by (zone) (gauge)", {(("zone", "a"),): 3.5, (("zone", "b"),): -4.0, (("zone", "b.b"),): 0.0}),
        ("sum(gauge) by (zone)", {(("zone", "a"),): 3.5, (("zone", "b"),): -4.0, (("zone", "b.b"),): 0.0}),
        ('avg by (zone) (gauge{zone=~"a|b"})', {(("zone", "a"),): 1.75, (("zone", "b"),): -2.0}),
        ('min by (zone) (gauge{zone=~"a|b"})', {(("zone", "a"),): 1.0, (("zone", "b"),): -8.0}),
        ('max by (zone) (gauge{zone=~"a|b"})', {(("zone", "a"),): 2.5, (("zone", "b"),): 4.0}),
        (
            'sum by (zone, shelf) (gauge{zone="a"})',
            {(("shelf", "1"), ("zone", "a")): 1.0, (("shelf", "2"), ("zone", "a")): 2.5},
        ),
        ('count by (missing) (gauge{zone="a"})', {(): 2.0}),
        ("sum without (shelf, pod, namespace, job, instance, note) (gauge)",
         {(("zone", "a"),): 3.5, (("zone", "b"),): -4.0, (("zone", "b.b"),): 0.0}),
        ("sum(nothing_of_this_name)", {}),
        ("max(odd{kind='inf'})", {(): math.inf}),
    ],
)  # fmt: skip
def test_aggregations(server: Server, query: str, expected: dict[tuple[tuple[str, str], ...], float]) -> None:
    assert server.vector(query) == expected


@pytest.mark.parametrize(
    ("matcher", "count"),
    [
        ('zone="a"', 2),
        ('zone!="a"', 3),
        ('zone=~"b"', 2),  # anchored: not b.b
        ('zone=~"b.*"', 3),
        (r'zone=~"b\\.b"', 1),
        ('zone!~"b.*"', 2),
        ('zone=~"a|b"', 4),
        ('zone=~"[ab]",shelf="1"', 2),
        ('missing=""', 5),
        ('zone=""', 0),
        ("zone='a'", 2),
        ("zone=`a`", 2),
        (r'note="a \"quoted\" \\ text\nin two lines"', 1),
    ],
)
def test_matchers(server: Server, matcher: str, count: int) -> None:
    assert len(server.vector(f"gauge{{{matcher}}}")) == count


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('sum(gauge{zone="a"}) * 2 + 1', 8.0),
        ('sum(gauge{zone="a"}) / sum(other{zone="a"})', 0.35),
        ("2 * sum(zero) - 3", -3.0),
        ("sum(other) / sum(zero)", math.inf),
        ("-sum(other)", -12.0),
        ("sum(other) % 5", 2.0),
        ('sum(gauge{zone="b",shelf="1"} / 8)', 0.5),
        ("sum(odd{kind='small'})", 1.5e-07),
    ],
)
def test_arithmetic(server: Server, query: str, expected: float) -> None:
    assert server.value(query) == pytest.approx(expected)


def test_vectors_are_matched_by_their_labels(server: Server) -> None:
    found = server.vector("gauge / other")
    assert found == {
        (("pod", "pod-1"), ("shelf", "1"), ("zone", "a")): 0.1,
        (("pod", "pod-1"), ("shelf", "2"), ("zone", "b")): -4.0,
    }


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("gauge > 1", {2.5, 4.0}),
        ("gauge >= 1", {1.0, 2.5, 4.0}),
        ("gauge == 4", {4.0}),
        ("gauge != 4", {1.0, 2.5, -8.0, 0.0}),
        ("gauge < 0", {-8.0}),
        ("gauge > 100", set()),
        ("gauge < other", {1.0, -8.0}),
    ],
)
def test_comparisons_filter(server: Server, query: str, values: set[float]) -> None:
    assert set(server.vector(query).values()) == values


def test_nothing_divided_by_nothing_is_nan(server: Server) -> None:
    assert math.isnan(server.value("sum(zero) / sum(zero)"))
    assert math.isnan(server.value("odd{kind='nan'}"))


def test_scalars(server: Server) -> None:
    found = server.data("query", query="1 + 2 * 3")
    assert found["resultType"] == "scalar"
    assert float(found["result"][1]) == 7.0


def test_rate_and_increase_of_a_steady_counter(server: Server) -> None:
    assert server.value("rate(steady_total[8s])") == pytest.approx(SLOPE, rel=0.1)
    assert server.value("increase(steady_total[8s])") == pytest.approx(SLOPE * 8, rel=0.1)


def test_a_counter_that_starts_over_has_no_negative_rate(server: Server) -> None:
    # What was counted between the last scrape and the reset is lost, as it is to Prometheus.
    assert SLOPE * 0.5 < server.value("rate(resetting_total[8s])") < SLOPE * 1.5


@pytest.mark.parametrize(("quantile", "expected"), [(0.25, 0.05), (0.5, 0.1), (0.7, 0.15), (0.99, 0.38), (1, 0.4), (0, 0.0)])
def test_quantiles_of_a_histogram(server: Server, quantile: float, expected: float) -> None:
    query = f"histogram_quantile({quantile}, sum by (le) (rate(wait_seconds_bucket[8s])))"
    assert server.value(query) == pytest.approx(expected, abs=0.005)


def test_quantiles_outside_of_what_makes_sense(server: Server) -> None:
    assert server.value("histogram_quantile(2, sum by (le) (rate(wait_seconds_bucket[8s])))") == math.inf
    assert server.value("histogram_quantile(-1, sum by (le) (rate(wait_seconds_bucket[8s])))") == -math.inf


def test_an_instant_in_the_past(server: Server) -> None:
    now = server.value("steady_total")
    before = server.value("steady_total", time=time.time() - 4)
    assert now - before == pytest.approx(SLOPE * 4, abs=SLOPE * 2.5)
    assert server.vector("steady_total", time=time.time() - 3000) == {}


def test_a_range_has_a_point_a_step(server: Server) -> None:
    end = int(time.time()) - 1
    found = server.data("query_range", query="gauge{zone='a',shelf='1'}", start=end - 4, end=end, step=2)
    assert found["resultType"] == "matrix"
    (row,) = found["result"]
    assert row["values"] == [[end - 4, "1"], [end - 2, "1"], [end, "1"]]
    assert row["metric"]["__name__"] == "gauge"


def test_a_range_leaves_out_what_was_not_there(server: Server) -> None:
    end = int(time.time())
    found = server.data("query_range", query="sum(gauge)", start=end - 3000, end=end, step="1m")
    (row,) = found["result"]
    assert 1 <= len(row["values"]) < 10
    assert all((at - end) % 60 == 0 for at, _ in row["values"])


def test_a_range_of_a_rate(server: Server) -> None:
    end = time.time()
    found = server.data("query_range", query="rate(steady_total[5s])", start=end - 3, end=end, step=1)
    (row,) = found["result"]
    assert "__name__" not in row["metric"]
    assert [float(value) for _, value in row["values"]] == pytest.approx([SLOPE] * len(row["values"]), rel=0.3)


def test_raw_samples(server: Server) -> None:
    found = server.data("query", query="zero[5s]")
    assert found["resultType"] == "matrix"
    (row,) = found["result"]
    assert 3 <= len(row["values"]) <= 6
    assert {value for _, value in row["values"]} == {"0"}


def test_a_scalar_range(server: Server) -> None:
    found = server.data("query_range", query="3", start=100, end=130, step=10)
    assert found["result"] == [{"metric": {}, "values": [[100, "3"], [110, "3"], [120, "3"], [130, "3"]]}]


def test_comments_and_line_ends(server: Server) -> None:
    assert server.value("sum( # all of them\n  gauge\n)") == -0.5
