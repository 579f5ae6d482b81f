"""What a dashboard's panels show: the values of its variables, then the queries of those panels that are seen."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from modeldeck.domain.dashboards.dashboard import Dashboard, DashboardPanel, Variable, VariableKind
from modeldeck.domain.dashboards.interpolation import QueriedSpan, Unresolved, Value, interpolated, referenced
from modeldeck.domain.dashboards.legends import series_name, text_of
from modeldeck.domain.dashboards.options import answered_options, chosen_of, options_query, own_options
from modeldeck.domain.failures import Rejected, TooLarge
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.live.deployment_charts import grid, step_of
from modeldeck.ports import Clock, Metrics

VARIABLES_FRESH = 300.0
"""Seconds for which the values of variables are not asked for again."""
MOST_LINES = 6
"""Lines of one panel: those with the highest newest values. The rest is counted."""


@dataclass(frozen=True, slots=True)
class DashboardQuery:
    """`end` None: up to now. `panels`: places of those that are seen. `chosen`: by variable, where it is not the file's choice."""

    window: float
    end: float | None = None
    columns: int = 120
    panels: tuple[int, ...] = ()
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownVariable:
    """`trouble`: why its values are not known."""

    variable: Variable
    options: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PanelLine:
    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PanelAnswer:
    """`promql` is what was asked. `trouble`: why there is nothing of it, in words; `more`: series that are not among the lines."""

    lines: tuple[PanelLine, ...] = ()
    title: str = ""
    """With its variables put in."""
    promql: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    trouble: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class DashboardCharts:
    query: DashboardQuery
    start: float
    end: float
    latest: float
    step: float
    variables: tuple[KnownVariable, ...] = ()
    panels: Mapping[int, PanelAnswer] = field(default_factory=dict)


class DashboardReader:
    """One dashboard's. Raises a Failure where Prometheus does not answer; a query that it refuses is told with its panel."""

    def __init__(self, dashboard: Dashboard, metrics: Metrics, clock: Clock) -> None:
        self.dashboard = dashboard
        self._metrics, self._clock = metrics, clock
        self.forget()

    def forget(self) -> None:
        """The next `read` asks for the values of variables, too."""
        self._known: tuple[KnownVariable, ...] = ()
        self._known_of: tuple[Mapping[str, tuple[str, ...]], float] | None = None

    async def read(self, query: DashboardQuery) -> DashboardCharts:
        now = self._clock.now()
        end = now if query.end is None else min(query.end, now)
        step = step_of(query.window, query.columns)
        start, end = grid(end - query.window, end, step)
        span = QueriedSpan(start, end, step)
        variables = await self._variables(query.chosen, span, now)
        values = {one.variable.name: _value(one) for one in variables}
        places = [place for place in query.panels if place < len(self.dashboard.panels)]
        answers = await asyncio.gather(*(self._panel(self.dashboard.panels[place], values, span) for place in places))
        return DashboardCharts(query, start, end, end, step, variables, dict(zip(places, answers, strict=True)))

    # ── variables ──

    async def _variables(self, chosen: Mapping[str, tuple[str, ...]], span: QueriedSpan, now: float) -> tuple[KnownVariable, ...]:
        if self._known_of is not None and self._known_of[0] == chosen and now - self._known_of[1] < VARIABLES_FRESH:
            return self._known
        names = {one.name for one in self.dashboard.variables}
        found: dict[str, KnownVariable] = {}
        waiting = list(self.dashboard.variables)
        while waiting:
            # Those whose own questions need no variable that is still to come. A circle is left over, and told.
            ready = [one for one in waiting if not _needs(one) & names - found.keys()]
            for one, known in zip(ready, await asyncio.gather(*(self._one(one, chosen, found, span) for one in ready)), strict=True):
                found[one.name] = known
            waiting = [one for one in waiting if one not in ready]
            if not ready:
                found |= {one.name: KnownVariable(one, trouble="it and others need each other's value") for one in waiting}
                break
        self._known = tuple(found[one.name] for one in self.dashboard.variables)
        self._known_of = dict(chosen), now
        return self._known

    async def _one(
        self, variable: Variable, chosen: Mapping[str, tuple[str, ...]], found: Mapping[str, KnownVariable], span: QueriedSpan
    ) -> KnownVariable:
        wanted = chosen.get(variable.name, ())
        if variable.kind is not VariableKind.QUERY:
            options = own_options(variable)
            return KnownVariable(variable, options, chosen_of(variable, options, wanted))
        try:
            asked = options_query(interpolated(variable.query, {name: _value(one) for name, one in found.items()}, span))
            if asked is None:
                return KnownVariable(variable, trouble="its question has a form that is not known here")
            options = answered_options(variable, asked, await self._metrics.query(asked.promql))
        except (Unresolved, ValueError) as error:
            return KnownVariable(variable, trouble=str(error))
        except (Rejected, TooLarge) as failure:
            return KnownVariable(variable, trouble=failure.message)
        if not options:
            return KnownVariable(variable, trouble="nothing answers to its question")
        return KnownVariable(variable, options, chosen_of(variable, options, wanted))

    # ── panels ──

    async def _panel(self, panel: DashboardPanel, values: Mapping[str, Value], span: QueriedSpan) -> PanelAnswer:
        title = text_of(panel.title, values)
        try:
            asked = [(one, _span_of(one.least_step, span)) for one in panel.targets]
            promql = tuple(interpolated(one.expr, values, own) for one, own in asked)
        except Unresolved as error:
            return PanelAnswer(title=title, trouble=str(error))
        try:
            answers = await asyncio.gather(*(self._range(text, own) for text, (_, own) in zip(promql, asked, strict=True)))
        except (Rejected, TooLarge) as failure:
            return PanelAnswer(title=title, promql=promql, trouble=failure.message)
        lines = [
            PanelLine(series_name(target.legend, series.labels, text, values), series.points)
            for (target, _), text, answer in zip(asked, promql, answers, strict=True)
            for series in answer.series
            if series.points
        ]
        warnings = tuple(dict.fromkeys(message for answer in answers for message in answer.warnings))
        kept = {id(line) for line in sorted(lines, key=_newest)[-MOST_LINES:]}
        drawn = tuple(line for line in lines if id(line) in kept)
        return PanelAnswer(drawn, title, promql, warnings, more=len(lines) - len(drawn))

    async def _range(self, promql: str, span: QueriedSpan) -> Matrix:
        return await self._metrics.query_range(promql, start=span.start, end=span.end, step=span.step)


def _newest(line: PanelLine) -> float:
    value = line.points[-1][1]
    return -math.inf if math.isnan(value) else value


def _needs(variable: Variable) -> set[str]:
    return set(referenced(variable.query)) if variable.kind is VariableKind.QUERY else set()


def _value(known: KnownVariable) -> Value:
    return Value(known.variable, known.chosen, known.options)


def _span_of(least_step: float, span: QueriedSpan) -> QueriedSpan:
    """With the step that a query wants at least."""
    step = max(span.step, float(round(least_step)))
    return QueriedSpan(*grid(span.start, span.end, step), step) if step > span.step else span
