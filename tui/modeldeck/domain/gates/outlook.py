"""What a gate can see: how soon it can tell a change beyond its margins, and how many requests are missing until it decides.

Answered by the criteria themselves, asked about counts as they would be if the requests went on as they did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from modeldeck.domain.gates.criteria import DRIFT, ERRORS, ERRORS_COMPARED, LATENCY, LATENCY_COMPARED, built_in, by_errors, by_latency
from modeldeck.domain.gates.formatting import shown, span
from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Trouble
from modeldeck.domain.gates.latency import slowed
from modeldeck.domain.gates.looks import Levels, levels
from modeldeck.domain.gates.measures import Buckets, Measure, Measured
from modeldeck.domain.gates.settings import Gate

_STEP = 1.2
"""Between two times that are tried: nearer than what comes by chance."""
_FAR = 100.0
"""So many times as many requests as there are: what they would not decide is left to a person."""


def scaled(found: Measured, times: float) -> Measured:
    """The same with so many times as many requests."""

    def count(measure: Measure[int]) -> Measure[int]:
        return replace(measure, value=None if measure.value is None else round(times * measure.value))

    def buckets(measure: Measure[Buckets]) -> Measure[Buckets]:
        return replace(measure, value=None if measure.value is None else tuple((bound, times * many) for bound, many in measure.value))

    return replace(
        found,
        requests=count(found.requests),
        failed=count(found.failed),
        latency=buckets(found.latency),
        predictions=buckets(found.predictions),
    )


def with_missing(
    gate: Gate, results: Iterable[CriterionResult], new: Measured, old: Measured, seconds: float
) -> tuple[CriterionResult, ...]:
    """The results, those that are undecided with how many more requests, in how much time, would probably decide them. `seconds`: for how
    long the new version was looked at."""
    results = tuple(results)
    undecided = {result.name for result in results if result.trouble is Trouble.UNDECIDED}
    times, decided = 1.0, dict[str, float]()
    while undecided - set(decided) and times < _FAR:
        times *= _STEP
        for result in built_in(gate, scaled(new, times), old):
            if result.verdict in (GateVerdict.PASS, GateVerdict.FAIL):
                decided.setdefault(result.name, times)
    return tuple(_missing(result, decided, seconds) for result in results)


def _missing(result: CriterionResult, decided: dict[str, float], counted: float) -> CriterionResult:
    more = result.more_requests
    if result.trouble is Trouble.UNDECIDED:
        if result.name not in decided:
            return replace(result, message=f"{result.message}, and more requests will hardly tell")
        more = math.ceil((decided[result.name] - 1) * (result.requests or 0))
    if more is None or not result.requests:
        return replace(result, more_requests=more or None)
    seconds = counted * more / result.requests
    message = f"{result.message}: about {more} more {_counted(result)} needed ({span(seconds)})"
    return replace(result, more_requests=more, more_seconds=seconds, message=message)


def _counted(result: CriterionResult) -> str:
    return "predictions" if result.name == DRIFT else "requests"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one criterion can tell. `seconds` since the gate began, in the median; None: not within its time."""

    criterion: str
    change: str
    """In words: "a doubling of errors"."""
    seconds: float | None


def sights(gate: Gate, today: Measured, window: float) -> tuple[Sight, ...]:
    """After how long each criterion would let in a version that does exactly as the one that serves today, measured for `window` seconds:
    until then it could not tell a change beyond its margin from none. Those that cannot be judged at all are left out."""
    told: dict[str, float] = {}
    seconds, last = gate.interval, max(gate.interval, gate.timeout - gate.warm_up)
    found = built_in(gate, today, today)
    while True:
        for result in built_in(gate, scaled(today, seconds / window), today, gate.warm_up + seconds):
            if result.verdict is GateVerdict.PASS:
                told.setdefault(result.name, gate.warm_up + seconds)
        if seconds >= last or len(told) == len(found):
            break
        seconds = min(last, seconds * _STEP)
    judged = [result for result in found if result.trouble in (None, Trouble.UNDECIDED)]
    return tuple(Sight(result.name, _change(gate, result), told.get(result.name)) for result in judged)


_LUCK = 1.645
"""Standard deviations below what is to be expected, which a count is in 1 of 20 cases."""
TIMES_AS_SLOW = 10.0
"""What is a catastrophe."""


def collapse_seen(gate: Gate, today: Measured, window: float) -> float | None:
    """Seconds since the gate began after which a version half of whose requests fail has been undone in 19 of 20 cases; None: not within
    its time, or nobody counts them."""
    if today.requests.value is None or today.failed.value is None:
        return None
    rate = today.requests.value / window

    def failing(seconds: float, sure: Levels) -> list[CriterionResult]:
        half = rate * seconds / 2
        failed = max(0, math.floor(half - _LUCK * math.sqrt(half)))
        return by_errors(gate, sure, Measured(Measure(failed + round(half)), Measure(failed)), today)

    return _undone_after(gate, failing)


def slowness_seen(gate: Gate, today: Measured, window: float) -> float | None:
    """Likewise for a version that is ten times as slow. What came before the first scrape and after the last one, its buckets do not
    tell."""
    if not today.latency.value:
        return None
    rate = max(count for _, count in today.latency.value) / window

    def slow(seconds: float, sure: Levels) -> list[CriterionResult]:
        seen = max(0.0, 1 - gate.scrape / seconds)
        found = slowed(today.latency.value or (), TIMES_AS_SLOW, seen * rate * seconds, _LUCK)
        return by_latency(gate, sure, Measured(latency=Measure(found)), today)

    return _undone_after(gate, slow)


def _undone_after(gate: Gate, judged: Callable[[float, Levels], list[CriterionResult]]) -> float | None:
    """`judged`: what the gate says so many seconds after its warm-up."""
    for look in range(1, math.floor((gate.timeout - gate.warm_up) / gate.interval) + 1):
        seconds = look * gate.interval
        if any(result.verdict is GateVerdict.FAIL for result in judged(seconds, levels(gate, gate.warm_up + seconds))):
            return gate.warm_up + seconds
    return None


def sight_words(sights: Iterable[Sight], per_second: float, collapse: str = "") -> str:
    """ "at 2.7 requests a second it can tell a doubling of errors after about 9 min; a smaller change needs more". `collapse`: what is to
    be said of a version that is a catastrophe."""
    soon: dict[str, list[str]] = {}
    for sight in sights:
        if sight.seconds is not None:
            soon.setdefault(span(sight.seconds), []).append(sight.change)
    if not soon:
        return f"at {per_second:.2g} requests a second it can tell nothing in its time{collapse}"
    told = ", ".join(f"{' and '.join(changes)} after about {after}" for after, changes in soon.items())
    return f"at {per_second:.2g} requests a second it can tell {told}; a smaller change needs more{collapse}"


_TIMES = {2.0: "a doubling", 3.0: "a tripling"}


def _change(gate: Gate, result: CriterionResult) -> str:
    match result.name:
        case name if name == ERRORS:
            return f"an error ratio over {shown(gate.max_error_ratio, 'ratio')}"
        case name if name == ERRORS_COMPARED:
            rise = gate.max_error_rise or 1.0
            if (result.baseline or 0.0) * rise <= gate.tolerated_errors:
                return f"a rise of errors over {shown(gate.tolerated_errors, 'ratio')}"
            return f"{_TIMES.get(rise, f'{rise:g} × the number')} of errors"
        case name if name == LATENCY:
            return f"a p99 over {shown(gate.max_p99, 's')}"
        case name if name == LATENCY_COMPARED:
            return f"a p99 {gate.max_p99_ratio:g} × as long"
    return f"a drift over {gate.max_drift:g} PSI"
