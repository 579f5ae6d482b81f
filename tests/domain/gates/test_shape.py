"""Gates and judgements through JSON and back."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import (
    CriterionResult,
    Gate,
    GateVerdict,
    Judgement,
    Op,
    QueryCriterion,
    gate_from_json,
    gate_to_json,
    judgement_from_json,
    judgement_to_json,
)
from tests.domain.gates.examples import GATES, JUDGEMENTS


def through_json(body: dict[str, Any]) -> Any:
    return json.loads(json.dumps(body, allow_nan=False))


@given(GATES)
def test_a_gate_comes_back(gate: Gate) -> None:
    assert gate_from_json(through_json(gate_to_json(gate))) == gate


@given(JUDGEMENTS)
def test_a_judgement_comes_back(judgement: Judgement) -> None:
    assert judgement_from_json(through_json(judgement_to_json(judgement))) == judgement


def test_the_contract() -> None:
    result = CriterionResult("error ratio", GateVerdict.PASS, query="a / b", value=0.01, bound="≤ 5 %", requests=80)
    body = judgement_to_json(Judgement(5.0, 1.0, GateVerdict.PASS, (result,), 80))
    assert {"verdict": "pass", "requests": 80}.items() <= body.items()
    (criterion,) = body["criteria"]
    contract = {"name": "error ratio", "query": "a / b", "value": 0.01, "bound": "≤ 5 %", "verdict": "pass", "requests": 80}
    assert contract.items() <= criterion.items()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_no_number_is_null(value: float | None) -> None:
    result = CriterionResult("p99", GateVerdict.INSUFFICIENT, value=value, limit=value, baseline=value)
    (criterion,) = through_json(judgement_to_json(Judgement(0.0, 0.0, GateVerdict.INSUFFICIENT, (result,))))["criteria"]
    assert (criterion["value"], criterion["limit"], criterion["baseline"]) == (None, None, None)


def test_fields_of_a_newer_modeldeck_are_left_alone() -> None:
    assert gate_from_json({"baseline": 120, "moon": "full", "rollback": None}) == Gate(baseline=120.0)
    assert gate_from_json({}) == Gate()
    assert gate_from_json({"max_error_ratio": None, "max_p99_ratio": None}) == Gate(max_error_ratio=None, max_p99_ratio=None)
    body = {"at": 1, "verdict": "superb", "criteria": [{"name": "x", "verdict": "pass", "op": "≈"}, 5], "moon": 1}
    found = judgement_from_json(body)
    assert (found.verdict, [each.name for each in found.criteria]) == (GateVerdict.ERROR, ["x"])


@pytest.mark.parametrize("criterion", [{"name": "x", "op": "<="}, {"name": "x", "op": "~", "bound": 1}])
def test_a_criterion_that_is_not_understood_is_not_left_out(criterion: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        gate_from_json({"criteria": [criterion]})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
KEYS = st.sampled_from(["at", "elapsed", "verdict", "criteria", "requests", "window", "message", "name", "value", "warnings", "op"])


@given(st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, JSON), max_size=2)))
def test_reading_a_judgement_never_raises(body: dict[str, Any]) -> None:
    json.dumps(judgement_to_json(judgement_from_json(body)), allow_nan=False)


def test_every_setting_is_there_and_what_is_not_known_is_null() -> None:
    own = QueryCriterion("queue", "q", Op.BELOW, math.inf, min_requests=0)
    body = gate_to_json(Gate(criteria=(own,), rollback=Gate(warm_up=5)))
    assert body["criteria"] == [{"name": "queue", "query": "q", "op": "<", "bound": None, "unit": "", "min_requests": 0}]
    assert (body["rollback"]["warm_up"], body["rollback"]["rollback"], body["max_p99"]) == (5, None, None)
    empty = judgement_to_json(Judgement(5.0, 1.0, GateVerdict.PASS, (CriterionResult("", GateVerdict.PASS),)))
    assert (empty["message"], empty["requests"]) == (None, None)
    (result,) = empty["criteria"]
    assert [name for name, value in result.items() if value is None] == [
        *("query", "value", "unit", "bound", "limit", "baseline", "requests", "message", "trouble", "more_requests", "more_seconds")
    ]
    assert (result["op"], result["warnings"]) == ("<=", [])


@pytest.mark.parametrize(
    ("body", "gate"),
    [
        ({"passes_in_a_row": 0, "fails_in_a_row": -1}, Gate()),
        ({"passes_in_a_row": 1, "fails_in_a_row": 4.0}, Gate(passes_in_a_row=1, fails_in_a_row=4)),
        ({"passes_in_a_row": True, "warm_up": True, "interval": "5", "timeout": math.nan}, Gate()),
        ({"warm_up": 0, "interval": 7}, Gate(warm_up=0.0, interval=7.0)),
        ({"max_p99": "fast", "max_drift": math.inf, "max_error_ratio": 0}, Gate(max_p99=None, max_drift=None, max_error_ratio=0.0)),
        ({"criteria": None, "rollback": "no"}, Gate()),
    ],
)
def test_a_setting_that_cannot_be_read_is_the_default(body: dict[str, Any], gate: Gate) -> None:
    assert gate_from_json(body) == gate


@pytest.mark.parametrize(("least", "read"), [(None, 20), (-3, 20), ("5", 20), (0, 0), (7, 7)])
def test_a_criterion_of_an_older_modeldeck_waits_for_as_many_requests_as_usual(least: object, read: int) -> None:
    body = {"criteria": [{"name": "x", "op": "<=", "bound": 1, "min_requests": least}]}
    assert gate_from_json(body).criteria == (QueryCriterion("x", "", Op.AT_MOST, 1.0, min_requests=read),)


def test_a_judgement_that_says_nothing_is_an_error_of_no_time() -> None:
    assert judgement_from_json({}) == Judgement(0.0, 0.0, GateVerdict.ERROR)
    assert judgement_from_json({"at": None, "elapsed": "x", "window": None, "requests": -1}) == Judgement(0.0, 0.0, GateVerdict.ERROR)
    (result,) = judgement_from_json({"criteria": [{"warnings": "w", "trouble": "moon", "op": "?"}]}).criteria
    assert result == CriterionResult("", GateVerdict.ERROR)
