"""`python -m tests.bench.gates [--rounds N]`: how often gates are wrong, and how soon they decide, over simulated promotions.

Each promotion is judged by the product's own functions, look by look, on counts as Prometheus would give them: Poisson numbers of requests,
each failing, and taking long, by chance. The tests hold the same rows to their goals on fewer rounds (tests/domain/gates/test_rates.py).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, median

import numpy as np

from tui.domain.gates import DEFAULT, Decision, Gate, decide, judgement
from tui.domain.gates.criteria import built_in
from tui.domain.gates.measures import Buckets, Measure, Measured

RATES = (0.5, 5.0, 50.0, 500.0)
BASE_ERRORS = (0.0, 0.001, 0.01, 0.05)
FASTAPI = (0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60)
CLIENTS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_NORMAL = NormalDist()


def light(seconds: float) -> float:
    """The share of requests up to so long: lognormal, p50 40 ms, p99 128 ms."""
    return _NORMAL.cdf(math.log(seconds / 0.04) / 0.5)


def skewed(seconds: float) -> float:
    """Lognormal, p50 40 ms, p99 410 ms."""
    return _NORMAL.cdf(math.log(seconds / 0.04) / 1.0)


def heavy(seconds: float) -> float:
    """A Pareto tail (Lomax), p50 40 ms, p99 870 ms, p99.9 3 s."""
    return 1 - (1 + seconds / 0.0966) ** -2.0


TAILS = (light, skewed, heavy)


@dataclass(frozen=True)
class Version:
    """How one behaves. `moved`: the PSI by which its predictions have moved."""

    errors: float = 0.01
    tail: object = light
    slower: float = 1.0
    moved: float = 0.0


@dataclass(frozen=True)
class Case:
    name: str
    rate: float
    old: Version
    new: Version
    gate: Gate = DEFAULT
    bounds: Sequence[float] = FASTAPI


@dataclass(frozen=True)
class Ended:
    decision: Decision
    elapsed: float
    looks: int


def promoted(case: Case, chance: np.random.Generator) -> Ended:
    """One promotion, from its first look to its decision."""
    gate = case.gate
    old = _Growing(case, case.old, chance)
    old.grow(gate.baseline)
    new, before = _Growing(case, case.new, chance), old.measured()
    looks, elapsed, judged = 0, gate.warm_up, []
    while elapsed + gate.interval <= gate.timeout:
        elapsed, looks = elapsed + gate.interval, looks + 1
        new.grow(gate.interval)
        judged = [judgement(built_in(gate, new.measured(), before, elapsed), at=elapsed, elapsed=elapsed)]
        decision = decide(gate, judged, 0.0, elapsed)
        if decision in (Decision.FINISH, Decision.STOP):
            return Ended(decision, elapsed, looks)
    return Ended(Decision.HOLD, elapsed, looks)


class _Growing:
    """Counters of one version, as they grow."""

    def __init__(self, case: Case, version: Version, chance: np.random.Generator) -> None:
        self.case, self.version, self.chance = case, version, chance
        shares = [version.tail(bound / version.slower) for bound in case.bounds]  # type: ignore[operator]
        self.slots = np.diff([0.0, *shares, 1.0])
        self.values = _predicted(version.moved)
        self.requests, self.failed = 0, 0
        self.times, self.predictions = np.zeros(len(self.slots), dtype=int), np.zeros(len(self.values), dtype=int)

    def grow(self, seconds: float) -> None:
        came = int(self.chance.poisson(self.case.rate * seconds))
        self.requests += came
        self.failed += int(self.chance.binomial(came, self.version.errors))
        self.times += self.chance.multinomial(came, self.slots)
        self.predictions += self.chance.multinomial(came, self.values)

    def measured(self) -> Measured:
        requests: Measure[int] = Measure(self.requests)
        latency = _buckets(self.case.bounds, self.times)
        predictions = _buckets(range(1, len(self.values)), self.predictions)
        return Measured(requests, Measure(self.failed), Measure(latency), Measure(predictions))


def _buckets(bounds: Sequence[float], counts: np.ndarray) -> Buckets:
    return tuple(zip((*map(float, bounds), math.inf), map(float, np.cumsum(counts)), strict=True))


def _predicted(moved: float) -> np.ndarray:
    """Shares of ten values, of which the lower five have become rarer for the sake of the others, by so much PSI."""
    low, high = 0.0, 0.999
    for _ in range(60):
        x = (low + high) / 2
        psi = (x / 2) * math.log((1 + x) / (1 - x)) * 2
        low, high = (x, high) if psi < moved else (low, x)
    x = low if moved else 0.0
    return np.array([0.1 * (1 - x)] * 5 + [0.1 * (1 + x)] * 5)


def cases(rates: Sequence[float] = RATES) -> Iterator[Case]:
    """Of each kind: identical, at twice the allowed margin, and a catastrophe."""
    margin = (DEFAULT.max_error_rise or 1.0), DEFAULT.tolerated_errors
    slower = 1 + 2 * ((DEFAULT.max_p99_ratio or 1.0) - 1)
    drifting = replace(DEFAULT, max_drift=0.1)
    for rate in rates:
        for base in BASE_ERRORS:
            old = Version(errors=base)
            twice = base + 2 * (max(margin[0] * base, margin[1]) - base)
            yield Case(f"errors {base:.1%}, identical", rate, old, old)
            yield Case(f"errors {base:.1%} → {twice:.1%}", rate, old, replace(old, errors=twice))
            yield Case(f"errors {base:.1%} → 50 %", rate, old, replace(old, errors=0.5))
        yield Case("half fail, 10 × as slow", rate, Version(), Version(errors=0.5, slower=10.0))
        for tail in TAILS:
            for bounds, kind in ((FASTAPI, "fine"), (CLIENTS, "coarse")):
                old = Version(tail=tail)
                yield Case(f"{tail.__name__}, {kind}, identical", rate, old, old, bounds=bounds)
                yield Case(f"{tail.__name__}, {kind}, {slower:g} × as slow", rate, old, replace(old, slower=slower), bounds=bounds)
                yield Case(f"{tail.__name__}, {kind}, 10 × as slow", rate, old, replace(old, slower=10.0), bounds=bounds)
        yield Case("drift ≤ 0.1, identical", rate, Version(), Version(), drifting)
        yield Case("drift ≤ 0.1, 0.2", rate, Version(), Version(moved=0.2), drifting)


@dataclass(frozen=True)
class Row:
    case: Case
    ends: tuple[Ended, ...]

    def share(self, decision: Decision, looks: float = math.inf) -> float:
        return sum(end.decision is decision and end.looks <= looks for end in self.ends) / len(self.ends)

    @property
    def usual(self) -> float:
        """Seconds in the median; a hold lasts for ever."""
        return median(end.elapsed if end.decision is not Decision.HOLD else math.inf for end in self.ends)


def row(case: Case, rounds: int, seed: int = 0) -> Row:
    chance = np.random.default_rng(seed)
    return Row(case, tuple(promoted(case, chance) for _ in range(rounds)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--rate", type=float, nargs="*", default=RATES)
    given = parser.parse_args()
    print(f"{given.rounds} promotions a row, default settings\n")
    print("| requests/s | new version | passes | undone | in 2 looks | holds | median |")
    print("|---|---|---|---|---|---|---|")
    for case in cases(given.rate):
        found = row(case, given.rounds)
        shares = (
            *(found.share(which) for which in (Decision.FINISH, Decision.STOP)),
            found.share(Decision.STOP, 2),
            found.share(Decision.HOLD),
        )
        said = " | ".join(f"{share:.1%}" for share in shares)
        print(f"| {case.rate:g} | {case.name} | {said} | {found.usual:.0f} s |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
