"""Gates and judgements as JSON, both ways. Reading is tolerant: fields of a newer modeldeck are left alone, missing ones have their
defaults; what is not known is null, and a number that JSON does not have (NaN, infinity) is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Judgement, Trouble
from modeldeck.domain.gates.settings import DEFAULT, Gate, Op, QueryCriterion

Json = dict[str, Any]
E = TypeVar("E", bound=StrEnum)

_OPTIONAL = ("max_error_ratio", "max_error_rise", "max_p99", "max_p99_ratio", "max_drift")
_NUMBERS = ("baseline", "warm_up", "interval", "timeout", "scrape", "wrong_undo", "wrong_pass", "tolerated_errors")
_COUNTS = ("passes_in_a_row", "fails_in_a_row")


def gate_to_json(gate: Gate) -> Json:
    """Every setting, durations in seconds; a limit that is not judged is null."""
    body: Json = {each.name: getattr(gate, each.name) for each in fields(gate) if each.name not in ("criteria", "rollback")}
    body["criteria"] = [_criterion_to_json(criterion) for criterion in gate.criteria]
    body["rollback"] = gate_to_json(gate.rollback) if gate.rollback is not None else None
    return body


def _criterion_to_json(criterion: QueryCriterion) -> Json:
    body = {each.name: getattr(criterion, each.name) for each in fields(criterion)}
    return {**body, "op": criterion.op.value, "bound": _finite(criterion.bound)}


def gate_from_json(body: Mapping[str, Any]) -> Gate:
    """Raises ValueError only where a criterion cannot be understood: one that is left out would let pass what was not judged."""
    given: Json = {}
    for name in _OPTIONAL:
        if name in body:
            given[name] = _number(body[name])
    for name in _NUMBERS:
        given[name] = _number(body.get(name), getattr(DEFAULT, name))
    for name in _COUNTS:
        given[name] = max(1, _count(body.get(name)) or getattr(DEFAULT, name))
    given["criteria"] = tuple(_criterion_from_json(each) for each in body.get("criteria") or ())
    rollback = body.get("rollback")
    return Gate(**given, rollback=gate_from_json(rollback) if isinstance(rollback, Mapping) else None)


def _criterion_from_json(body: Mapping[str, Any]) -> QueryCriterion:
    bound = _number(body.get("bound"))
    if bound is None:
        raise ValueError("a criterion without a bound")
    name, query, unit = (str(body.get(key) or "") for key in ("name", "query", "unit"))
    least = _count(body.get("min_requests"))
    return QueryCriterion(name, query, Op(str(body.get("op"))), bound, unit, *(() if least is None else (least,)))


def judgement_to_json(judgement: Judgement) -> Json:
    """`at` in seconds since the epoch, as the journal keeps times."""
    return {
        "at": judgement.at,
        "elapsed": judgement.elapsed,
        "verdict": judgement.verdict.value,
        "requests": judgement.requests,
        "window": judgement.window,
        "message": judgement.message or None,
        "criteria": [criterion_result_to_json(result) for result in judgement.criteria],
    }


def criterion_result_to_json(result: CriterionResult) -> Json:
    return {
        "name": result.name,
        "query": result.query or None,
        "value": _finite(result.value),
        "unit": result.unit or None,
        "bound": result.bound or None,
        "op": result.op.value,
        "limit": _finite(result.limit),
        "baseline": _finite(result.baseline),
        "verdict": result.verdict.value,
        "requests": result.requests,
        "message": result.message or None,
        "trouble": result.trouble.value if result.trouble else None,
        "more_requests": result.more_requests,
        "more_seconds": _finite(result.more_seconds),
        "warnings": list(result.warnings),
    }


def judgement_from_json(body: Mapping[str, Any]) -> Judgement:
    """Never raises: a verdict that is not understood is an ERROR, which neither passes nor fails."""
    return Judgement(
        at=_number(body.get("at"), 0.0) or 0.0,
        elapsed=_number(body.get("elapsed"), 0.0) or 0.0,
        verdict=_enum(GateVerdict, body.get("verdict"), GateVerdict.ERROR),
        criteria=tuple(_result_from_json(each) for each in _list(body.get("criteria")) if isinstance(each, Mapping)),
        requests=_count(body.get("requests")),
        window=_number(body.get("window"), 0.0) or 0.0,
        message=str(body.get("message") or ""),
    )


def _result_from_json(body: Mapping[str, Any]) -> CriterionResult:
    return CriterionResult(
        name=str(body.get("name") or ""),
        verdict=_enum(GateVerdict, body.get("verdict"), GateVerdict.ERROR),
        message=str(body.get("message") or ""),
        query=str(body.get("query") or ""),
        value=_number(body.get("value")),
        unit=str(body.get("unit") or ""),
        bound=str(body.get("bound") or ""),
        limit=_number(body.get("limit")),
        op=_enum(Op, body.get("op"), Op.AT_MOST),
        baseline=_number(body.get("baseline")),
        requests=_count(body.get("requests")),
        warnings=tuple(str(each) for each in _list(body.get("warnings"))),
        trouble=next((each for each in Trouble if each.value == body.get("trouble")), None),
        more_requests=_count(body.get("more_requests")),
        more_seconds=_number(body.get("more_seconds")),
    )


def _enum(kind: type[E], value: object, default: E) -> E:
    try:
        return kind(str(value))
    except ValueError:
        return default


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(value: object, default: float | None = None) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return default
    return float(value)


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None
