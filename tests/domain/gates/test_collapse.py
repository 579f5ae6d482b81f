"""How soon a gate undoes a version that fails half of its requests, told beforehand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.gates import Gate
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Measure, Measured, missing
from modeldeck.domain.gates.outlook import collapse_seen

GATE = Gate()


def served(requests: int, failed: int = 0) -> Measured:
    return Measured(Measure(requests), Measure(failed), Measure(((0.1, requests), (math.inf, requests))))


@pytest.mark.parametrize(("a_second", "seconds"), [(10.0, 75.0), (1.0, 90.0), (0.5, 105.0), (0.1, 240.0)])
def test_more_traffic_shows_a_collapse_sooner_and_never_between_two_looks(a_second: float, seconds: float) -> None:
    assert collapse_seen(GATE, served(round(a_second * 3600)), 3600.0) == seconds


def test_it_is_a_matter_of_requests_a_second_whatever_the_window() -> None:
    assert collapse_seen(GATE, served(3600), 3600.0) == collapse_seen(GATE, served(600), 600.0) == 90.0


def test_what_does_not_come_within_its_time_is_never_told() -> None:
    assert collapse_seen(GATE, served(18), 3600.0) is None
    assert collapse_seen(replace(GATE, timeout=74.0), served(36_000), 3600.0) is None
    assert collapse_seen(replace(GATE, timeout=75.0), served(36_000), 3600.0) == 75.0
    assert collapse_seen(GATE, served(0), 3600.0) is None


def test_only_failed_requests_tell_it() -> None:
    assert collapse_seen(replace(GATE, max_error_rise=None), served(36_000), 3600.0) == 75.0
    assert collapse_seen(replace(GATE, max_error_ratio=None), served(36_000), 3600.0) == 75.0
    assert (
        collapse_seen(replace(GATE, max_error_ratio=None, max_error_rise=None, max_drift=0.1, max_p99=0.1), served(36_000), 3600.0) is None
    )
    unknown: Measure[int] = missing(Trouble.NO_METRIC, "nobody counts")
    assert collapse_seen(GATE, replace(served(36_000), failed=unknown), 3600.0) is None
    assert collapse_seen(GATE, replace(served(36_000), requests=unknown), 3600.0) is None


def test_other_limits_do_not_dilute_how_sure_it_must_be() -> None:
    """Each criterion shares what may be undone wrongly: of requests alone, those of errors have it all."""
    found = [collapse_seen(replace(GATE, max_drift=drift, max_p99=p99), served(1200), 3600.0) for drift, p99 in ((None, None), (0.1, 0.2))]
    assert found[0] == found[1]
