"""The criteria: from what was measured of the new version and of the one being replaced to a verdict, a value and words each.

What is not known is INSUFFICIENT (or ERROR, where asking went wrong) and never 0. Too few requests decide nothing, whatever they say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tui.domain.gates.drift import BLIND, drift
from tui.domain.gates.judgement import CriterionResult, GateVerdict, Trouble
from tui.domain.gates.latency import P99, by_chance, p99_of
from tui.domain.gates.measures import Buckets, Measure, Measured
from tui.domain.gates.settings import Gate, Op, QueryCriterion
from tui.domain.gates.statistics import two_proportions
from tui.domain.gates.words import bound_words, shown

ERRORS, ERRORS_COMPARED, LATENCY, LATENCY_COMPARED, DRIFT = "error ratio", "error ratio vs before", "p99", "p99 vs before", "drift"
BUILT_IN = (ERRORS, ERRORS_COMPARED, LATENCY, LATENCY_COMPARED, DRIFT)
BEFORE = "of the version before: "


def built_in(gate: Gate, new: Measured, old: Measured) -> list[CriterionResult]:
    """Every criterion that the gate has, but those of the user's own."""
    results = []
    if gate.max_error_ratio is not None:
        results.append(error_ceiling(gate, gate.max_error_ratio, new))
    if gate.compare_errors:
        results.append(errors_compared(gate, new, old))
    if gate.max_p99 is not None:
        results.append(p99_ceiling(gate, gate.max_p99, new))
    if gate.max_p99_ratio is not None:
        results.append(p99_compared(gate, gate.max_p99_ratio, new, old))
    if gate.max_drift is not None:
        results.append(drift_compared(gate, gate.max_drift, new, old))
    return results


def error_ceiling(gate: Gate, ceiling: float, new: Measured) -> CriterionResult:
    blank = _blank(ERRORS, "ratio", ceiling, new.ratio_query, [new.requests, new.failed], new.requests.value)
    requests, failed = new.requests.value, new.failed.value
    if requests is None or failed is None:
        return _unknown(blank, [new.requests, new.failed])
    if requests == 0:
        return _troubled(blank, Trouble.NO_DATA, "no requests")
    ratio = failed / requests
    blank = replace(blank, value=ratio)
    if requests < gate.needed_requests:
        return _few(blank, requests, gate.needed_requests)
    said = f"{shown(ratio, 'ratio')} of {requests} requests"
    return _decided(blank, ratio <= ceiling, said)


def errors_compared(gate: Gate, new: Measured, old: Measured) -> CriterionResult:
    """Fails only where chance hardly explains the difference; the ratio itself is the ceiling's affair."""
    measures = [new.requests, new.failed, old.requests, old.failed]
    blank = _blank(ERRORS_COMPARED, "ratio", None, new.ratio_query, measures, new.requests.value)
    blank = replace(blank, bound=f"no worse than before (p ≥ {gate.significance:g})")
    requests, failed, base_requests, base_failed = (measure.value for measure in measures)
    if requests is None or failed is None:
        return _unknown(blank, measures[:2])
    if base_requests is None or base_failed is None:
        return _unknown(blank, measures[2:], BEFORE)
    if requests == 0 or base_requests == 0:
        return _troubled(blank, Trouble.NO_DATA, "no requests" if requests == 0 else f"{BEFORE}no requests")
    ratio, base = failed / requests, base_failed / base_requests
    blank = replace(blank, value=ratio, baseline=base)
    if requests < gate.needed_requests:
        return _few(blank, requests, gate.needed_requests)
    if base_requests < gate.needed_requests:
        return _few(blank, base_requests, gate.needed_requests, BEFORE)
    p = two_proportions(failed, requests, base_failed, base_requests)
    chance, little = p >= gate.significance, ratio - base <= gate.error_margin
    sure = f"p = {p:.2g}" if chance or not little else f"p = {p:.2g}, but by {shown(gate.error_margin, 'ratio')} at most"
    said = f"{shown(ratio, 'ratio')} of {requests} requests against {shown(base, 'ratio')} of {base_requests} ({sure})"
    return _decided(blank, chance or little, said)


def p99_ceiling(gate: Gate, ceiling: float, new: Measured) -> CriterionResult:
    blank = _blank(LATENCY, "s", ceiling, _p99_query(new.latency), [new.latency], None)
    if new.latency.value is None:
        return _unknown(blank, [new.latency])
    found = p99_of(new.latency.value)
    blank = replace(blank, value=found.seconds, requests=found.observations)
    unfit = _unfit(blank, found, gate.needed_requests)
    return unfit or _against(blank, gate, new.latency.value, found, ceiling, f"{_seconds(found)} of {found.observations} requests")


def p99_compared(gate: Gate, most: float, new: Measured, old: Measured) -> CriterionResult:
    """`value` is the ratio of the two, `baseline` the older p99 in seconds."""
    blank = _blank(LATENCY_COMPARED, "×", most, _p99_query(new.latency), [new.latency, old.latency], None)
    if new.latency.value is None:
        return _unknown(blank, [new.latency])
    if old.latency.value is None:
        return _unknown(blank, [old.latency], BEFORE)
    found, base = p99_of(new.latency.value), p99_of(old.latency.value)
    blank = replace(blank, requests=found.observations, baseline=base.seconds)
    if found.seconds and base.seconds and not base.beyond:
        blank = replace(blank, value=found.seconds / base.seconds)
    unfit = _unfit(blank, found, gate.needed_requests) or _unfit(blank, base, gate.needed_requests, BEFORE)
    if unfit is not None:
        return unfit
    if not base.seconds or base.beyond:
        return _troubled(blank, Trouble.NO_DATA, f"{BEFORE}p99 {_seconds(base)}, which its buckets do not tell")
    said = f"{_seconds(found)} of {found.observations} requests against {_seconds(base)} of {base.observations}"
    return _against(blank, gate, new.latency.value, found, most * base.seconds, said)


def _against(blank: CriterionResult, gate: Gate, buckets: Buckets, found: P99, bound: float, said: str) -> CriterionResult:
    """A p99 over the bound fails unless chance explains it: of few requests, one or two slow ones are the whole p99."""
    seconds = found.seconds or 0.0
    if found.beyond and seconds < bound:
        return _troubled(blank, Trouble.NO_DATA, f"{said}: the buckets end before the bound of {shown(bound, 's')}")
    if seconds <= bound and not found.beyond:
        return _decided(blank, True, said)
    if by_chance(buckets, bound, found.observations) >= gate.significance:
        return _troubled(blank, Trouble.NOISE, f"{said}: over the bound of {shown(bound, 's')}, but no more than chance explains")
    return _decided(blank, False, said)


def drift_compared(gate: Gate, most: float, new: Measured, old: Measured) -> CriterionResult:
    """PSI of the predicted values. Where the noise of so few predictions reaches the bound, what lies below it tells nothing."""
    blank = _blank(DRIFT, "PSI", most, new.predictions.query, [new.predictions, old.predictions], None)
    if new.predictions.value is None:
        return _unknown(blank, [new.predictions])
    if old.predictions.value is None:
        return _unknown(blank, [old.predictions], BEFORE)
    found = drift(new.predictions.value, old.predictions.value)
    if found is None:
        return _troubled(blank, Trouble.NO_DATA, "no predictions that could be compared")
    blank = replace(blank, value=found.psi, requests=found.predictions)
    for count, whose in ((found.predictions, ""), (found.before, BEFORE)):
        if count < gate.needed_requests:
            return _few(blank, count, gate.needed_requests, whose, "predictions")
    if found.bins < 2:
        return _troubled(blank, Trouble.NO_DATA, "every prediction is in one bucket: drift within it cannot be seen")
    said = f"PSI {found.psi:.3g} over {found.predictions} predictions against {found.before}, noise floor {found.noise:.3g}"
    if found.largest > BLIND:
        said += f"; one bucket holds {found.largest:.0%}, and hides what moves within it"
    if found.noise > most and found.psi <= found.noise:
        return _troubled(blank, Trouble.NOISE, f"{said}: below it nothing can be told")
    return _decided(blank, found.psi <= most, said)


def own(criterion: QueryCriterion, gate: Gate, answer: Measure[float], requests: Measure[int]) -> CriterionResult:
    """A criterion of the user's. It needs as many requests as the others, unless it says otherwise."""
    needed = gate.needed_requests if criterion.min_requests is None else criterion.min_requests
    blank = replace(
        _blank(criterion.name, criterion.unit, criterion.bound, answer.query, [answer], requests.value),
        op=criterion.op,
        bound=bound_words(criterion.op, criterion.bound, criterion.unit),
        value=answer.value if answer.value is not None and math.isfinite(answer.value) else None,
    )
    if answer.value is None:
        return _unknown(blank, [answer])
    if blank.value is None:
        return _troubled(blank, Trouble.NO_DATA, f"the query answers {answer.value:g}, which is no number")
    if needed > 0 and requests.value is None:
        return _unknown(blank, [requests])
    if requests.value is not None and requests.value < needed:
        return _few(blank, requests.value, needed)
    return _decided(blank, criterion.op.holds(blank.value, criterion.bound), shown(blank.value, criterion.unit))


def _blank(
    name: str, unit: str, limit: float | None, query: str, measures: Sequence[Measure[Any]], requests: int | None
) -> CriterionResult:
    warnings = tuple(dict.fromkeys(words for measure in measures for words in measure.warnings))
    bound = "" if limit is None else bound_words(Op.AT_MOST, limit, unit)
    verdict = GateVerdict.INSUFFICIENT
    return CriterionResult(name, verdict, query=query, unit=unit, bound=bound, limit=limit, requests=requests, warnings=warnings)


def _p99_query(latency: Measure[Buckets]) -> str:
    return f"histogram_quantile(0.99, {latency.query})" if latency.query else ""


def _seconds(found: P99) -> str:
    return ("more than " if found.beyond else "") + shown(found.seconds, "s")


def _decided(blank: CriterionResult, passed: bool, said: str) -> CriterionResult:
    if passed:
        return replace(blank, verdict=GateVerdict.PASS, words=said)
    return replace(blank, verdict=GateVerdict.FAIL, words=f"{said}, wanted {blank.bound}")


def _troubled(blank: CriterionResult, trouble: Trouble, words: str) -> CriterionResult:
    return replace(blank, verdict=trouble.verdict, trouble=trouble, words=words)


def _few(blank: CriterionResult, found: int, needed: int, whose: str = "", what: str = "requests") -> CriterionResult:
    return _troubled(blank, Trouble.FEW_REQUESTS, f"{whose}{found} {what}, {needed} needed")


def _unfit(blank: CriterionResult, found: P99, needed: int, whose: str = "") -> CriterionResult | None:
    if found.seconds is None:
        return _troubled(blank, Trouble.NO_DATA, f"{whose}no requests in its latency buckets")
    return _few(blank, found.observations, needed, whose) if found.observations < needed else None


def _unknown(blank: CriterionResult, measures: Sequence[Measure[Any]], whose: str = "") -> CriterionResult:
    """The worst of what is missing: an ERROR says more than silence."""
    gone = [measure for measure in measures if measure.value is None]
    worst = next((m for m in gone if m.trouble and m.trouble.verdict is GateVerdict.ERROR), gone[0])
    return _troubled(blank, worst.trouble or Trouble.NO_DATA, f"{whose}{worst.words or 'not known'}")
