"""One judgement: everything is asked at the same time, and whatever goes wrong is said in its place."""

from __future__ import annotations

from dataclasses import replace

from tui.domain.gates.criteria import built_in, own
from tui.domain.gates.judgement import CriterionResult, Judgement, Trouble, judgement
from tui.domain.gates.measures import Measured, nothing
from tui.domain.gates.placeholders import fill
from tui.domain.gates.settings import Gate
from tui.domain.profiles import Profile, pick
from tui.operations.gate.asking import Answers, Ask, Unanswered, ask
from tui.operations.gate.queries import Side, matchers, names_ask
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
    names = names_ask(matchers(target.namespace, target.current), now)
    asked = {criterion: own_ask(criterion.query, target, window, now) for criterion in gate.criteria}
    first = await ask(metrics, [names, *asked.values()])
    new, old = await _both(gate, target, metrics, _profile(first, names), window, now)
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


def _profile(answers: Answers, names: Ask) -> Profile | Unanswered:
    found = answers.of([names])
    if isinstance(found, Unanswered):
        return found
    profile = pick(frozenset(sample.labels.get("__name__", "") for sample in found[0].samples))
    return profile or Unanswered(Trouble.NO_METRIC, "these pods export no metrics of a known model server")


async def _both(
    gate: Gate, target: Target, metrics: Metrics | None, profile: Profile | Unanswered, window: int, now: float
) -> tuple[Measured, Measured]:
    """What was measured of the new version, and of the one before."""
    if isinstance(profile, Unanswered):
        unknown = nothing(profile.trouble, profile.words)
        return unknown, unknown
    if not target.told_apart:
        words = "the names of the pods do not tell the two versions apart: the deployment's name is too long"
        unknown = nothing(Trouble.NO_DATA, words)
        return unknown, unknown
    new = Side(profile, matchers(target.namespace, target.current), window, now)
    old = _before(gate, target, profile, window, now) if gate.compares else None
    drift = gate.max_drift is not None
    answers = await ask(metrics, [one for side in (new, old) if side is not None for one in side.asks(drift=drift)])
    if old is None:
        return measured(new, answers), nothing(Trouble.NO_DATA, "there is none to compare with")
    return measured(new, answers), measured(old, answers)


def _before(gate: Gate, target: Target, profile: Profile, window: int, now: float) -> Side | None:
    """The version being replaced: over the whole window before the change, or now, while both serve."""
    if not target.baseline:
        return None
    where = matchers(target.namespace, target.baseline)
    if target.baseline_until is None:
        return Side(profile, where, window, now)
    return Side(profile, where, max(1, round(gate.window_seconds)), target.baseline_until)


def _clean(result: CriterionResult) -> CriterionResult:
    """Words of backends may hold anything."""
    return replace(result, words=harmless(result.words, limit=400), warnings=tuple(harmless(each, limit=400) for each in result.warnings))
