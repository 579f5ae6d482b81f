"""One judgement: everything is asked at the same time, and whatever goes wrong is said in its place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from tui.domain.gates.criteria import built_in, own
from tui.domain.gates.judgement import CriterionResult, Judgement, Trouble, judgement
from tui.domain.gates.measures import Measured, nothing
from tui.domain.gates.outlook import seen, with_missing
from tui.domain.gates.placeholders import fill
from tui.domain.gates.settings import Gate
from tui.domain.scraping import Scraped
from tui.operations.gate.asking import Ask, Unanswered, ask
from tui.operations.gate.looking import Pods, look
from tui.operations.gate.queries import Side
from tui.operations.gate.reading import measured, number
from tui.operations.gate.target import Target, pods_of
from tui.operations.words import harmless
from tui.ports import Metrics


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at one moment, before it is put together. `window`: seconds that the new version was looked at."""

    results: tuple[CriterionResult, ...]
    new: Measured
    old: Measured
    window: int


async def judge(gate: Gate, target: Target, metrics: Metrics | None, *, now: float, elapsed: float | None = None) -> Judgement:
    """Never raises a Failure; `metrics` None is an ERROR like an unreachable one.

    `now` in seconds since the epoch, for Prometheus. `elapsed` in seconds since the gate began, by a clock that never jumps: everything
    since the warm-up is counted, and nothing before, as what a cold server did is not the version's. None: as long as the baseline,
    whatever came before.
    """
    found = await examine(gate, target, metrics, now=now, elapsed=elapsed)
    told = with_missing(gate, found.results, found.new, found.old, found.new.seconds)
    clean = [_clean(result) for result in told]
    return judgement(clean, at=now, elapsed=elapsed or 0.0, requests=found.new.requests.value, window=float(found.window))


async def examine(gate: Gate, target: Target, metrics: Metrics | None, *, now: float, elapsed: float | None = None) -> Look:
    """As `judge`."""
    window = window_of(gate, elapsed)
    asked = {criterion: own_ask(criterion.query, target, window, now) for criterion in gate.criteria}
    pods = Pods(target.namespace, pods_of(target.current), target.addresses)
    first, scraped = await asyncio.gather(ask(metrics, asked.values()), look(pods, metrics, now))
    new, old = await _both(gate, target, metrics, scraped, window, now)
    new = replace(new, seen=seen(gate, new.seconds))
    results = built_in(gate, new, old, elapsed)
    results += [own(criterion, number(question, first), new.requests) for criterion, question in asked.items()]
    return Look(tuple(results), new, old, window)


def window_of(gate: Gate, elapsed: float | None) -> int:
    """Whole seconds that the new version's queries look back: to the end of the warm-up. While a person is waited for, which may be days,
    not further than the longest that the gate looks by itself."""
    if elapsed is None:
        return max(1, round(gate.baseline))
    since = elapsed - gate.warm_up if elapsed > gate.warm_up else elapsed
    return max(1, round(min(since, max(gate.baseline, gate.timeout))))


def own_ask(query: str, target: Target, window: int, now: float) -> Ask:
    values = {
        "namespace": target.namespace,
        "deployment": target.deployment,
        "pods": pods_of(target.current),
        "model": target.model,
        "version": target.version,
        "window": f"{window}s",
    }
    return Ask(fill(query, values), now)


async def _both(
    gate: Gate, target: Target, metrics: Metrics | None, scraped: Scraped | Unanswered, window: int, now: float
) -> tuple[Measured, Measured]:
    """What was measured of the new version, and of the one before."""
    if isinstance(scraped, Unanswered):
        unknown = nothing(scraped.trouble, scraped.words)
        return unknown, unknown
    if not target.told_apart:
        words = "the names of the pods do not tell the two versions apart: the deployment's name is too long"
        unknown = nothing(Trouble.NO_DATA, words)
        return unknown, unknown
    new = Side(scraped, Pods(target.namespace, pods_of(target.current), target.addresses), window, now)
    old = await _before(gate, target, metrics, new) if gate.compares else Unanswered(Trouble.NO_DATA, _NONE_BEFORE)
    drift = gate.max_drift is not None
    sides = [side for side in (new, old) if isinstance(side, Side)]
    answers = await ask(metrics, [one for side in sides for one in side.asks(drift=drift)])
    before = measured(old, answers) if isinstance(old, Side) else nothing(old.trouble, old.words)
    return measured(new, answers), before


_NONE_BEFORE = "there is none to compare with"


async def _before(gate: Gate, target: Target, metrics: Metrics | None, new: Side) -> Side | Unanswered:
    """The version being replaced: before the change, or now, while both serve. It may be scraped otherwise, and count by other labels."""
    if not target.baseline:
        return Unanswered(Trouble.NO_DATA, _NONE_BEFORE)
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


def _clean(result: CriterionResult) -> CriterionResult:
    """Words of backends may hold anything."""
    return replace(result, words=harmless(result.words, limit=400), warnings=tuple(harmless(each, limit=400) for each in result.warnings))
