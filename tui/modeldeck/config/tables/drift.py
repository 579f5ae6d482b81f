"""Drift from TOML.

[drift]
baseline = "7d"

[drift."serving/iris"]            # what is different for some deployments
histograms = ["petal_width"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modeldeck.config.document import Document
from modeldeck.config.keys import meant
from modeldeck.config.kinds import InvalidValue, named
from modeldeck.config.tables.drift_patterns import MOST_TABLES, deployment_pattern
from modeldeck.config.tables.profile_keys import histograms
from modeldeck.domain.drift.settings import LONGEST, SHORTEST, BaselineChoice, DriftRules, baseline_of


def _baseline(value: object) -> BaselineChoice:
    try:
        return baseline_of(str(value) if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidValue(str(error) if isinstance(value, str) else f"expected a string, found {named(value)}") from None


def _window(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"expected a number of seconds, found {named(value)}")
    if not SHORTEST <= value <= LONGEST:
        raise InvalidValue(f"expected {SHORTEST:.0f} to {LONGEST:.0f} seconds, found {value:g}")
    return float(value)


DRIFT: Mapping[str, Callable[[object], object]] = {"baseline": _baseline, "window": _window, "histograms": histograms}
"""Key → what makes of a TOML value the field of DriftSettings with the same name; raises InvalidValue."""


def read_drift(document: Document, path: tuple[str, ...], value: object) -> DriftRules:
    """The value of a `drift` key. What is wrong is noted in the document."""
    if not isinstance(value, dict):
        document.error(path, f"expected a table, found {named(value)}")
        return DriftRules()
    tables = {name: table for name, table in value.items() if isinstance(table, dict)}
    if len(tables) > MOST_TABLES:
        document.error(path, f"expected at most {MOST_TABLES} deployments, found {len(tables)}")
        return DriftRules()
    rules = [("*", _given(document, path, {name: one for name, one in value.items() if name not in tables}))]
    for name, table in tables.items():
        try:
            rules.append((deployment_pattern(name), _given(document, (*path, name), table)))
        except InvalidValue as unfit:
            document.error((*path, name), str(unfit))
    return DriftRules(tuple(rule for rule in rules if rule[1]))


def _given(document: Document, path: tuple[str, ...], table: Mapping[str, object]) -> dict[str, object]:
    given: dict[str, object] = {}
    for key, value in table.items():
        if key not in DRIFT:
            document.error((*path, key), "unknown key", meant(key, list(DRIFT)))
            continue
        try:
            given[key] = DRIFT[key](value)
        except InvalidValue as unfit:
            document.error((*path, key), str(unfit))
    return given
