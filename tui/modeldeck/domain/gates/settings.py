"""What a gate asks of a new version before a promotion may finish by itself. All durations in seconds, ratios from 0 to 1."""

from __future__ import annotations

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
    """A criterion of one's own: met where the query's one value stands to the bound as `op` says.

    The query may hold `{namespace}`, `{deployment}`, `{pods}`, `{model}`, `{version}` and `{window}` (domain/gates/placeholders.py).
    """

    name: str
    query: str
    op: Op
    bound: float
    unit: str = ""
    """Only shown: "s", "ratio", "requests"."""
    min_requests: int = 20
    """Of the new version, before it is judged; 0: whatever their number, known or not."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's settings. A limit that is None is not judged; at least one criterion must be (see `flaws`)."""

    baseline: float = 3600.0
    """For how long before the change the version being replaced is looked at: its noise is a part of each comparison."""
    warm_up: float = 60.0
    """Judgements before that are shown and do not count, and what was measured before that is not judged after it."""
    interval: float = 15.0
    """Between two judgements."""
    timeout: float = 1800.0
    """Since the gate began. Undecided until then, it holds for a person: it never passes or fails by silence."""
    scrape: float = 15.0
    """How often Prometheus scrapes the pods."""
    wrong_undo: float = 0.01
    """How often, at most, a version within the margins may be undone, over all looks and criteria of one gate."""
    wrong_pass: float = 0.01
    """How often, at most, a version beyond one of the margins may pass, over all looks."""
    max_error_ratio: float | None = 0.1
    max_error_rise: float | None = 2.0
    """Error ratio ÷ that of the version being replaced: 2 says that errors may at most double."""
    tolerated_errors: float = 0.01
    """An error ratio that is no rise, however few errors the version being replaced had."""
    max_p99: float | None = None
    max_p99_ratio: float | None = 1.5
    """p99 ÷ p99 of the version being replaced."""
    max_drift: float | None = None
    """PSI of the predicted values against those of the version being replaced."""
    criteria: tuple[QueryCriterion, ...] = ()
    passes_in_a_row: int = 3
    """Of a criterion of one's own, which is one number at a time and no count."""
    fails_in_a_row: int = 2
    rollback: Gate | None = field(default=None)
    """The gate of roll-backs; None: `shorter` than this one."""

    @property
    def compares(self) -> bool:
        """Whether anything is judged against the version being replaced."""
        return self.max_error_rise is not None or self.max_p99_ratio is not None or self.max_drift is not None

    @property
    def tested(self) -> int:
        """How many criteria are decided by counts."""
        return sum(
            limit is not None for limit in (self.max_error_ratio, self.max_error_rise, self.max_p99, self.max_p99_ratio, self.max_drift)
        )

    @property
    def judges_something(self) -> bool:
        return self.tested > 0 or bool(self.criteria)

    @property
    def shortest(self) -> float:
        """Seconds after which it can finish at the earliest."""
        return self.warm_up + self.interval * (self.passes_in_a_row if self.criteria else 1)

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
        warm_up=min(gate.warm_up, 30.0),
        passes_in_a_row=min(gate.passes_in_a_row, 2),
        max_error_rise=None,
        max_p99_ratio=None,
        max_drift=None,
        rollback=None,
    )
    if not short.judges_something:
        short = replace(short, max_error_rise=gate.max_error_rise, max_p99_ratio=gate.max_p99_ratio, max_drift=gate.max_drift)
    return replace(short, timeout=max(short.shortest, min(gate.timeout, 600.0)))


@dataclass(frozen=True, slots=True)
class Flaw:
    """A setting that cannot work together with the others: the key, and what was expected."""

    key: str
    message: str


def flaws(gate: Gate) -> tuple[Flaw, ...]:
    """What no single setting shows. A gate without flaws can both pass and fail."""
    found = []
    if not gate.judges_something:
        found.append(Flaw("", "expected at least one criterion, found none: such a gate could only hold"))
    if gate.timeout < gate.shortest:
        times = f"interval × {'passes_in_a_row' if gate.criteria else '1'}"
        found.append(
            Flaw("timeout", f"expected at least warm_up + {times} = {gate.shortest:g} s, found {gate.timeout:g}: it could only hold")
        )
    if gate.baseline < 4 * gate.scrape:
        message = f"expected at least 4 × scrape = {4 * gate.scrape:g} s, found {gate.baseline:g}: it would hold too few samples"
        found.append(Flaw("baseline", message))
    if gate.max_error_rise is not None and gate.max_error_ratio is not None and gate.tolerated_errors >= gate.max_error_ratio:
        message = f"expected less than max_error_ratio = {gate.max_error_ratio:g}, found {gate.tolerated_errors:g}"
        found.append(Flaw("tolerated_errors", message))
    names = [criterion.name for criterion in gate.criteria]
    twice = sorted({name for name in names if names.count(name) > 1})
    found.extend(Flaw("criteria", f"expected each name once, found {name!r} several times") for name in twice)
    return tuple(found)
