"""How a deployment stands against its objective: budgets and burn rates, what of the window is covered, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.objectives.burn import Budget, Burn, Standing
from modeldeck.domain.objectives.objective import Indicator, Objective


@dataclass(frozen=True, slots=True)
class IndicatorStatus:
    """One promise. `target`: the share of good requests. `bound`: seconds, the bound of the histogram that slow requests are told by."""

    indicator: Indicator
    target: float
    budget: Budget
    burns: tuple[Burn, ...] = ()
    bound: float | None = None
    not_known: str = ""
    """Why there are no figures; "" where there are."""
    notes: tuple[str, ...] = ()


class Assessment(StrEnum):
    """In one word, the worst first. A contract: these stand in `slo --output json`."""

    SPENT = "budget spent"
    BURNING = "burning"
    INSUFFICIENT = "insufficient"
    NO_DATA = "no data"
    NOT_KNOWN = "not known"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class ObjectiveStatus:
    """`covered`: of how many seconds of the window there are data, as far as that is known."""

    key: str
    objective: Objective
    indicators: tuple[IndicatorStatus, ...]
    covered: float | None = None
    at: float | None = None
    """Prometheus' own time of all figures, in seconds since the epoch."""
    queries: Mapping[str, str] = field(default_factory=dict)
    """The PromQL of the whole window, by what it counts."""

    @property
    def covers_all(self) -> bool:
        return self.covered is not None and self.covered >= 0.98 * self.objective.window


def assessment(status: IndicatorStatus) -> Assessment:
    """Of one promise. It is only well where budget and every rule that could be breached surely are."""
    if status.not_known:
        return Assessment.NOT_KNOWN
    standings = [status.budget.standing, *(one.standing for one in status.burns if one.standing is not Standing.UNREACHABLE)]
    if status.budget.standing is Standing.BREACHED:
        return Assessment.SPENT
    return next((told for found, told in _WORST if found in standings), Assessment.OK)


_WORST = (
    (Standing.BREACHED, Assessment.BURNING),
    (Standing.NO_DATA, Assessment.NO_DATA),
    (Standing.INSUFFICIENT, Assessment.INSUFFICIENT),
)
