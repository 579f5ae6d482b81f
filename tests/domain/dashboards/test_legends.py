"""Names of series."""

from __future__ import annotations

import pytest

from modeldeck.domain.dashboards.dashboard import Variable, VariableKind
from modeldeck.domain.dashboards.interpolation import Value
from modeldeck.domain.dashboards.legends import LONGEST, series_name

VALUES = {"q": Value(Variable("q", VariableKind.CUSTOM, ""), ("0.9",))}


@pytest.mark.parametrize(
    ("legend", "labels", "name"),
    [
        ("{{pod}} of {{ job }}", {"pod": "a", "job": "b"}, "a of b"),
        ("p[[q]] {{gone}}", {}, "p0.9 "),
        ("$missing", {}, "$missing"),
        ("", {"__name__": "up", "job": "b", "a": "c"}, "up a=c, job=b"),
        ("__auto", {}, "sum( up )"),
        ("{{pod}}", {"pod": "x" * 200}, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_series_is_named_as_the_panel_wants_it(legend: str, labels: dict[str, str], name: str) -> None:
    assert series_name(legend, labels, "sum(\n up )", VALUES) == name
