from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.backoff import FIRST, JITTER, LONGEST, Backoff


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.one_of(st.none(), st.floats(0, 600))), min_size=1, max_size=40))
def test_pauses_grow_to_the_longest_with_jitter_and_never_undercut_what_was_asked_for(rounds: list[tuple[float, float | None]]) -> None:
    chances = iter([chance for chance, _ in rounds])
    backoff = Backoff(chance=lambda: next(chances))
    for number, (_, asked) in enumerate(rounds):
        pause = backoff.next(asked)
        base = max(min(LONGEST, FIRST * 2**number), asked or 0.0)
        assert base <= pause <= base * (1 + JITTER)


def test_after_a_reset_it_begins_anew() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.next() for _ in range(3)] == [0.8, 1.6, 3.2]
    backoff.reset()
    assert backoff.next() == 0.8


def test_after_healthy_seconds_it_begins_anew() -> None:
    now = 100.0
    backoff = Backoff(healthy=120.0, chance=lambda: 0.0, monotonic=lambda: now)
    assert [backoff.next(), backoff.next(90.0)] == [0.8, 90.0]
    now += 90.0 + 120.0
    assert backoff.next() == 3.2
    now += 3.2 + 120.1
    assert backoff.next() == 0.8


def test_without_a_limit_time_alone_makes_it_no_smaller() -> None:
    now = 0.0
    backoff = Backoff(chance=lambda: 0.0, monotonic=lambda: now)
    assert backoff.next() == 0.8
    now = 1e9
    assert backoff.next() == 1.6
