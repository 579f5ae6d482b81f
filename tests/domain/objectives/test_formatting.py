"""Objectives for people."""

from __future__ import annotations

import pytest

from modeldeck.domain.objectives.burn import Budget, Count, Standing, budget
from modeldeck.domain.objectives.formatting import left, length, notes_of, promise
from modeldeck.domain.objectives.objective import Indicator, LatencyTarget, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus

BOTH = Objective(0.999, LatencyTarget(0.25, 0.95), 30 * 86400.0)


@pytest.mark.parametrize(("seconds", "text"), [(300.0, "5m"), (3600.0, "1h"), (5400.0, "1.5h"), (86400.0, "1d"), (30 * 86400.0, "30d")])
def test_lengths(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_promises() -> None:
    assert promise(BOTH, Indicator.AVAILABILITY) == "availability 99.9 %, 30d"
    assert promise(BOTH, Indicator.LATENCY) == "latency < 250 ms 95 %, 30d"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Budget(Standing.NO_DATA), "–"),
        (budget(0.999, Count(100_000, 25)), "75.0 %"),
        (budget(0.999, Count(100_000, 150)), "-50.0 %"),
        (budget(0.999, Count(99_990, 25, unsure=10)), "65.0 % to 75.0 %"),
        (budget(0.999, Count(100_000, 25, unsure=None)), "at most 75.0 % ?"),
        (budget(0.999, Count(100, 0)), "100.0 % ?"),
    ],
)
def test_what_is_left(found: Budget, text: str) -> None:
    assert left(found) == text


def notes(count: Count, *, covered: float | None = None, not_known: str = "", at: float | None = None) -> list[str]:
    one = IndicatorStatus(Indicator.AVAILABILITY, 0.999, budget(0.999, count), not_known=not_known, notes=("a note",))
    return list(notes_of(ObjectiveStatus("a/b", BOTH, (one,), covered, at)))


def test_what_the_figures_do_not_say() -> None:
    assert notes(Count(100_000, 25)) == ["a/b availability: a note"]
    assert notes(Count(100, 1))[0] == "a/b availability: 100 requests, 1 of them bad, are too few to tell"
    assert notes(Count(100_000, 25, partial=True))[0] == "a/b availability: data are missing or doubtful, so that nothing is well for sure"
    assert notes(Count(100_000, 25), not_known="no counter")[0] == "a/b availability: not known: no counter"
    assert notes(Count(100_000, 25), at=1.0, covered=86400.0 * 3)[0] == "a/b: Prometheus has no data of all 30d: the budget is that of 3 d"
    assert notes(Count(100_000, 25), at=1.0)[0] == "a/b: Prometheus has no data of all 30d: the budget is that nobody knows of how much"
    assert notes(Count(100_000, 25), at=1.0, covered=86400.0 * 30) == ["a/b availability: a note"]
