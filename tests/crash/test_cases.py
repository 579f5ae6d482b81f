"""Samples of the matrix: every kind of step × fault is in each, and a few see everything."""

from __future__ import annotations

from tests.crash.cases import SCENARIOS, Case, cases, drawn, kind

RECORDED = (
    "hold the lock",
    "after hold the lock: read 1",
    "patch the template",
    "patch the template #2",
    "tag 1 left",
    "tag 2 operation",
    "give the lock back",
)
EVERYTHING = [case for scenario in SCENARIOS for case in cases(scenario, RECORDED)]


def test_a_kind_is_a_step_and_a_fault_of_whatever_operation() -> None:
    kinds = {kind(case)[0] for case in EVERYTHING}
    assert kinds == {"hold the lock", "after hold the lock", "patch the template", "tag left", "tag operation", "give the lock back"}


def test_each_sample_begins_with_one_of_each_kind_and_leaves_out_nothing() -> None:
    for seed in range(20):
        first, others = drawn(EVERYTHING, seed)
        assert len(first) == len({kind(case) for case in first}) == len({kind(case) for case in EVERYTHING})
        assert sorted(case.name for case in (*first, *others)) == sorted(case.name for case in EVERYTHING)


def test_a_seed_draws_the_same_again_in_whatever_order_they_were_recorded() -> None:
    assert drawn(EVERYTHING, 7) == drawn(EVERYTHING[::-1], 7) != drawn(EVERYTHING, 8)


def test_samples_together_see_everything() -> None:
    seen: set[Case] = set()
    for seed in range(60):
        seen.update(drawn(EVERYTHING, seed)[0])
    assert seen == set(EVERYTHING)
