"""`python -m tests.bench.gates [--rounds N]`: how often gates are wrong, and how soon they decide, over simulated promotions.

Each promotion is judged by the product's own evidence and levels, look by look, on counts as Prometheus would give them: Poisson numbers of
requests, each failing, and taking long, by chance. The tests hold the same rows to their goals on fewer rounds, and the shortcut that is
taken here (no words, no results) to the criteria themselves (tests/domain/gates/test_rates.py).

At best: in how many promotions any test could undo within two looks, that knows the traffic, both versions and which criterion to look at,
has no other look to care for, and undoes a version at the edge of the margin in `wrong_undo` at most. Of m requests in those two looks that
is the test of Neyman and Pearson between the edge and the catastrophe, over all Poisson(m) numbers of requests and of failed (or slow) ones
among them, the likeliest of the catastrophe first. At 0.5 requests a second m is 15, and 10 % of errors are the edge for a version whose
older one had 5 %: whoever undoes half of them failing in more than 90.6 %, undoes 10 % of them failing more often than in 1 %. Of a p99 the
edge is one percent beyond 1.5 times the older p99; of a version that is ten times as slow, 18 % are beyond it with the heavy tail, 33 %
with the skewed one. And of buckets it is known only what came between two scrapes after the warm-up, one of the two intervals: m is 7.5.
(Whoever would go by the median could be quicker, and would judge what was not asked.)
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from statistics import NormalDist, median

import numpy as np

from modeldeck.domain.gates import DEFAULT, Decision, Gate, GateVerdict, combine, evidence, latency
from modeldeck.domain.gates.drift import drift
from modeldeck.domain.gates.looks import Levels, levels
from modeldeck.domain.gates.measures import Buckets, Measure, Measured

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
    return float(1 - (1 + seconds / 0.0966) ** -2.0)


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


class Growing:
    """Counters of one version, as they grow: one row of each for every promotion."""

    def __init__(self, case: Case, version: Version, rounds: int, chance: np.random.Generator) -> None:
        self.case, self.version, self.chance = case, version, chance
        shares = [version.tail(bound / version.slower) for bound in case.bounds]  # type: ignore[operator]
        self.slots = np.diff([0.0, *shares, 1.0])
        self.values = _predicted(version.moved)
        self.requests: np.ndarray = np.zeros(rounds, dtype=int)
        self.failed: np.ndarray = np.zeros(rounds, dtype=int)
        self.times: np.ndarray = np.zeros((rounds, len(self.slots)), dtype=int)
        self.predictions: np.ndarray = np.zeros((rounds, len(self.values)), dtype=int)
        self.seen_times, self.seen_predictions = self.times, self.predictions

    def grow(self, seconds: float) -> None:
        """All that came until the last scrape is known at a look; of buckets, what came since the first scrape in the window."""
        self.seen_times, self.seen_predictions = self.times.copy(), self.predictions.copy()
        came = self.chance.poisson(self.case.rate * seconds, len(self.requests))
        self.requests += came
        self.failed += self.chance.binomial(came, self.version.errors)
        self.times += self.chance.multinomial(came, self.slots)
        if self.case.gate.max_drift is not None:
            self.predictions += self.chance.multinomial(came, self.values)

    def measured(self, which: Sequence[int], seen: float = 1.0) -> list[Measured]:
        """Of these promotions. `seen`: the part of the window that lies between scrapes; the rest is stretched from what is seen."""
        some = list(which)
        seen_of = (self.times, self.predictions) if seen == 1 else (self.seen_times, self.seen_predictions)
        bounds, values = (*map(float, self.case.bounds), math.inf), (*map(float, range(1, len(self.values))), math.inf)
        times, predictions = ((np.cumsum(each[some], axis=1) / (seen or 1)).tolist() for each in seen_of)
        return [
            Measured(
                Measure(requests), Measure(failed), Measure(_histogram(bounds, lasted)), Measure(_histogram(values, predicted)), seen=seen
            )
            for requests, failed, lasted, predicted in zip(
                self.requests[some].tolist(), self.failed[some].tolist(), times, predictions, strict=True
            )
        ]


def _histogram(values: Sequence[float], counts: Sequence[float]) -> Buckets:
    return tuple(zip(values, counts, strict=True))


def verdict(gate: Gate, sure: Levels, new: Measured, old: Measured) -> GateVerdict:
    """What `built_in` and `judgement` come to, of counts that are all known."""
    requests, failed, before, failed_before = (measure.value or 0 for measure in (new.requests, new.failed, old.requests, old.failed))
    buckets, buckets_before = new.latency.value or (), old.latency.value or ()
    found = []
    if requests == 0 or before == 0:
        return GateVerdict.INSUFFICIENT
    if gate.max_error_ratio is not None:
        found.append(_ceiling(failed, requests, gate.max_error_ratio))
    if gate.max_error_rise is not None:
        found.append(evidence.rise(failed, requests, failed_before, before, gate.max_error_rise, gate.tolerated_errors))
    if gate.max_p99 is not None:
        found.append(latency.against(buckets, gate.max_p99, new.seen))
    if gate.max_p99_ratio is not None:
        found.append(latency.compared(buckets, buckets_before, gate.max_p99_ratio, new.seen))
    if gate.max_drift is not None:
        moved = drift(new.predictions.value or (), old.predictions.value or ())
        found.append(moved.evidence(gate.max_drift, new.seen) if moved is not None else evidence.NONE)
    return combine(each.verdict(sure) for each in found)


_ceiling = lru_cache(maxsize=100_000)(evidence.ceiling)


def _predicted(moved: float) -> np.ndarray:
    """Shares of ten values, of which the lower five have become rarer for the sake of the others, by so much PSI."""
    low, high = 0.0, 0.999
    for _ in range(60):
        x = (low + high) / 2
        psi = (x / 2) * math.log((1 + x) / (1 - x))
        low, high = (x, high) if psi < moved else (low, x)
    x = low if moved else 0.0
    shares: np.ndarray = np.array([0.1 * (1 - x)] * 5 + [0.1 * (1 + x)] * 5)
    return shares


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
    """Promotions from their first looks to their decisions."""
    chance, gate = np.random.default_rng(seed), case.gate
    old, new = (Growing(case, version, rounds, chance) for version in (case.old, case.new))
    old.grow(gate.baseline)
    left, ends, looks, elapsed = list(range(rounds)), dict[int, Ended](), 0, gate.warm_up
    before = old.measured(left)
    while elapsed + gate.interval <= gate.timeout and left:
        elapsed, looks = elapsed + gate.interval, looks + 1
        new.grow(gate.interval)
        sure = levels(gate, elapsed)
        for which, measured in zip(left, new.measured(left, 1 - gate.scrape / (elapsed - gate.warm_up)), strict=True):
            if (decision := _DECIDED.get(verdict(gate, sure, measured, before[which]))) is not None:
                ends[which] = Ended(decision, elapsed, looks)
        left = [which for which in left if which not in ends]
    return Row(case, tuple(ends.get(which, Ended(Decision.HOLD, elapsed, looks)) for which in range(rounds)))


_DECIDED = {GateVerdict.PASS: Decision.FINISH, GateVerdict.FAIL: Decision.STOP}


def at_best(case: Case) -> float | None:
    """See above; None where it is no catastrophe. Where both its errors and its latency are one, the better of the two."""
    gate, found = case.gate, []
    many = 2 * gate.interval * case.rate
    if case.new.errors >= 0.5:
        edge = min(gate.max_error_ratio or 1.0, max((gate.max_error_rise or 1.0) * case.old.errors, gate.tolerated_errors))
        found.append(_most_powerful(many, edge, case.new.errors, gate.wrong_undo))
    if case.new.slower >= 10 and gate.max_p99_ratio is not None:
        p99 = next(ms / 1000 for ms in range(1, 100_000) if case.old.tail(ms / 1000) >= 0.99)  # type: ignore[operator]
        beyond = 1 - case.new.tail(gate.max_p99_ratio * p99 / case.new.slower)  # type: ignore[operator]
        found.append(_most_powerful(many - gate.scrape * case.rate, 0.01, beyond, gate.wrong_undo))
    return max(found, default=None)


def _most_powerful(many: float, edge: float, true: float, allowed: float) -> float:
    if many > 200:  # all of them, to many digits
        return 1.0
    outcomes = []
    for total in range(int(many + 9 * math.sqrt(many) + 10)):
        come = math.exp(total * math.log(many) - many - math.lgamma(total + 1))
        for count in range(total + 1):
            ways = come * math.comb(total, count)
            null, other = (ways * share**count * (1 - share) ** (total - count) for share in (edge, true))
            if other > 0:
                outcomes.append((null / other, null, other))
    spent = power = 0.0
    for _, null, other in sorted(outcomes):
        part = min(1.0, (allowed - spent) / null) if null > 0 else 1.0
        spent, power = spent + part * null, power + part * other
        if part < 1:
            break
    return power


def _line(found: Row) -> str:
    case, best = found.case, at_best(found.case)
    passes, undone, holds = (f"{found.share(which):.1%}" for which in (Decision.FINISH, Decision.STOP, Decision.HOLD))
    soon = f"{found.share(Decision.STOP, 2):.1%} | {'' if best is None else f'{best:.1%}'}"
    return f"| {case.rate:g} | {case.name} | {passes} | {undone} | {soon} | {holds} | {found.usual:.0f} s |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--rate", type=float, nargs="*", default=RATES)
    parser.add_argument("--workers", type=int, help="processes; as many as there are cores")
    given = parser.parse_args()
    print(f"{given.rounds} promotions a row, default settings\n")
    print("| requests/s | new version | passes | undone | in 2 looks | at best | holds | median |")
    print("|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(max_workers=given.workers) as workers:
        for found in workers.map(partial(row, rounds=given.rounds), cases(given.rate)):
            print(_line(found), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
