"""What a gate says: verdicts of its criteria at one moment, and what they come to together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from modeldeck.domain.gates.settings import Op


class GateVerdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    INSUFFICIENT = "insufficient"
    """Too little is known: holds, never passes, never fails."""
    ERROR = "error"
    """It cannot be judged: the metrics server is down, or a query is wrong."""


class Trouble(StrEnum):
    """Why a criterion was neither passed nor failed: for programs, as `message` says it for people."""

    NO_METRIC = "no metric"
    NO_DATA = "no data"
    FEW_REQUESTS = "few requests"
    UNDECIDED = "undecided"
    """What was counted neither shows nor excludes a change beyond the margin."""
    COARSE = "coarse buckets"
    """However many requests there were, such buckets would not tell."""
    PARTIAL = "partial data"
    SEVERAL_SERIES = "several series"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"

    @property
    def verdict(self) -> GateVerdict:
        wrong = (Trouble.SEVERAL_SERIES, Trouble.REJECTED, Trouble.UNREACHABLE)
        return GateVerdict.ERROR if self in wrong else GateVerdict.INSUFFICIENT


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion at one moment. None: not known, which is never 0; every number is finite."""

    name: str
    verdict: GateVerdict
    message: str = ""
    """Why this verdict, in one line."""
    query: str = ""
    """PromQL that a person could ask instead."""
    value: float | None = None
    unit: str = ""
    """Of `value`, `limit` and `baseline`: "ratio" (0–1), "s", "×", "PSI", or a user's own."""
    bound: str = ""
    """In words, with the operator: "≤ 5 %"."""
    limit: float | None = None
    """The bound as a number, where it is one."""
    op: Op = Op.AT_MOST
    baseline: float | None = None
    """The same value of the version being replaced, where it is compared."""
    requests: int | None = None
    """How many requests of the new version the value rests on."""
    warnings: tuple[str, ...] = ()
    """What Prometheus says about its answer: partial data."""
    trouble: Trouble | None = None
    """None where it passed or failed."""
    more_requests: int | None = None
    """How many more would probably decide it, if they went on as they did; None: it is decided, or they would not."""
    more_seconds: float | None = None
    """In how much time they would come."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All criteria at one moment."""

    at: float
    """Seconds since the epoch: for people, and for Prometheus. Nothing is decided by it."""
    elapsed: float
    """Seconds since the gate began, by a clock that never jumps: this is what `decide` goes by."""
    verdict: GateVerdict
    criteria: tuple[CriterionResult, ...] = ()
    requests: int | None = None
    """Requests of the new version in the window."""
    window: float = 0.0
    """Seconds that it looked back."""
    message: str = ""


_ORDER = (GateVerdict.FAIL, GateVerdict.ERROR, GateVerdict.INSUFFICIENT, GateVerdict.PASS)


def combine(verdicts: Iterable[GateVerdict]) -> GateVerdict:
    """FAIL before ERROR before INSUFFICIENT; PASS only where all pass. Nothing judged is INSUFFICIENT."""
    found = set(verdicts)
    return next((verdict for verdict in _ORDER if verdict in found), GateVerdict.INSUFFICIENT)


def judgement(
    criteria: Iterable[CriterionResult], *, at: float, elapsed: float, requests: int | None = None, window: float = 0.0
) -> Judgement:
    """The criteria together; the words are those of the criteria that decide."""
    results = tuple(partial_cannot_pass(result) for result in criteria)
    verdict = combine(result.verdict for result in results)
    deciding = [f"{result.name}: {result.message}" for result in results if result.verdict is verdict and result.message]
    if verdict is GateVerdict.PASS:
        message = f"all {len(results)} criteria pass"
    else:
        message = "; ".join(dict.fromkeys(deciding)) or "nothing was judged"
    return Judgement(at, elapsed, verdict, results, requests, window, message)


def partial_cannot_pass(result: CriterionResult) -> CriterionResult:
    """Prometheus' warnings mean that a part of the data is missing: what passes by the rest is not known to pass."""
    if not result.warnings or result.verdict is not GateVerdict.PASS:
        return result
    return replace(result, verdict=GateVerdict.INSUFFICIENT, trouble=Trouble.PARTIAL, message=f"partial data: {result.warnings[0]}")
