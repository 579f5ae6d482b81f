from __future__ import annotations

import pytest

from modeldeck.domain.failures import Failure
from modeldeck.domain.reading import Reading


def test_when_it_was_asked_for_and_how_old_it_is() -> None:
    read = Reading("prod", "value", fetched_at=100.0, took=2.5)
    assert (read.asked_at, Reading("prod", "value", fetched_at=100.0).asked_at, Reading("prod").asked_at) == (97.5, 100.0, None)
    assert [read.age(now) for now in (100.0, 108.0, 90.0)] == [0.0, 8.0, 0.0]
    assert Reading("prod").age(100.0) is None


FAILED = Failure("no answer")


@pytest.mark.parametrize(
    ("fetched_at", "fails", "state"), [(None, False, "loading"), (1.0, False, "live"), (1.0, True, "stale"), (None, True, "unavailable")]
)
def test_what_state_it_is_in(fetched_at: float | None, fails: bool, state: str) -> None:
    assert Reading("prod", None, fetched_at, FAILED if fails else None).state == state
