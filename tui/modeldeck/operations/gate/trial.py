"""Trying a gate before it is needed: does Prometheus understand its queries, do their metrics exist, and what would it say today?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates.judgement import CriterionResult, Judgement, Trouble
from modeldeck.domain.gates.promql import metrics_in
from modeldeck.domain.gates.settings import Gate
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.gate.asking import Unanswered, ask, unanswered
from modeldeck.operations.gate.judging import judge, own_ask
from modeldeck.operations.gate.target import GateTarget
from modeldeck.ports import Metrics

_NOBODY = GateTarget("default", "example", ("example-5d4f8c7b9",), model="example", version="1")


@dataclass(frozen=True, slots=True)
class UnworkableCriterion:
    """A criterion that cannot work, whatever the requests: `message` says why, `hint` what to do."""

    criterion: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """`judgement` None: only the queries were tried. `away`: Prometheus' trouble, "" where it answered."""

    refused: tuple[UnworkableCriterion, ...]
    judgement: Judgement | None = None
    away: str = ""


async def try_on(gate: Gate, target: GateTarget, metrics: Metrics | None, *, now: float) -> Trial:
    """The gate on a deployment's pods of today, compared with the same pods as long before. Never raises a Failure."""
    earlier = replace(target, baseline=target.current, baseline_until=now - gate.baseline)
    found = await judge(gate, earlier, metrics, now=now)
    away = next((result.message for result in found.criteria if result.trouble is Trouble.UNREACHABLE), "")
    names = await _names(metrics)
    refused = [_refused(gate, result, names) for result in found.criteria]
    return Trial(tuple(each for each in refused if each is not None), found, away)


async def try_queries(gate: Gate, metrics: Metrics, *, now: float) -> Trial:
    """Only whether Prometheus takes the queries and knows their metrics: asked about a deployment that is not there."""
    asked = {criterion.name: own_ask(criterion.query, _NOBODY, round(gate.baseline), now) for criterion in gate.criteria}
    answers, names = await ask(metrics, asked.values()), await _names(metrics)
    if isinstance(names, Unanswered) and not asked:
        return Trial((), away=names.message)
    refused, away = [], ""
    for name, question in asked.items():
        answer = answers.of([question])
        if isinstance(answer, Unanswered) and answer.trouble is Trouble.UNREACHABLE:
            away = sanitize(answer.message)
        elif isinstance(answer, Unanswered):
            refused.append(UnworkableCriterion(name, sanitize(answer.message)))
        elif (absent := _absent(question.promql, names)) is not None:
            refused.append(UnworkableCriterion(name, *absent))
    return Trial(tuple(refused), away=away)


async def _names(metrics: Metrics | None) -> frozenset[str] | Unanswered:
    if metrics is None:
        return frozenset()
    try:
        return await metrics.metric_names()
    except Failure as failure:
        return unanswered(failure)


def _refused(gate: Gate, result: CriterionResult, names: Collection[str] | Unanswered) -> UnworkableCriterion | None:
    if result.trouble in (Trouble.SEVERAL_SERIES, Trouble.REJECTED):
        return UnworkableCriterion(result.name, result.message)
    if result.trouble is Trouble.NO_METRIC:
        return UnworkableCriterion(result.name, result.message, "see that the pods are scraped, or switch this criterion off")
    if result.trouble is Trouble.NO_DATA and result.name in {criterion.name for criterion in gate.criteria}:
        absent = _absent(result.query, names)
        return UnworkableCriterion(result.name, *absent) if absent is not None else None
    return None


def _absent(query: str, names: Collection[str] | Unanswered) -> tuple[str, str] | None:
    """The first metric of a query that nobody exports, in words, and what may have been meant."""
    if isinstance(names, Unanswered):
        return None
    for metric in metrics_in(query):
        if metric not in names:
            from difflib import get_close_matches

            near = get_close_matches(metric, names, n=1, cutoff=0.7)
            return f"Prometheus knows no metric {metric}", f"did you mean {sanitize(near[0])}?" if near else ""
    return None
