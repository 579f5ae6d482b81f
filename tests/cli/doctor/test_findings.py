"""Findings of doctor: what a failure advises somebody who asks once."""

from __future__ import annotations

import pytest

from modeldeck.cli.doctor.findings import Finding, failed, hint_of
from modeldeck.domain.failures import Failure, Throttled, TimedOut, Unreachable


def test_a_failure_is_a_finding_that_does_not_work() -> None:
    assert failed("reachable", Unreachable("refused", hint="start it")) == Finding("reachable", False, "refused", "start it")


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        (TimedOut("late"), "it is slow or hung: look at it where it runs, then ask again"),
        (TimedOut("late", hint="own words"), "own words"),
        (Throttled("busy"), "it asked for a pause: ask again later"),
        (Throttled("busy", retry_after=7.4), "it asked for a pause: ask again later, after 7 s"),
        (Unreachable("refused"), Unreachable.default_hint),
    ],
)
def test_nobody_is_told_to_wait_for_what_only_a_console_does(failure: Failure, hint: str) -> None:
    assert hint_of(failure) == hint
