"""A cause precedes, moves latency often, and is near."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Reach
from modeldeck.domain.changes.ranking import AFTERWARDS, HALF_LIFE, SLACK, closeness, likelihood, ranked

T = 1_700_000_000.0
EVENT = ChangeEvent(ChangeKind.ROLLOUT, T, "deployment serving/iris", "revision 2", "ReplicaSet")


def at(seconds: float, **changed: object) -> ChangeEvent:
    return replace(EVENT, at=T + seconds, **changed)  # type: ignore[arg-type]


def test_what_was_under_way_counts_in_full() -> None:
    assert closeness(at(-1000, until=T + 5), T) == 1
    assert closeness(at(SLACK), T) == 1
    assert closeness(at(0), T) == 1


def test_what_was_before_counts_half_after_each_half_life() -> None:
    assert closeness(at(-HALF_LIFE), T) == 0.5
    assert closeness(at(-9 * HALF_LIFE, until=T - 2 * HALF_LIFE), T) == 0.25


def test_where_points_are_hours_apart_all_between_two_of_them_counts_in_full() -> None:
    assert closeness(at(-3000), T, T - 3600) == 1
    assert closeness(at(-3600 - HALF_LIFE), T, T - 3600) == 0.5
    assert ranked([at(-3000), at(-10)], T, T - 3600) == (at(-10), at(-3000))


def test_what_came_later_is_hardly_a_cause() -> None:
    assert closeness(at(SLACK + 1), T) < AFTERWARDS
    assert closeness(at(SLACK + HALF_LIFE), T) == AFTERWARDS / 2
    assert likelihood(at(-2 * HALF_LIFE + 1), T) > likelihood(at(SLACK + 1), T)


def test_a_promotion_a_minute_before_comes_before_everything_else() -> None:
    promotion = at(-60, kind=ChangeKind.PROMOTION)
    others = [at(-50, kind=kind) for kind in ChangeKind if kind not in (ChangeKind.PROMOTION, ChangeKind.ROLLBACK, ChangeKind.VERSION)]
    assert ranked([*others, promotion], T)[0] == promotion


def test_the_deployment_before_its_nodes_and_these_before_neighbours() -> None:
    own, node, neighbour = at(-60), at(-60, reach=Reach.NODE), at(-60, reach=Reach.NEIGHBOUR)
    assert ranked([neighbour, node, own], T) == (own, node, neighbour)


def test_the_same_event_stands_once() -> None:
    assert ranked([EVENT, EVENT], T) == (EVENT,)


events = st.builds(
    ChangeEvent,
    kind=st.sampled_from(ChangeKind),
    at=st.integers(-5000, 5000).map(lambda seconds: T + seconds),
    subject=st.sampled_from(["a", "b"]),
    what=st.sampled_from(["x", "y"]),
    source=st.just("s"),
    until=st.none() | st.integers(-5000, 5000).map(lambda seconds: T + seconds),
    reach=st.sampled_from(Reach),
)


@given(st.lists(events, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_the_order_is_that_of_likelihood_and_always_the_same(found: list[ChangeEvent], random: object) -> None:
    order = ranked(found, T)
    values = [likelihood(event, T) for event in order]
    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)
    random.shuffle(found)  # type: ignore[attr-defined]
    assert [(e.kind, e.at, e.subject, e.what) for e in ranked(found, T)] == [(e.kind, e.at, e.subject, e.what) for e in order]


@given(events, st.integers(1, 3000))
def test_the_longer_before_the_less_likely(event: ChangeEvent, seconds: int) -> None:
    near = replace(event, at=T - 10, until=None)
    assert likelihood(replace(near, at=near.at - seconds), T) < likelihood(near, T)
