"""Which deployments somebody should look at first, and an order of them that stays while little changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.status.serving_row import ServingRow

FAULTY = 0.01
"""An error ratio above this wants attention."""
SLOWER = 1.5
"""Times its own past from which on a p99 wants attention."""
LEAST_RATE = 1 / 3
"""Requests a second below which a p99 is one or two requests' latency: of 20 in a minute it begins to tell something."""
QUIET = frozenset({"info", "none"})
"""Severities of alerts that are there to be read beside others: those of kube-prometheus, of which some fire always."""
CALM = 120.0
"""Seconds for which a deployment must be well before it leaves its place among those that are not."""
REORDERED_EVERY = 30.0
"""Seconds between two changes of the order, at least: what somebody looks at must not jump."""


class Attention(IntEnum):
    """Worst first."""

    FAILING = 0
    """No pod is ready, a rollout has failed, or pods are missing while nothing is being changed."""
    ERRORS = 1
    ALERT = 2
    """An alert fires for it that nobody has silenced, and that is for more than information."""
    SLOW = 3
    """Slower than it was itself."""
    UNSETTLED = 4
    """Pods are missing while it is being changed, or alias, template and pods disagree."""
    WELL = 5


def attention(row: ServingRow, past_p99: float | None) -> Attention:
    """`past_p99`: its usual one, in seconds; None: not known, and then nothing is slower."""
    stats, short = row.stats, row.ready < row.desired
    if row.rollout.state == "failed" or (short and (row.ready == 0 or row.rollout.state == "done")):
        return Attention.FAILING
    if stats.error_ratio is not None and stats.error_ratio > FAULTY:
        return Attention.ERRORS
    if loud(row):
        return Attention.ALERT
    if slower(row, past_p99) is not None:
        return Attention.SLOW
    return Attention.UNSETTLED if short or row.disagreements else Attention.WELL


def loud(row: ServingRow) -> tuple[Alert, ...]:
    """The alerts that want somebody: they fire, and nobody has silenced them. Where alerts are not known it is none."""
    return tuple(one for one in row.alerts or () if one.firing and not one.silenced and one.severity.lower() not in QUIET)


def slower(row: ServingRow, past_p99: float | None) -> float | None:
    """How many times slower than usual; None where it is not, or that cannot be told."""
    now, rate = row.stats.p99, row.stats.requests_per_second
    if now is None or past_p99 is None or past_p99 <= 0 or rate is None or rate < LEAST_RATE:
        return None
    return now / past_p99 if now / past_p99 >= SLOWER else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Deployment keys, the worst first, and what the next one needs to know. Equal ones stand by their names."""

    order: tuple[str, ...] = ()
    at: float | None = None
    """Seconds on any clock, of the last change of the order."""
    held: Mapping[str, tuple[Attention, float]] = field(default_factory=dict)
    """The worst that was seen of each lately, and when last."""


def ranked(before: Ranking, found: Mapping[str, Attention], now: float, *, at_once: bool = False) -> Ranking:
    """The order that follows: at once where deployments come or go, or it is asked for; else not sooner than REORDERED_EVERY."""
    held = {key: _held(before.held.get(key), level, now) for key, level in found.items()}
    same = found.keys() == before.held.keys()
    if same and before.at is not None and now - before.at < REORDERED_EVERY and not at_once:
        return Ranking(before.order, before.at, held)
    return Ranking(tuple(sorted(held, key=lambda key: (held[key][0], key))), now, held)


def _held(before: tuple[Attention, float] | None, level: Attention, now: float) -> tuple[Attention, float]:
    if before is None or level <= before[0] or now - before[1] >= CALM:
        return level, now
    return before
