"""The criteria: from what was measured of the new version and of the one being replaced to a verdict, a value and words each.

What is not known is INSUFFICIENT (or ERROR, where asking went wrong) and never 0. What is counted decides by evidence, both ways: PASS
where it excludes a change beyond the margin, FAIL where it shows one, else INSUFFICIENT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modeldeck.domain.gates import evidence, latency
from modeldeck.domain.gates.drift import BLIND, drift
from modeldeck.domain.gates.evidence import Evidence
from modeldeck.domain.gates.formatting import bound_words, shown
from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Trouble
from modeldeck.domain.gates.latency import P99, p99_of
from modeldeck.domain.gates.looks import Levels, levels
from modeldeck.domain.gates.measures import Buckets, Measure, Measured
from modeldeck.domain.gates.settings import Gate, Op, QueryCriterion

ERRORS, ERRORS_COMPARED, LATENCY, LATENCY_COMPARED, DRIFT = "error ratio", "error ratio vs before", "p99", "p99 vs before", "drift"
BUILT_IN = (ERRORS, ERRORS_COMPARED, LATENCY, LATENCY_COMPARED, DRIFT)
BEFORE = "of the version before: "


def built_in(gate: Gate, new: Measured, old: Measured, elapsed: float | None = None) -> list[CriterionResult]:
    """Every criterion that the gate has, but those of the user's own; `elapsed` in seconds since the gate began, for how sure this look
    must be (None: as any look but the last)."""
    sure = levels(gate, elapsed)
    results = by_errors(gate, sure, new, old) + by_latency(gate, sure, new, old)
    if gate.max_drift is not None:
        results.append(drift_compared(gate.max_drift, sure, new, old))
    return results


def by_errors(gate: Gate, sure: Levels, new: Measured, old: Measured) -> list[CriterionResult]:
    """Those that count failed requests."""
    results = []
    if gate.max_error_ratio is not None:
        results.append(error_ceiling(gate.max_error_ratio, sure, new))
    if gate.max_error_rise is not None:
        results.append(errors_compared(gate, gate.max_error_rise, sure, new, old))
    return results


def by_latency(gate: Gate, sure: Levels, new: Measured, old: Measured) -> list[CriterionResult]:
    """Those that look at how long requests take."""
    results = []
    if gate.max_p99 is not None:
        results.append(p99_ceiling(gate.max_p99, sure, new))
    if gate.max_p99_ratio is not None:
        results.append(p99_compared(gate.max_p99_ratio, sure, new, old))
    return results


def error_ceiling(ceiling: float, sure: Levels, new: Measured) -> CriterionResult:
    blank = _blank(ERRORS, "ratio", ceiling, new.ratio_query, [new.requests, new.failed], new.requests.value)
    requests, failed = new.requests.value, new.failed.value
    if requests is None or failed is None:
        return _unknown(blank, [new.requests, new.failed])
    if requests == 0:
        return _troubled(blank, Trouble.NO_DATA, "no requests")
    ratio = failed / requests
    said = f"{shown(ratio, 'ratio')} of {requests} requests"
    return _decided(replace(blank, value=ratio), evidence.ceiling(failed, requests, ceiling), sure, said)


def errors_compared(gate: Gate, most: float, sure: Levels, new: Measured, old: Measured) -> CriterionResult:
    """`limit` is the error ratio that is allowed, by what the version before had."""
    measures = [new.requests, new.failed, old.requests, old.failed]
    blank = _blank(ERRORS_COMPARED, "ratio", None, new.ratio_query, measures, new.requests.value)
    blank = replace(blank, bound=f"≤ {most:g} ×")
    requests, failed, base_requests, base_failed = (measure.value for measure in measures)
    if requests is None or failed is None:
        return _unknown(blank, measures[:2])
    if base_requests is None or base_failed is None:
        return _unknown(blank, measures[2:], BEFORE)
    if requests == 0 or base_requests == 0:
        return _troubled(blank, Trouble.NO_DATA, "no requests" if requests == 0 else f"{BEFORE}no requests")
    ratio, base = failed / requests, base_failed / base_requests
    limit = max(most * base, gate.tolerated_errors)
    blank = replace(blank, value=ratio, baseline=base, limit=limit, bound=bound_words(Op.AT_MOST, limit, "ratio"))
    said = f"{shown(ratio, 'ratio')} of {requests} requests against {shown(base, 'ratio')} of {base_requests}"
    found = evidence.rise(failed, requests, base_failed, base_requests, most, gate.tolerated_errors)
    return _decided(blank, found, sure, said)


def p99_ceiling(ceiling: float, sure: Levels, new: Measured) -> CriterionResult:
    blank = _blank(LATENCY, "s", ceiling, _p99_query(new.latency), [new.latency], None)
    if new.latency.value is None:
        return _unknown(blank, [new.latency])
    found = p99_of(new.latency.value)
    blank = replace(blank, value=found.seconds, requests=found.observations)
    if found.seconds is None:
        return _troubled(blank, Trouble.NO_DATA, _NOTHING_SLOW)
    said = f"{_seconds(found)} of {found.observations} requests{_left_out(new.latency)}"
    return _decided(blank, latency.against(new.latency.value, ceiling, new.seen), sure, said)


def p99_compared(most: float, sure: Levels, new: Measured, old: Measured) -> CriterionResult:
    """`value` is the ratio of the two, `baseline` the older p99 in seconds."""
    blank = _blank(LATENCY_COMPARED, "×", most, _p99_query(new.latency), [new.latency, old.latency], None)
    if new.latency.value is None:
        return _unknown(blank, [new.latency])
    if old.latency.value is None:
        return _unknown(blank, [old.latency], BEFORE)
    found, base = p99_of(new.latency.value), p99_of(old.latency.value)
    blank = replace(blank, requests=found.observations, baseline=base.seconds)
    if found.seconds is None or base.seconds is None:
        return _troubled(blank, Trouble.NO_DATA, f"{'' if found.seconds is None else BEFORE}{_NOTHING_SLOW}")
    if base.seconds and not base.beyond:
        blank = replace(blank, value=found.seconds / base.seconds)
    said = f"{_seconds(found)} of {found.observations} requests against {_seconds(base)} of {base.observations}{_left_out(new.latency)}"
    return _decided(blank, latency.compared(new.latency.value, old.latency.value, most, new.seen), sure, said)


def drift_compared(most: float, sure: Levels, new: Measured, old: Measured) -> CriterionResult:
    """PSI of the predicted values."""
    blank = _blank(DRIFT, "PSI", most, new.predictions.query, [new.predictions, old.predictions], None)
    if new.predictions.value is None:
        return _unknown(blank, [new.predictions])
    if old.predictions.value is None:
        return _unknown(blank, [old.predictions], BEFORE)
    found = drift(new.predictions.value, old.predictions.value)
    if found is None:
        return _troubled(blank, Trouble.NO_DATA, "no predictions that could be compared")
    said = f"PSI {found.psi:.3g} over {found.predictions} predictions against {found.before}"
    if found.largest > BLIND:
        said += f"; one bucket holds {found.largest:.0%}, and hides what moves within it"
    return _decided(replace(blank, value=found.psi, requests=found.predictions), found.evidence(most, new.seen), sure, said)


def own(criterion: QueryCriterion, answer: Measure[float], requests: Measure[int]) -> CriterionResult:
    """A criterion of the user's: one number, which is met or not. `decide` wants to see it several times."""
    needed = criterion.min_requests
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
    if needed and requests.value is None:
        return _unknown(blank, [requests])
    if requests.value is not None and requests.value < needed:
        few = replace(blank, more_requests=needed - requests.value)
        return _troubled(few, Trouble.FEW_REQUESTS, f"{requests.value} requests, {needed} needed")
    said = shown(blank.value, criterion.unit)
    if criterion.op.holds(blank.value, criterion.bound):
        return replace(blank, verdict=GateVerdict.PASS, message=said)
    return replace(blank, verdict=GateVerdict.FAIL, message=f"{said}, wanted {blank.bound}")


def _blank(
    name: str, unit: str, limit: float | None, query: str, measures: Sequence[Measure[Any]], requests: int | None
) -> CriterionResult:
    warnings = tuple(dict.fromkeys(message for measure in measures for message in measure.warnings))
    bound = "" if limit is None else bound_words(Op.AT_MOST, limit, unit)
    verdict = GateVerdict.INSUFFICIENT
    return CriterionResult(name, verdict, query=query, unit=unit, bound=bound, limit=limit, requests=requests, warnings=warnings)


def _p99_query(latency: Measure[Buckets]) -> str:
    return f"histogram_quantile(0.99, {latency.query})" if latency.query else ""


def _left_out(measure: Measure[Any]) -> str:
    return f" ({measure.message})" if measure.message else ""


def _seconds(found: P99) -> str:
    return ("more than " if found.beyond else "") + shown(found.seconds, "s")


_NOTHING_SLOW = "no requests in its latency buckets"
_TOO_COARSE = {DRIFT: "every prediction is in one bucket: drift within it cannot be seen"}


def _decided(blank: CriterionResult, found: Evidence, sure: Levels, said: str) -> CriterionResult:
    verdict = found.verdict(sure)
    if verdict is GateVerdict.PASS:
        return replace(blank, verdict=verdict, message=said)
    if verdict is GateVerdict.FAIL:
        return replace(blank, verdict=verdict, message=f"{said}, wanted {blank.bound}")
    if found.blind:
        return _troubled(blank, Trouble.COARSE, _TOO_COARSE.get(blank.name, f"{said}: its buckets are too coarse to tell {blank.bound}"))
    return _troubled(blank, Trouble.UNDECIDED, f"{said}: neither shown nor excluded")


def _troubled(blank: CriterionResult, trouble: Trouble, message: str) -> CriterionResult:
    return replace(blank, verdict=trouble.verdict, trouble=trouble, message=message)


def _unknown(blank: CriterionResult, measures: Sequence[Measure[Any]], whose: str = "") -> CriterionResult:
    """The worst of what is missing: an ERROR says more than silence."""
    gone = [measure for measure in measures if measure.value is None]
    worst = next((m for m in gone if m.trouble and m.trouble.verdict is GateVerdict.ERROR), gone[0])
    return _troubled(blank, worst.trouble or Trouble.NO_DATA, f"{whose}{worst.message or 'not known'}")
