"""The lines of charts a day or a week before, moved onto the present time axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, chart_lines
from modeldeck.domain.metrics.charts.compared_time import ComparedTime, compared_queries
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.live.range_reader import AskedRange, RangeReader
from modeldeck.ports import Clock, Metrics


@dataclass(frozen=True, slots=True)
class EarlierLines:
    """`lines`: one of each chart whose queries were answered; without points where there are no data of that time."""

    lines: Mapping[ChartKind, ChartLine] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """Also why a chart has no earlier line."""


NOTHING_EARLIER = EarlierLines()


class EarlierReader:
    """Remembers its answers like those about the present."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._ranges = RangeReader(metrics, clock)
        self._compared: ComparedTime | None = None

    def forget(self) -> None:
        """The next `read` asks for everything."""
        self._ranges.forget()

    async def read(
        self, compared: ComparedTime, kinds: Iterable[ChartKind], profile: Profile, promql: Mapping[str, str], present: AskedRange
    ) -> EarlierLines:
        """What is not answered is told: the present is worth showing without it."""
        if compared is not self._compared:
            # A step need not divide both distances: points of the one would stand between those of the other.
            self._ranges.forget()
            self._compared = compared
        needed = {kind: names for kind in kinds if (names := compared_queries(kind, profile, promql))}
        wanted = {name: promql[name] for names in needed.values() for name in names}
        answers, refused = await self._ranges.read(wanted, present.earlier(compared.seconds), optional=wanted)
        refused |= {name: f"{name}: {len(answer.series)} series" for name, answer in answers.items() if len(answer.series) > 1}
        answered = {kind: names for kind, names in needed.items() if refused.keys().isdisjoint(names)}
        lines = {kind: _moved(kind, names, profile, answers, compared.seconds) for kind, names in answered.items()}
        told = (message for answer in answers.values() for message in answer.warnings)
        return EarlierLines(lines, tuple(dict.fromkeys((*(f"{compared}: {why}" for why in refused.values()), *told))))


def _moved(kind: ChartKind, names: tuple[str, ...], profile: Profile, answers: Mapping[str, Matrix], by: float) -> ChartLine:
    line = chart_lines((kind,), profile, {name: answers[name] for name in names})[kind][0]
    return replace(line, points=tuple((at + by, value) for at, value in line.points))
