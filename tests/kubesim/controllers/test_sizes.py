"""The arithmetic of rollouts, played through with pods that become available in any order."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.controllers.sizes import Size, fences, grown, proportional, shrunk

AMOUNTS = st.integers(0, 5) | st.integers(0, 100).map(lambda percent: f"{percent}%")


@given(AMOUNTS, AMOUNTS, st.integers(1, 20))
def test_fences_always_let_something_move(surge: int | str, unavailable: int | str, wanted: int) -> None:
    found = fences(surge, unavailable, wanted)
    assert found.surge + found.unavailable > 0
    assert 0 <= found.unavailable <= wanted


@settings(max_examples=80)
@given(AMOUNTS, AMOUNTS, st.integers(1, 8), st.lists(st.integers(0, 6), max_size=3), st.randoms(use_true_random=False))
def test_a_rollout_keeps_to_its_fences_and_ends(
    surge: int | str, unavailable: int | str, wanted: int, old: list[int], chance: random.Random
) -> None:
    """Old sets are fully available at the start; new pods become available one by one, at any time."""
    limits = fences(surge, unavailable, wanted)
    sizes = {f"old{at}": size for at, size in enumerate(old)}
    total = sum(sizes.values())
    if total > wanted + limits.surge or total < wanted:
        sizes = {"old0": wanted}
    available = dict(sizes)
    sizes["new"], available["new"] = 0, 0
    for _ in range(500):
        step(sizes, available, wanted, limits.surge, limits.unavailable)
        assert sum(sizes.values()) <= wanted + limits.surge
        assert sum(available.values()) >= wanted - limits.unavailable
        if sizes["new"] == wanted and sum(sizes.values()) == wanted and available["new"] == wanted:
            return
        if available["new"] < sizes["new"] and chance.random() < 0.5:
            available["new"] += 1
    raise AssertionError(f"stuck at {sizes}, available {available}")


def step(sizes: dict[str, int], available: dict[str, int], wanted: int, surge: int, unavailable: int) -> None:
    """One sync: grow the new set, or else shrink the old ones, whose surplus pods go at once."""
    new = grown(wanted, surge, sum(sizes.values()), sizes["new"])
    if new != sizes["new"]:
        sizes["new"] = new
        return
    old = [Size(name, size, available[name], created=name) for name, size in sizes.items() if name != "new" and size]
    for name, size in shrunk(wanted, unavailable, Size("new", sizes["new"], available["new"]), old).items():
        sizes[name] = size
        available[name] = min(available[name], size)


def test_broken_pods_of_old_sets_go_first() -> None:
    old = [Size("first", 3, available=3, created="1"), Size("second", 2, available=0, created="2")]
    assert shrunk(4, 1, Size("new", 0), old) == {"second": 0}


def test_an_unavailable_new_set_does_not_cost_old_pods() -> None:
    assert shrunk(4, 0, Size("new", 1, available=0), [Size("old", 4, available=4)]) == {}


@given(st.integers(0, 30), st.integers(0, 5), st.lists(st.integers(1, 10), min_size=2, max_size=4), st.integers(1, 30))
def test_shares_add_up_to_what_is_allowed(wanted: int, surge: int, parts: list[int], before: int) -> None:
    active = [Size(f"s{at}", size, created=str(at), maximum=before + surge) for at, size in enumerate(parts)]
    shares = proportional(wanted, surge, active, sum(parts))
    allowed = wanted + surge if wanted else 0
    assert all(size >= 0 for size in shares.values())
    assert sum(shares.values()) == allowed or any(size == 0 for size in shares.values())


def test_nothing_to_share_changes_nothing() -> None:
    active = [Size("a", 3, created="1", maximum=5), Size("b", 2, created="2", maximum=5)]
    assert proportional(4, 1, active, 5) == {"a": 3, "b": 2}
