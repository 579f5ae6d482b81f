"""Alerts and objectives as lines."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.objectives.burn import RULES, Budget, Burn, Count, Standing, budget
from modeldeck.domain.objectives.objective import Indicator, LatencyTarget, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus
from modeldeck.live.service_level import ServiceLevel
from modeldeck.render.cell import Line
from modeldeck.render.metrics.service_level import service_level_line, service_level_lines

NOW = 1000.0
FIRING, PENDING = Alert("A", AlertState.FIRING, {}, 400.0), Alert("B", AlertState.PENDING, {})
WELL = tuple(Burn(rule, Standing.OK, 0.1, 0.1) for rule in RULES)


def texts(level: ServiceLevel) -> list[str]:
    return ["".join(cell.text for cell in line) for line in service_level_lines(level, NOW)]


def roles(line: Line) -> list[str]:
    return [cell.role for cell in line if cell.text]


def test_nothing_to_say() -> None:
    assert texts(ServiceLevel()) == texts(ServiceLevel(())) == []


def test_alerts() -> None:
    assert texts(ServiceLevel((FIRING, PENDING))) == ["▲ A fires since 10 min", "△ B is pending"]
    assert texts(ServiceLevel((FIRING,) * 5))[1] == "▲ A fires since 10 min  and 3 more"
    lines = service_level_lines(ServiceLevel((FIRING, replace(FIRING, silenced=True))), NOW)
    assert [roles(line) for line in lines] == [["bad"], ["muted"]]


def test_promises() -> None:
    availability = IndicatorStatus(Indicator.AVAILABILITY, 0.999, budget(0.999, Count(100_000, 25)), WELL)
    burning = replace(availability, burns=(replace(WELL[0], standing=Standing.BREACHED), *WELL[1:]))
    latency = IndicatorStatus(Indicator.LATENCY, 0.95, Budget(Standing.NO_DATA), not_known="no histogram")
    objective = Objective(0.999, LatencyTarget(0.25, 0.95))
    level = ServiceLevel((), ObjectiveStatus("a/b", objective, (availability, burning, latency)))
    assert texts(level) == [
        "availability 99.9 %, 30d  ok, 75.0 % of the budget left",
        "availability 99.9 %, 30d  burning, 75.0 % of the budget left",
        "latency < 250 ms 95 %, 30d  not known: no histogram",
    ]
    assert [roles(line) for line in service_level_lines(level, NOW)] == [["muted", "ok"], ["muted", "bad"], ["muted", "warn"]]


def test_what_is_not_known_is_told_once() -> None:
    away = Unreachable("gone", backend="Prometheus")
    assert texts(ServiceLevel(None, None, (away, away), ("a gap",))) == ["! not known: Prometheus: gone", "! a gap"]


def test_the_most_urgent_one_alone() -> None:
    def told(level: ServiceLevel) -> str:
        return "".join(cell.text for cell in service_level_line(level, NOW))

    availability = IndicatorStatus(Indicator.AVAILABILITY, 0.999, budget(0.999, Count(100_000, 25)), WELL)
    burning = replace(availability, burns=(replace(WELL[0], standing=Standing.BREACHED), *WELL[1:]))
    well, bad = (ObjectiveStatus("a/b", Objective(0.999), (availability, other)) for other in (availability, burning))
    silenced = replace(FIRING, silenced=True)
    assert told(ServiceLevel(())) == ""
    assert told(ServiceLevel((FIRING,))) == "▲ A fires since 10 min"
    assert told(ServiceLevel((FIRING,), bad)) == "▲ A fires since 10 min  +2 more"
    assert told(ServiceLevel((PENDING,), bad)).startswith("availability 99.9 %, 30d  burning")
    assert told(ServiceLevel((PENDING,), well)) == "△ B is pending  +2 more"
    assert told(ServiceLevel((silenced,), well)).startswith("availability 99.9 %, 30d  ok")
    assert told(ServiceLevel(None, well, (Unreachable("gone", backend="Alertmanager"),))).startswith("! not known: Alertmanager: gone")
