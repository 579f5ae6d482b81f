"""What a gate can see, and what it lacks, told beforehand and while it waits."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict
from modeldeck.domain.gates.criteria import built_in
from modeldeck.domain.gates.formatting import span
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Buckets, Measure, Measured, missing
from modeldeck.domain.gates.outlook import Sight, scaled, sight_words, sights, with_missing

ERRORS_ONLY = Gate(max_error_ratio=None, max_p99_ratio=None)


def served(requests: int, failed: int) -> Measured:
    return Measured(Measure(requests), Measure(failed), Measure(((0.1, requests), (math.inf, requests))))


def test_more_traffic_sees_sooner() -> None:
    slow, quick = (sights(ERRORS_ONLY, served(rate * 3600, rate * 36), 3600.0)[0] for rate in (3, 30))
    assert slow.change == quick.change == "a doubling of errors"
    assert slow.seconds is not None
    assert quick.seconds is not None
    assert quick.seconds < slow.seconds / 4


def test_what_comes_too_late_is_never() -> None:
    (sight,) = sights(ERRORS_ONLY, served(360, 4), 3600.0)
    assert sight.seconds is None
    assert sight_words([sight], 0.1) == "at 0.1 requests a second it can tell nothing in its time"


def test_in_words() -> None:
    found = sights(ERRORS_ONLY, served(18_000, 180), 3600.0)
    assert (
        sight_words(found, 5.0) == "at 5 requests a second it can tell a doubling of errors after about 11 min; a smaller change needs more"
    )
    few = sights(Gate(max_p99=0.5, max_p99_ratio=None, max_error_rise=3.0), served(18_000, 0), 3600.0)
    assert [sight.change for sight in few] == ["an error ratio over 10 %", "a rise of errors over 1 %", "a p99 over 500 ms"]
    (tripled,) = sights(Gate(max_error_ratio=None, max_p99_ratio=None, max_error_rise=3.0), served(18_000, 180), 3600.0)
    assert tripled.change == "a tripling of errors"


def test_what_cannot_be_judged_is_not_seen() -> None:
    blind = Measured(Measure(1000), missing(Trouble.NO_METRIC, "nobody counts errors"))
    assert sights(ERRORS_ONLY, blind, 3600.0) == ()


def test_what_is_missing_would_decide() -> None:
    new, old = served(600, 6), served(18_000, 180)
    (result,) = with_missing(ERRORS_ONLY, built_in(ERRORS_ONLY, new, old), new, old, 120.0)
    assert result.trouble is Trouble.UNDECIDED
    assert result.more_requests is not None
    assert result.more_seconds == pytest.approx(120 * result.more_requests / 600)
    assert f"about {result.more_requests} more requests needed" in result.message
    (then,) = built_in(ERRORS_ONLY, scaled(new, 1 + result.more_requests / 600), old)
    assert then.verdict is GateVerdict.PASS


def test_what_lies_at_the_edge_will_hardly_be_told() -> None:
    new, old = served(1000, 20), served(18_000, 180)
    (result,) = with_missing(ERRORS_ONLY, built_in(ERRORS_ONLY, new, old), new, old, 120.0)
    assert (result.more_requests, result.more_seconds) == (None, None)
    assert result.message.endswith("and more requests will hardly tell")


def test_what_is_decided_lacks_nothing() -> None:
    new, old = served(10_000, 100), served(40_000, 400)
    (result,) = with_missing(ERRORS_ONLY, built_in(ERRORS_ONLY, new, old), new, old, 120.0)
    assert (result.verdict, result.more_requests) == (GateVerdict.PASS, None)


@pytest.mark.parametrize(
    ("seconds", "message"), [(0.2, "1 s"), (40, "40 s"), (116, "116 s"), (540, "9 min"), (7200, "2 h"), (10_000, "3 h"), (200_000, "2 d")]
)
def test_about_how_long(seconds: float, message: str) -> None:
    assert span(seconds) == message


def test_where_nothing_was_counted_nothing_is_said_of_how_much_is_missing() -> None:
    new, old = served(600, 6), served(18_000, 180)
    (result,) = built_in(ERRORS_ONLY, new, old)
    (found,) = with_missing(ERRORS_ONLY, [replace(result, requests=0)], new, old, 120.0)
    assert (found.more_requests, found.more_seconds, found.message) == (None, None, result.message)


@pytest.mark.parametrize("rate", [3, 5, 12, 40])
def test_a_sight_is_when_the_criterion_would_pass_and_not_much_before(rate: int) -> None:
    today = served(rate * 3600, rate * 36)
    (sight,) = sights(ERRORS_ONLY, today, 3600.0)
    assert sight.seconds is not None
    counted = sight.seconds - ERRORS_ONLY.warm_up

    def passes(seconds: float) -> bool:
        (found,) = built_in(ERRORS_ONLY, scaled(today, seconds / 3600), today, ERRORS_ONLY.warm_up + seconds)
        return found.verdict is GateVerdict.PASS

    assert passes(counted)
    assert not passes(counted / 1.25)


def test_every_sight_is_tried_until_the_time_is_up_and_none_after_it() -> None:
    """With the last look's own part, and no sooner than after one interval."""
    busy = served(10**8, 10**6)
    assert [sight.seconds for sight in sights(replace(Gate(), max_p99=0.5), busy, 3600.0)] == [75.0, 75.0, 75.0]
    short = replace(ERRORS_ONLY, timeout=30.0)
    assert [sight.seconds for sight in sights(short, busy, 3600.0)] == [75.0]
    (late,) = sights(replace(ERRORS_ONLY, timeout=1000.0), served(8000, 80), 3600.0)
    (never,) = sights(replace(ERRORS_ONLY, timeout=1000.0), served(6000, 60), 3600.0)
    assert (late.seconds, never.seconds) == (1000.0, None)


def test_sights_that_come_together_are_told_together() -> None:
    told = [Sight("a", "this", 130.0), Sight("b", "that", 125.0), Sight("c", "never", None), Sight("d", "more", 600.0)]
    assert sight_words(told, 2.66, "; so") == (
        "at 2.7 requests a second it can tell this and that after about 2 min, more after about 10 min; a smaller change needs more; so"
    )
    assert sight_words([], 2.66, "; and that") == "at 2.7 requests a second it can tell nothing in its time; and that"


@pytest.mark.parametrize(
    ("gate", "change"),
    [
        (Gate(max_error_ratio=None, max_p99_ratio=None, max_error_rise=2.5), "2.5 × the number of errors"),
        (Gate(max_error_ratio=None, max_p99_ratio=None, max_error_rise=2.0, tolerated_errors=0.02), "a rise of errors over 2 %"),
        (Gate(max_error_ratio=None, max_p99_ratio=None, max_error_rise=2.0, tolerated_errors=0.0199), "a doubling of errors"),
        (Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=1.5), "a p99 1.5 × as long"),
        (Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None, max_drift=0.2), "a drift over 0.2 PSI"),
    ],
)
def test_what_a_sight_tells(gate: Gate, change: str) -> None:
    latency: Measure[Buckets] = Measure(((0.05, 9e4), (0.1, 9.9e4), (0.2, 9.98e4), (0.4, 1e5), (math.inf, 1e5)))
    today = replace(served(100_000, 1000), latency=latency, predictions=Measure(((0.0, 5e4), (1.0, 8e4), (math.inf, 1e5))))
    (sight,) = sights(gate, today, 3600.0)
    assert sight.change == change


def test_scaled_is_everything_that_is_counted_so_many_times() -> None:
    one = replace(served(7, 1), predictions=Measure(((0.5, 3.0), (math.inf, 7.0)), "q"), seen=0.5)
    found = scaled(one, 2.5)
    assert (found.requests.value, found.failed.value) == (18, 2)
    assert found.latency.value == ((0.1, 17.5), (math.inf, 17.5))
    assert found.predictions == Measure(((0.5, 7.5), (math.inf, 17.5)), "q")
    assert found.seen == 0.5
    blind = Measured(missing(Trouble.NO_METRIC, "none"))
    assert scaled(blind, 2.5) == blind


def test_what_a_criterion_already_lacks_is_told_with_its_time() -> None:
    """A criterion of one's own that waits for requests, and one of predictions."""
    new = served(600, 6)
    few = CriterionResult("own", GateVerdict.INSUFFICIENT, "5 requests", trouble=Trouble.FEW_REQUESTS, requests=5, more_requests=15)
    none = replace(few, requests=0)
    done = CriterionResult("own", GateVerdict.PASS, "3", requests=5)
    found = with_missing(ERRORS_ONLY, (few, none, done), new, new, 20.0)
    assert (found[0].more_requests, found[0].more_seconds) == (15, 60.0)
    assert found[0].message == "5 requests: about 15 more requests needed (60 s)"
    assert (found[1].more_requests, found[1].more_seconds, found[1].message) == (15, None, "5 requests")
    assert found[2] == done


def test_of_drift_predictions_are_missing() -> None:
    gate = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None, max_drift=0.1)
    new = Measured(predictions=Measure(((0.0, 60.0), (1.0, 140.0), (2.0, 180.0), (math.inf, 240.0))))
    old = Measured(predictions=Measure(((0.0, 3e4), (1.0, 6e4), (2.0, 9e4), (math.inf, 12e4))))
    (result,) = with_missing(gate, built_in(gate, new, old), new, old, 60.0)
    assert result.more_requests is not None
    assert f"about {result.more_requests} more predictions needed" in result.message
