"""One word for a promise: well only where everything surely is."""

from __future__ import annotations

import pytest

from modeldeck.domain.objectives.burn import RULES, Budget, Burn, Standing
from modeldeck.domain.objectives.objective import Indicator, Objective
from modeldeck.domain.objectives.status import Assessment, IndicatorStatus, ObjectiveStatus, assessment

S = Standing


@pytest.mark.parametrize(
    ("budget", "burns", "found"),
    [
        (S.OK, [S.OK, S.OK], Assessment.OK),
        (S.OK, [S.UNREACHABLE, S.OK], Assessment.OK),
        (S.OK, [S.BREACHED, S.OK], Assessment.BURNING),
        (S.BREACHED, [S.BREACHED, S.OK], Assessment.SPENT),
        (S.INSUFFICIENT, [S.BREACHED], Assessment.BURNING),
        (S.OK, [S.INSUFFICIENT, S.OK], Assessment.INSUFFICIENT),
        (S.OK, [S.INSUFFICIENT, S.NO_DATA], Assessment.NO_DATA),
        (S.NO_DATA, [S.NO_DATA], Assessment.NO_DATA),
    ],
)
def test_one_word(budget: Standing, burns: list[Standing], found: Assessment) -> None:
    made = tuple(Burn(rule, one, None, None) for rule, one in zip(RULES, burns, strict=False))
    assert assessment(IndicatorStatus(Indicator.LATENCY, 0.99, Budget(budget), made)) is found


def test_what_is_not_known_is_not_well() -> None:
    one = IndicatorStatus(Indicator.AVAILABILITY, 0.99, Budget(S.OK), not_known="no counter")
    assert assessment(one) is Assessment.NOT_KNOWN


@pytest.mark.parametrize(("covered", "found"), [(None, False), (97.0, False), (98.0, True), (100.0, True)])
def test_whether_the_window_is_covered(covered: float | None, found: bool) -> None:
    assert ObjectiveStatus("a/b", Objective(0.9, window=100.0), (), covered).covers_all is found
