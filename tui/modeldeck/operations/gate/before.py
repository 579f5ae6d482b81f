"""The version being replaced: whose series it had, and what was measured of it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Measure, Measured
from modeldeck.domain.gates.pod_names import pods_of
from modeldeck.domain.gates.settings import Gate
from modeldeck.operations.gate.asking import Unanswered
from modeldeck.operations.gate.looking import Pods, look
from modeldeck.operations.gate.queries import Side
from modeldeck.operations.gate.target import GateTarget
from modeldeck.ports import Metrics


@dataclass
class Baseline:
    """What was measured of it, for the judgements of one gate. The time before the change stays what it was, and may be days: it is asked
    once; again only where an answer was missing or partial, or the new version's series are other ones than when it was asked."""

    _asked: Hashable = None
    _found: Measured | None = None

    def known(self, gate: Gate, target: GateTarget, new: Side) -> Measured | None:
        return self._found if self._asked == _key(gate, target, new) else None

    def keep(self, gate: Gate, target: GateTarget, new: Side, found: Measured) -> None:
        if target.baseline_until is not None and _complete(found, drift=gate.max_drift is not None):
            self._asked, self._found = _key(gate, target, new), found


def _key(gate: Gate, target: GateTarget, new: Side) -> Hashable:
    return gate, target.namespace, target.baseline, target.baseline_until, new.profile, new.labels


def _complete(found: Measured, *, drift: bool) -> bool:
    """Whether asking again could tell nothing more. What its pods did not export, they did not."""
    measures: list[Measure[Any]] = [found.failed, found.latency, *((found.predictions,) if drift else ())]
    there = all(each.value is not None or each.trouble is Trouble.NO_METRIC for each in measures)
    return there and found.requests.value is not None and not any(each.warnings for each in (found.requests, *measures))


async def side_before(gate: Gate, target: GateTarget, metrics: Metrics | None, new: Side) -> Side | Unanswered:
    """Before the change, or now, while both serve. It may be scraped otherwise, and count by other labels."""
    if not target.baseline or not gate.compares:
        return Unanswered(Trouble.NO_DATA, "there is none to compare with")
    at = new.at if target.baseline_until is None else target.baseline_until
    same = target.baseline == target.current
    pods = new.pods if same else Pods(target.namespace, pods_of(target.baseline), target.baseline_addresses)
    scraped = new.scraped if same else await look(pods, metrics, at)
    if isinstance(scraped, Unanswered):
        if scraped.trouble is not Trouble.NO_METRIC:
            return scraped
        if new.labels.by_address and not pods.addresses:
            return Unanswered(Trouble.NO_METRIC, "its series name pods by address alone, and which addresses its pods had is not known")
        scraped = new.scraped
    return Side(scraped, pods, max(1, round(gate.baseline)), at)
