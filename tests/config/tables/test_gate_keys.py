"""The keys of a gate: units, bounds, and what may be switched off."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.config.kinds import InvalidValue
from modeldeck.config.tables.gate_keys import CRITERION, GATE, NEEDED, Fit
from modeldeck.domain.gates.criteria import BUILT_IN
from modeldeck.domain.gates.settings import Gate, Op

VALUES = st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=1)


@pytest.mark.parametrize("key", GATE)
def test_each_is_a_field_of_a_gate_and_takes_its_default(key: str) -> None:
    assert key in {field.name for field in fields(Gate)}
    default = getattr(Gate(), key)
    assert GATE[key]("off" if default is None else default) == default


def refusal(fit: Fit, value: object) -> str:
    """Its words; "expected nothing else" where the value is taken."""
    try:
        fit(value)
    except InvalidValue as refused:
        return str(refused)
    return "expected nothing else"


@pytest.mark.parametrize("key", [*GATE, *CRITERION])
@given(value=VALUES)
def test_any_value_is_taken_or_refused_with_what_was_expected(key: str, value: object) -> None:
    assert "expected " in refusal(GATE.get(key) or CRITERION[key], value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("warm_up", "2m", "found '2m': did you mean 120?"),
        ("warm_up", "1.5 h", "did you mean 5400?"),
        ("warm_up", "soon", "expected a number of seconds, found 'soon'"),
        ("warm_up", -1, "expected 0 to 86400 seconds, found -1"),
        ("max_p99", 250, "found 250: did you mean 0.25?"),
        ("max_p99", 1e9, "found 1e+09"),
        ("max_error_ratio", 5, "found 5: did you mean 0.05?"),
        ("max_error_ratio", "5%", "found '5%': did you mean 0.05?"),
        ("max_error_ratio", 0, "expected a ratio above 0 and below 1, found 0"),
        ("max_error_ratio", 1, "did you mean 0.01?"),
        ("max_error_rise", 1, "above 1 and at most 1000, found 1"),
        ("max_error_rise", False, 'expected a number or "off", found false'),
        ("max_drift", 0, "above 0 and at most 100, found 0"),
        ("wrong_undo", "off", "expected a ratio"),
        ("wrong_undo", 0.5, "below 0.5"),
        ("interval", True, "found a boolean"),
        ("interval", float("nan"), "found nan"),
        ("passes_in_a_row", 1.0, "expected a whole number, found a float"),
        ("passes_in_a_row", 0, "expected 1 to 100, found 0"),
    ],
)
def test_what_is_refused_is_told_what_was_meant(key: str, value: object, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        GATE[key](value)
    assert message in str(refused.value)


def test_a_limit_may_be_switched_off_and_nothing_else() -> None:
    def off(key: str) -> bool:
        try:
            return GATE[key]("off") is None
        except InvalidValue:
            return False

    assert {key for key in GATE if off(key)} == {"max_error_ratio", "max_error_rise", "max_p99", "max_p99_ratio", "max_drift"}


@pytest.mark.parametrize("name", ["", "a" * 61, *BUILT_IN])
def test_a_criterion_has_a_short_name_of_its_own(name: str) -> None:
    with pytest.raises(InvalidValue):
        CRITERION["name"](name)
    assert CRITERION["name"]("a" * 60) == "a" * 60


@pytest.mark.parametrize(("key", "value"), [("query", ""), ("query", "x{model={model}}"), ("query", 3), ("op", "="), ("unit", 3)])
def test_what_a_criterion_cannot_hold(key: str, value: object) -> None:
    with pytest.raises(InvalidValue, match="expected "):
        CRITERION[key](value)


def test_a_criterion_is_complete_with_what_is_needed() -> None:
    assert set(NEEDED) < set(CRITERION)
    assert (CRITERION["op"]("<="), CRITERION["unit"](""), CRITERION["min_requests"](0)) == (Op("<="), "", 0)
