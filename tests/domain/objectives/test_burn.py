"""Error budgets and burn rates: what is said of counts, and when nothing is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.objectives.burn import RULES, BurnRule, Count, Standing, budget, burn, standing

HOURS = 3600


def test_the_rules_are_those_of_the_workbook() -> None:
    """(rate, long, short) in hours; each is so much of a budget of 30 days: 2, 5, 10 and 10 %."""
    assert [(rule.rate, rule.long / HOURS, rule.short / HOURS) for rule in RULES] == [
        (14.4, 1, 5 / 60),
        (6, 6, 0.5),
        (3, 24, 2),
        (1, 72, 6),
    ]
    assert [round(rule.rate * rule.long / (30 * 24 * HOURS), 3) for rule in RULES] == [0.02, 0.05, 0.1, 0.1]


@pytest.mark.parametrize(
    ("count", "threshold", "found"),
    [
        (None, 0.01, Standing.NO_DATA),
        (Count(0, 0), 0.01, Standing.NO_DATA),
        (Count(19, 19), 0.01, Standing.INSUFFICIENT),
        (Count(20, 3), 0.01, Standing.BREACHED),
        (Count(20, 2), 0.01, Standing.INSUFFICIENT),
        (Count(299, 0), 0.01, Standing.INSUFFICIENT),
        (Count(300, 0), 0.01, Standing.OK),
        (Count(300, 3), 0.01, Standing.BREACHED),
        (Count(1000, 9), 0.01, Standing.OK),
        (Count(1000, 9, unsure=1), 0.01, Standing.OK),
        (Count(1000, 9, unsure=2), 0.01, Standing.INSUFFICIENT),
        (Count(1000, 9, unsure=None), 0.01, Standing.INSUFFICIENT),
        (Count(1000, 10, unsure=None), 0.01, Standing.BREACHED),
        (Count(1000, 0, partial=True), 0.01, Standing.INSUFFICIENT),
        (Count(1000, 50, partial=True), 0.01, Standing.BREACHED),
        (Count(1000, 1000), 1.44, Standing.UNREACHABLE),
        (Count(19, 0), 1.0, Standing.INSUFFICIENT),
        (Count(20, 0), 1.0, Standing.OK),
    ],
)
def test_how_a_count_stands(count: Count | None, threshold: float, found: Standing) -> None:
    assert standing(count, threshold) is found


OK, BAD, FEW = Count(10_000, 0), Count(10_000, 5_000), Count(5, 0)


@pytest.mark.parametrize(
    ("long", "short", "found"),
    [
        (BAD, BAD, Standing.BREACHED),
        (BAD, OK, Standing.OK),
        (OK, BAD, Standing.OK),
        (OK, None, Standing.OK),
        (BAD, None, Standing.NO_DATA),
        (BAD, FEW, Standing.INSUFFICIENT),
        (FEW, None, Standing.NO_DATA),
        (None, None, Standing.NO_DATA),
    ],
)
def test_both_windows_must_breach(long: Count | None, short: Count | None, found: Standing) -> None:
    assert burn(RULES[0], 0.99, long, short).standing is found


def test_a_burn_rate_is_the_share_of_bad_requests_by_the_share_that_may_be_bad() -> None:
    found = burn(BurnRule(14.4, 3600, 300), 0.999, Count(1000, 20), Count(100, 0.5))
    assert [found.long, found.short] == pytest.approx([20, 5])
    assert burn(RULES[0], 0.999, None, Count(0, 0)) == burn(RULES[0], 0.999, None, None)
    assert burn(RULES[0], 0.999, None, None).long is None


def test_where_all_may_fail_at_that_rate_no_rule_can_be_breached() -> None:
    assert burn(RULES[0], 0.9, BAD, BAD).standing is Standing.UNREACHABLE
    assert burn(RULES[1], 0.9, Count(100, 100), Count(100, 100)).standing is Standing.BREACHED


@pytest.mark.parametrize(
    ("count", "left", "least", "found"),
    [
        (Count(100_000, 0), 1.0, 1.0, Standing.OK),
        (Count(100_000, 25), 0.75, 0.75, Standing.OK),
        (Count(100_000, 150), -0.5, -0.5, Standing.BREACHED),
        (Count(100_000, 25, unsure=None), 0.75, None, Standing.INSUFFICIENT),
        (Count(99_900, 50, unsure=100), 0.5, -0.5, Standing.INSUFFICIENT),
        (Count(100, 0), 1.0, 1.0, Standing.INSUFFICIENT),
    ],
)
def test_what_is_left_of_a_budget(count: Count, left: float, least: float | None, found: Standing) -> None:
    one = budget(0.999, count)
    assert one.left == pytest.approx(left, abs=0.001)
    assert one.left_at_least == (None if least is None else pytest.approx(least, abs=0.001))
    assert one.standing is found


@pytest.mark.parametrize("count", [None, Count(0, 0)])
def test_without_data_nothing_is_left_or_burnt(count: Count | None) -> None:
    one = budget(0.999, count)
    assert (one.standing, one.left, one.left_at_least) == (Standing.NO_DATA, None, None)


counts = st.builds(
    lambda requests, share, unsure: Count(requests, requests * share, unsure),
    st.floats(0.1, 1e9),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(0, 1e6)),
)


@given(counts, st.floats(0.5, 0.99999))
def test_a_range_has_its_ends_in_order_and_verdicts_agree_with_both(count: Count, target: float) -> None:
    one = budget(target, count)
    assert one.left is not None
    assert one.left <= 1
    if one.left_at_least is not None:
        assert one.left_at_least <= one.left + 1e-9
    if one.standing is Standing.OK:
        assert one.left_at_least is not None
        assert one.left_at_least > 0
    if one.standing is Standing.BREACHED:
        assert one.left <= 1e-9


@given(counts, st.floats(0, 1e6), st.floats(1e-6, 1))
def test_more_bad_requests_never_make_it_better(count: Count, more: float, threshold: float) -> None:
    worse = Count(count.requests, min(count.requests, count.bad + more), count.unsure)
    if standing(count, threshold) is Standing.BREACHED:
        assert standing(worse, threshold) is Standing.BREACHED
    if standing(worse, threshold) is Standing.OK:
        assert standing(count, threshold) is Standing.OK
