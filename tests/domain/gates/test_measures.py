"""What was measured, and what was not."""

from __future__ import annotations

from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Measure, Measured, missing, nothing


def test_what_nobody_asked_for_is_no_data_and_never_0() -> None:
    assert {each.value for each in (Measured().requests, Measured().failed, Measured().latency)} == {None}
    assert (Measured().requests.trouble, Measured().requests.message) == (Trouble.NO_DATA, "not asked")


def test_the_query_of_a_ratio_is_of_both() -> None:
    both = Measured(Measure(10, "sum(all)"), Measure(1, "sum(bad)"))
    assert both.ratio_query == "sum(bad) / sum(all)"
    assert Measured(Measure(10, "sum(all)")).ratio_query == ""
    assert Measured(failed=Measure(1, "sum(bad)")).ratio_query == ""


def test_why_nothing_is_known_is_said_of_everything() -> None:
    found = nothing(Trouble.NO_DATA, "away")
    assert found.requests == found.failed == missing(Trouble.NO_DATA, "away")
    assert found.latency == found.predictions == missing(Trouble.NO_DATA, "away")
