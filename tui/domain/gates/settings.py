"""What a gate asks of a new version before a promotion may finish by itself. All durations in seconds, ratios from 0 to 1."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Op(StrEnum):
    """How a criterion's value has to stand to its bound."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "=="
    UNEQUAL = "!="

    def holds(self, value: float, bound: float) -> bool:
        match self:
            case Op.AT_MOST:
                return value <= bound
            case Op.BELOW:
                return value < bound
            case Op.AT_LEAST:
                return value >= bound
            case Op.ABOVE:
                return value > bound
            case Op.EQUAL:
                return value == bound
        return value != bound


@dataclass(frozen=True, slots=True)
class QueryCriterion:
    """A criterion of one's own: PASS where the query's one value stands to the bound as `op` says.

    The query may hold `{namespace}`, `{deployment}`, `{pods}`, `{model}`, `{version}` and `{window}` (tui/domain/gates/placeholders.py).
    """

    name: str
    query: str
    op: Op
    bound: float
    unit: str = ""
    """Only shown: "s", "ratio", "requests"."""
    min_requests: int | None = None
    """None: as many as the gate wants; 0: judged whatever the number of requests."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's settings. A limit that is None is not judged; at least one criterion must be (see `flaws`)."""

    window: float | None = None
    """How far back each query looks; None: max(300, 4 × scrape)."""
    warm_up: float = 60.0
    """Judgements before that are shown and do not count, and what was measured before that is not judged after it."""
    interval: float = 15.0
    """Between two judgements."""
    passes_in_a_row: int = 3
    fails_in_a_row: int = 2
    timeout: float = 900.0
    """Since the gate began. Undecided until then, it holds for a person: it never passes or fails by silence."""
    scrape: float = 15.0
    """How often Prometheus scrapes the pods."""
    min_requests: int | None = None
    """In the window, of either version; None: max(20, ⌈3 ÷ max_error_ratio⌉), which a true ratio at the ceiling hardly ever survives."""
    max_error_ratio: float | None = 0.05
    compare_errors: bool = True
    """Whether the error ratio is compared with that of the version being replaced (one-sided test of two proportions)."""
    significance: float = 0.01
    """How probable a difference by chance may be and still count as a difference."""
    error_margin: float = 0.001
    """A rise of the error ratio by no more than this does not count, however sure it is: of a million requests, everything is sure."""
    max_p99: float | None = None
    max_p99_ratio: float | None = 1.2
    """p99 ÷ p99 of the version being replaced."""
    max_drift: float | None = None
    """PSI of the predicted values against those of the version being replaced."""
    criteria: tuple[QueryCriterion, ...] = ()
    rollback: Gate | None = field(default=None)
    """The gate of roll-backs; None: `shorter` than this one."""

    @property
    def window_seconds(self) -> float:
        return self.window if self.window is not None else max(300.0, 4 * self.scrape)

    @property
    def needed_requests(self) -> int:
        if self.min_requests is not None:
            return self.min_requests
        return max(20, math.ceil(3 / self.max_error_ratio)) if self.max_error_ratio else 20

    @property
    def compares(self) -> bool:
        """Whether anything is judged against the version being replaced."""
        return self.compare_errors or self.max_p99_ratio is not None or self.max_drift is not None

    @property
    def judges_something(self) -> bool:
        return self.compares or self.max_error_ratio is not None or self.max_p99 is not None or bool(self.criteria)

    @property
    def shortest(self) -> float:
        """Seconds after which it can finish at the earliest."""
        return self.warm_up + self.interval * (self.passes_in_a_row - 1)

    @property
    def for_rollback(self) -> Gate:
        return self.rollback if self.rollback is not None else shorter(self)


DEFAULT = Gate()


def shorter(gate: Gate) -> Gate:
    """The same for a roll-back: shorter, and without comparisons, as the version being replaced is the one that did badly.

    Where nothing but comparisons is judged they stay: a gate that judges nothing could only hold.
    """
    short = replace(
        gate,
        window=max(4 * gate.scrape, min(gate.window_seconds, 120.0)),
        warm_up=min(gate.warm_up, 30.0),
        passes_in_a_row=min(gate.passes_in_a_row, 2),
        compare_errors=False,
        max_p99_ratio=None,
        max_drift=None,
        rollback=None,
    )
    if not short.judges_something:
        short = replace(short, compare_errors=gate.compare_errors, max_p99_ratio=gate.max_p99_ratio, max_drift=gate.max_drift)
    return replace(short, timeout=max(short.shortest, min(gate.timeout, 300.0)))


@dataclass(frozen=True, slots=True)
class Flaw:
    """A setting that cannot work together with the others: the key, and what was expected."""

    key: str
    words: str


def flaws(gate: Gate) -> tuple[Flaw, ...]:
    """What no single setting shows. A gate without flaws can both pass and fail."""
    found = []
    if not gate.judges_something:
        found.append(Flaw("", "expected at least one criterion, found none: such a gate could only hold"))
    if gate.timeout < gate.shortest:
        least = f"warm_up + interval × (passes_in_a_row − 1) = {gate.shortest:g} s"
        words = f"expected at least {least}, found {gate.timeout:g}: it could only hold"
        found.append(Flaw("timeout", words))
    if gate.window is not None and gate.window < 4 * gate.scrape:
        words = f"expected at least 4 × scrape = {4 * gate.scrape:g} s, found {gate.window:g}: it would hold too few samples"
        found.append(Flaw("window", words))
    names = [criterion.name for criterion in gate.criteria]
    twice = sorted({name for name in names if names.count(name) > 1})
    found.extend(Flaw("criteria", f"expected each name once, found {name!r} several times") for name in twice)
    return tuple(found)
