"""One judgement: everything is asked at the same time, and whatever goes wrong is said in its place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from modeldeck.domain.gates.criteria import built_in, own
from modeldeck.domain.gates.judgement import CriterionResult, Judgement, Trouble, judgement
from modeldeck.domain.gates.measures import Measured, nothing
from modeldeck.domain.gates.outlook import with_missing
from modeldeck.domain.gates.placeholders import fill
from modeldeck.domain.gates.pod_names import pods_of
from modeldeck.domain.gates.settings import Gate
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.gate.asking import Answers, Ask, Unanswered, ask
from modeldeck.operations.gate.before import Baseline, side_before
from modeldeck.operations.gate.looking import Pods, look
from modeldeck.operations.gate.queries import Side
from modeldeck.operations.gate.reading import measured, number
from modeldeck.operations.gate.target import GateTarget
from modeldeck.ports import Metrics


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at one moment, before it is put together. `window`: seconds that the new version was looked at."""

    results: tuple[CriterionResult, ...]
    new: Measured
    old: Measured
    window: int


async def judge(
    gate: Gate, target: GateTarget, metrics: Metrics | None, *, now: float, elapsed: float | None = None, baseline: Baseline | None = None
) -> Judgement:
    """Never raises a Failure; `metrics` None is an ERROR like an unreachable one.

    `now` in seconds since the epoch, for Prometheus. `elapsed` in seconds since the gate began, by a clock that never jumps: everything
    since the warm-up is counted, and nothing before, as what a cold server did is not the version's. None: as long as the baseline,
    whatever came before. `baseline`: what the judgements of one gate keep of the version before; None: it is asked.
    """
    found = await examine(gate, target, metrics, now=now, elapsed=elapsed, baseline=baseline)
    told = with_missing(gate, found.results, found.new, found.old, found.new.seconds)
    clean = [_clean(result) for result in told]
    return judgement(clean, at=now, elapsed=elapsed or 0.0, requests=found.new.requests.value, window=float(found.window))


async def examine(
    gate: Gate, target: GateTarget, metrics: Metrics | None, *, now: float, elapsed: float | None = None, baseline: Baseline | None = None
) -> Look:
    """As `judge`."""
    window = window_of(gate, elapsed)
    asked = {criterion: own_ask(criterion.query, target, window, now) for criterion in gate.criteria}
    pods = Pods(target.namespace, pods_of(target.current), target.addresses)
    first, scraped = await asyncio.gather(ask(metrics, asked.values()), look(pods, metrics, now))
    new, old = await _both(gate, target, metrics, scraped, (window, now), baseline or Baseline())
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


def own_ask(query: str, target: GateTarget, window: int, now: float) -> Ask:
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
    gate: Gate, target: GateTarget, metrics: Metrics | None, scraped: Scraped | Unanswered, when: tuple[int, float], baseline: Baseline
) -> tuple[Measured, Measured]:
    """What was measured of the new version, and of the one before. `when`: the window in seconds, and its end."""
    if isinstance(scraped, Unanswered):
        unknown = nothing(scraped.trouble, scraped.message)
        return unknown, unknown
    if not target.told_apart:
        message = "the names of the pods do not tell the two versions apart: the deployment's name is too long"
        unknown = nothing(Trouble.NO_DATA, message)
        return unknown, unknown
    window, now = when
    new = Side(scraped, Pods(target.namespace, pods_of(target.current), target.addresses), window, now)
    known = baseline.known(gate, target, new)
    old = known if known is not None else await side_before(gate, target, metrics, new)
    drift = gate.max_drift is not None
    answers = await ask(metrics, [one for side in (new, old) if isinstance(side, Side) for one in side.asks(drift=drift)])
    return measured(new, answers, gate.scrape), _measured_before(gate, target, old, answers, baseline, new)


def _measured_before(
    gate: Gate, target: GateTarget, old: Side | Measured | Unanswered, answers: Answers, baseline: Baseline, new: Side
) -> Measured:
    if isinstance(old, Unanswered):
        return nothing(old.trouble, old.message)
    if isinstance(old, Measured):
        return old
    found = measured(old, answers, gate.scrape)
    baseline.keep(gate, target, new, found)
    return found


def _clean(result: CriterionResult) -> CriterionResult:
    """Words of backends may hold anything."""
    return replace(
        result, message=sanitize(result.message, limit=400), warnings=tuple(sanitize(each, limit=400) for each in result.warnings)
    )
