"""One judgement: everything is asked at the same time, and whatever goes wrong is said in its place."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tui.domain.gates.criteria import built_in, own
from tui.domain.gates.judgement import CriterionResult, Judgement, Trouble, judgement
from tui.domain.gates.measures import Measured, nothing
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


async def judge(gate: Gate, target: Target, metrics: Metrics | None, *, now: float, elapsed: float | None = None) -> Judgement:
    """Never raises a Failure; `metrics` None is an ERROR like an unreachable one.

    `now` in seconds since the epoch, for Prometheus. `elapsed` in seconds since the gate began, by a clock that never jumps: after the
    warm-up the window does not reach back into it, as what a cold server did is not the version's. None: the whole window, whatever
    came before.
    """
    window = window_of(gate, elapsed)
    asked = {criterion: own_ask(criterion.query, target, window, now) for criterion in gate.criteria}
    pods = Pods(target.namespace, pods_of(target.current), target.addresses)
    first, scraped = await asyncio.gather(ask(metrics, asked.values()), look(pods, metrics, now))
    new, old = await _both(gate, target, metrics, scraped, window, now)
    results = built_in(gate, new, old)
    results += [own(criterion, gate, number(question, first), new.requests) for criterion, question in asked.items()]
    clean = [_clean(result) for result in results]
    return judgement(clean, at=now, elapsed=elapsed or 0.0, requests=new.requests.value, window=float(window))


def window_of(gate: Gate, elapsed: float | None) -> int:
    """Whole seconds that the new version's queries look back."""
    longest = gate.window_seconds
    if elapsed is not None:
        longest = min(longest, elapsed - gate.warm_up if elapsed > gate.warm_up else elapsed)
    return max(1, round(longest))


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
    """The version being replaced: over the whole window before the change, or now, while both serve. It may be scraped otherwise, and count
    by other labels."""
    if not target.baseline:
        return Unanswered(Trouble.NO_DATA, _NONE_BEFORE)
    until, window = target.baseline_until, new.window
    at = new.at if until is None else until
    if until is not None:
        window = max(1, round(gate.window_seconds))
    same = target.baseline == target.current
    pods = new.pods if same else Pods(target.namespace, pods_of(target.baseline))
    scraped = new.scraped if same else await look(pods, metrics, at)
    if isinstance(scraped, Unanswered):
        if scraped.trouble is not Trouble.NO_METRIC:
            return scraped
        if new.labels.by_address:
            return Unanswered(Trouble.NO_METRIC, "its series name pods by address alone, and which addresses its pods had is not known")
        scraped = new.scraped
    return Side(scraped, pods, window, at)


def _clean(result: CriterionResult) -> CriterionResult:
    """Words of backends may hold anything."""
    return replace(result, words=harmless(result.words, limit=400), warnings=tuple(harmless(each, limit=400) for each in result.warnings))
