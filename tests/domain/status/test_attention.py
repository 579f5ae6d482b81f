"""Who should be looked at first, and an order that does not jump."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats
from modeldeck.domain.status.attention import CALM, REORDERED_EVERY, Attention, Ranking, attention, ranked, slower
from modeldeck.domain.status.serving_row import Code, Disagreement, ServingRow
from tests.support import sample

DONE = replace(
    sample.rows({"iris": "models:/iris/3"})[0],
    desired=3,
    ready=3,
    disagreements=(),
    rollout=RolloutStatus("done", "successfully rolled out"),
    stats=ServingStats(0.01, 0.02, 0.03, 0.0, 5.0),
)
A, B, C = "serving/a", "serving/b", "serving/c"


def row(*, state: str = "done", ready: int = 3, stats: ServingStats = DONE.stats, disagrees: bool = False) -> ServingRow:
    told = (Disagreement(Code.ALIAS_DIFFERS, "it differs"),) if disagrees else ()
    return replace(DONE, ready=ready, stats=stats, disagreements=told, rollout=RolloutStatus(state, state))


@pytest.mark.parametrize(
    ("found", "past", "level"),
    [
        (row(), 0.03, Attention.WELL),
        (row(), None, Attention.WELL),
        (row(stats=NOTHING_KNOWN), 0.03, Attention.WELL),
        (row(state="failed"), None, Attention.FAILING),
        (row(ready=2), None, Attention.FAILING),
        (row(ready=0, state="progressing"), None, Attention.FAILING),
        (row(ready=2, state="progressing"), None, Attention.UNSETTLED),
        (row(disagrees=True), None, Attention.UNSETTLED),
        (row(stats=replace(DONE.stats, error_ratio=0.02)), None, Attention.ERRORS),
        (row(stats=replace(DONE.stats, error_ratio=0.01)), None, Attention.WELL),
        (row(stats=replace(DONE.stats, error_ratio=0.02), ready=2), None, Attention.FAILING),
        (row(), 0.02, Attention.SLOW),
        (row(disagrees=True), 0.02, Attention.SLOW),
        (row(), 0.021, Attention.WELL),
        (row(stats=replace(DONE.stats, requests_per_second=0.3)), 0.02, Attention.WELL),
        (row(stats=replace(DONE.stats, requests_per_second=None)), 0.02, Attention.WELL),
        (row(), 0.0, Attention.WELL),
    ],
)
def test_what_wants_attention(found: ServingRow, past: float | None, level: Attention) -> None:
    assert attention(found, past) is level


ALERT = Alert("Errors", AlertState.FIRING, {"severity": "page"}, 1.0)


@pytest.mark.parametrize(
    ("alerts", "level"),
    [
        ((ALERT,), Attention.ALERT),
        ((replace(ALERT, labels={}),), Attention.ALERT),
        ((replace(ALERT, silenced=True), ALERT), Attention.ALERT),
        ((replace(ALERT, silenced=True),), Attention.WELL),
        ((replace(ALERT, state=AlertState.PENDING),), Attention.WELL),
        ((replace(ALERT, labels={"severity": "info"}),), Attention.WELL),
        ((replace(ALERT, labels={"severity": "None"}),), Attention.WELL),
        (None, Attention.WELL),
    ],
)
def test_an_alert_wants_attention_while_it_fires_and_is_for_somebody(alerts: tuple[Alert, ...] | None, level: Attention) -> None:
    assert attention(replace(DONE, alerts=alerts), None) is level


def test_an_alert_stands_behind_requests_that_fail_and_before_slow_ones() -> None:
    alerted = replace(DONE, alerts=(ALERT,))
    assert attention(alerted, 0.02) is Attention.ALERT
    assert attention(replace(alerted, stats=replace(DONE.stats, error_ratio=0.02)), None) is Attention.ERRORS
    assert attention(replace(alerted, ready=0), None) is Attention.FAILING


def test_one_that_is_wanted_with_no_pods_is_well() -> None:
    assert attention(replace(DONE, desired=0, ready=0), None) is Attention.WELL


def test_how_many_times_slower() -> None:
    assert slower(DONE, 0.01) == pytest.approx(3.0)
    assert slower(DONE, 0.03) is None


def test_the_worst_first_and_equal_ones_by_name() -> None:
    found = ranked(Ranking(), {C: Attention.WELL, B: Attention.ERRORS, A: Attention.WELL}, 0.0)
    assert found.order == (B, A, C)


def test_the_order_stands_for_a_while() -> None:
    well = {A: Attention.WELL, B: Attention.WELL}
    first = ranked(Ranking(), well, 0.0)
    worse = ranked(first, {**well, B: Attention.FAILING}, REORDERED_EVERY - 1)
    assert worse.order == (A, B)
    assert ranked(worse, {**well, B: Attention.FAILING}, REORDERED_EVERY).order == (B, A)
    assert ranked(first, {**well, B: Attention.FAILING}, 1.0, at_once=True).order == (B, A)


def test_what_comes_and_goes_has_its_place_at_once() -> None:
    first = ranked(Ranking(), {A: Attention.WELL}, 0.0)
    both = ranked(first, {A: Attention.WELL, B: Attention.FAILING}, 1.0)
    assert both.order == (B, A)
    assert ranked(both, {A: Attention.WELL}, 2.0).order == (A,)


def test_one_that_is_better_for_a_moment_keeps_its_place() -> None:
    bad, good = {A: Attention.WELL, B: Attention.ERRORS}, {A: Attention.WELL, B: Attention.WELL}
    state = ranked(Ranking(), bad, 0.0)
    for now in (CALM / 2, CALM - 1):
        state = ranked(state, good, now)
        assert state.order == (B, A)
    again = ranked(ranked(state, bad, CALM), good, 2 * CALM - 1)
    assert again.order == (B, A), "it counts from when it was bad last"
    assert ranked(again, good, 2 * CALM + REORDERED_EVERY).order == (A, B)


LEVELS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(Attention), max_size=6)


@given(st.lists(st.tuples(LEVELS, st.floats(0, 100)), max_size=8))
def test_each_stands_once_and_the_worst_never_below_one_that_is_well(steps: list[tuple[dict[str, Attention], float]]) -> None:
    state, now = Ranking(), 0.0
    for levels, seconds in steps:
        before, now = state, now + seconds
        state = ranked(state, levels, now)
        assert sorted(state.order) == sorted(levels)
        if state.at == now and (before.at != now or before.order != state.order):
            held = [state.held[key][0] for key in state.order]
            assert held == sorted(held)
        assert all(state.held[key][0] <= level for key, level in levels.items())
