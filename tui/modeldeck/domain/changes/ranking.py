"""Which of several events is the likeliest cause of a jump at a moment.

The likelihood is a product of three factors, each at most 1, and says only which of two is the likelier:

  closeness   A cause precedes. What was under way at the moment, or ended at most `SLACK` seconds later (times are cut to seconds, clocks
              differ, and rates look back over a window), counts in full; so does what ended after `since`, the last time that was surely
              before the jump: points of a month are hours apart. Before, it halves with every `HALF_LIFE` seconds between its end
              and the moment. What began later than `SLACK` after the moment is a consequence more often than a cause: it begins at
              `AFTERWARDS`, and halves likewise.
  kind        How often such a thing moves latency and errors: a version, a template or a configuration does it most, a crash and a change
              of the replica count often, a node sometimes; an alert and a complaint about a pod are mostly symptoms of the same cause.
  reach       The deployment and its pods before the nodes that they run on, these before neighbours.

Equal ones stand in the order of their times, the latest first, then of their words: the same events always give the same list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, Reach

SLACK = 60.0
HALF_LIFE = 300.0
AFTERWARDS = 0.25
MOST = 200
"""Events that are listed; a cluster in trouble has thousands."""

_KINDS: Mapping[ChangeKind, float] = {
    ChangeKind.PROMOTION: 1.0,
    ChangeKind.ROLLBACK: 1.0,
    ChangeKind.VERSION: 1.0,
    ChangeKind.ROLLOUT: 0.9,
    ChangeKind.CRASH: 0.85,
    ChangeKind.CONFIG: 0.8,
    ChangeKind.RESTART: 0.75,
    ChangeKind.SCALE: 0.7,
    ChangeKind.OUTLIER: 0.7,
    ChangeKind.NODE: 0.65,
    ChangeKind.ALIAS: 0.6,
    ChangeKind.POD: 0.4,
    ChangeKind.ALERT: 0.3,
}
_REACH: Mapping[Reach, float] = {Reach.OWN: 1.0, Reach.NODE: 0.8, Reach.NEIGHBOUR: 0.3}


def likelihood(event: ChangeEvent, moment: float, since: float | None = None) -> float:
    """0–1, as the module tells."""
    return closeness(event, moment, since) * _KINDS[event.kind] * _REACH[event.reach]


def closeness(event: ChangeEvent, moment: float, since: float | None = None) -> float:
    """0–1: how near in time, and on which side."""
    if event.at > moment + SLACK:
        return AFTERWARDS * math.exp2(-(event.at - moment - SLACK) / HALF_LIFE)
    return math.exp2(-max(0.0, (moment if since is None else min(since, moment)) - event.end) / HALF_LIFE)


def ranked(events: Iterable[ChangeEvent], moment: float, since: float | None = None) -> tuple[ChangeEvent, ...]:
    """The likeliest first, each once."""
    return tuple(sorted(dict.fromkeys(events), key=lambda event: _order(event, moment, since)))


def _order(event: ChangeEvent, moment: float, since: float | None) -> tuple[float, float, str, str, str]:
    return -likelihood(event, moment, since), -event.at, event.kind, event.subject, event.what
