"""What a gate can see, and what it lacks, told beforehand and while it waits."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tui.domain.gates import Gate, GateVerdict
from tui.domain.gates.criteria import built_in
from tui.domain.gates.judgement import Trouble
from tui.domain.gates.measures import Measure, Measured, missing
from tui.domain.gates.outlook import scaled, sight_words, sights, with_missing
from tui.domain.gates.words import span

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
    assert f"about {result.more_requests} more requests needed" in result.words
    (then,) = built_in(ERRORS_ONLY, scaled(new, 1 + result.more_requests / 600), old)
    assert then.verdict is GateVerdict.PASS


def test_what_lies_at_the_edge_will_hardly_be_told() -> None:
    new, old = served(1000, 20), served(18_000, 180)
    (result,) = with_missing(ERRORS_ONLY, built_in(ERRORS_ONLY, new, old), new, old, 120.0)
    assert (result.more_requests, result.more_seconds) == (None, None)
    assert result.words.endswith("and more requests will hardly tell")


def test_what_is_decided_lacks_nothing() -> None:
    new, old = served(10_000, 100), served(40_000, 400)
    (result,) = with_missing(ERRORS_ONLY, built_in(ERRORS_ONLY, new, old), new, old, 120.0)
    assert (result.verdict, result.more_requests) == (GateVerdict.PASS, None)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (116, "116 s"), (540, "9 min"), (7200, "2 h"), (10_000, "3 h"), (200_000, "2 d")]
)
def test_about_how_long(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_where_nothing_was_counted_nothing_is_said_of_how_much_is_missing() -> None:
    new, old = served(600, 6), served(18_000, 180)
    (result,) = built_in(ERRORS_ONLY, new, old)
    (found,) = with_missing(ERRORS_ONLY, [replace(result, requests=0)], new, old, 120.0)
    assert (found.more_requests, found.more_seconds, found.words) == (None, None, result.words)
