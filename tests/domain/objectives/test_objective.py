"""Which promise is whose."""

from __future__ import annotations

import pytest

from modeldeck.domain.objectives.objective import Indicator, LatencyTarget, Objective, objective_of

ONE, OTHER, THIRD = (Objective(availability=share) for share in (0.9, 0.99, 0.999))


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("serving/iris", THIRD),
        ("serving/iris-v2", ONE),
        ("serving/rose", ONE),
        ("other/iris", OTHER),
        ("other/rose", None),
        ("serving/deep/iris", None),
    ],
)
def test_the_name_itself_comes_first_then_the_first_pattern(key: str, found: Objective | None) -> None:
    assert objective_of((("serving/*", ONE), ("*/iris", OTHER), ("serving/iris", THIRD)), key) == found


def test_what_is_promised() -> None:
    assert Objective(0.9, LatencyTarget(0.25, 0.99)).targets == {Indicator.AVAILABILITY: 0.9, Indicator.LATENCY: 0.99}
    assert Objective(latency=LatencyTarget(0.25, 0.5)).targets == {Indicator.LATENCY: 0.5}
