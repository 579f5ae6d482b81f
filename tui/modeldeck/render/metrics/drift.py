"""Drift as lines and as a chart with its noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from modeldeck.domain.drift.comparison import LITTLE, MUCH, DriftVerdict
from modeldeck.domain.drift.findings import HistogramDrift
from modeldeck.domain.drift.over_time import DriftStep
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.charts.chart import symbol
from modeldeck.render.charts.chart_data import SERIES_ROLES, ChartData, ChartSeries, last_value
from modeldeck.render.charts.stack import StackedChart
from modeldeck.render.metrics.live import marks
from modeldeck.render.text import fit

ROLES: dict[DriftVerdict, Role] = {DriftVerdict.LITTLE: "ok", DriftVerdict.MODERATE: "warn", DriftVerdict.ACT: "bad"}
_COLUMNS = (("verdict", 12), ("PSI", 7), ("noise", 7), ("KS", 6), ("JS", 6), ("W1/σ", 6), ("values", 8), ("before", 8))
_FIGURES = sum(width for _, width in _COLUMNS) + 2


def head_line(width: int) -> Line:
    return (Cell(" " * _name_width(width)), *(Cell(fit(name, wide, "right"), "muted") for name, wide in _COLUMNS))


def histogram_line(one: HistogramDrift, width: int, *, chosen: bool) -> Line:
    """One row; what is not known is a dash."""
    found, comparison = one.comparison.distances, one.comparison
    figures = [found.psi, comparison.noise, found.ks, found.js, found.wasserstein] if found is not None else [None] * 5
    told = [
        *(numbers.NONE if value is None else f"{value:.3f}" for value in figures),
        *map(_counted, (comparison.current, comparison.baseline)),
    ]
    name = fit(one.histogram, _name_width(width) - 2)
    return (
        Cell("▸ " if chosen else "  ", "accent"),
        Cell(name, "strong" if chosen else ""),
        Cell(fit(comparison.verdict, _COLUMNS[0][1], "right"), ROLES.get(comparison.verdict, "muted")),
        *(Cell(fit(text, wide, "right")) for text, (_, wide) in zip(told, _COLUMNS[1:], strict=True)),
    )


def _name_width(width: int) -> int:
    return max(14, min(48, width - _FIGURES))


def _counted(count: int | None) -> str:
    return numbers.NONE if count is None else f"{count:,}" if count < 1_000_000 else numbers.short(count)


def notes_of(one: HistogramDrift) -> tuple[Line, ...]:
    """What is doubtful or not known."""
    message = one.comparison.message
    said = [(Cell(f"  {message}", "muted"),)] if message else []
    return (*said, *((Cell(f"! {warned.message}", "warn"),) for warned in one.comparison.warnings))


def drift_chart(
    name: str, steps: Sequence[DriftStep], changes: Sequence[ServingChange], *, window: tuple[float, float], step: float, empty: str
) -> StackedChart:
    """PSI with the noise of each step's values below it. A step in which nothing came is a gap."""
    psi = ChartSeries("PSI", tuple((one.at, one.psi) for one in steps))
    noise = ChartSeries("noise", tuple((one.at, one.noise) for one in steps))
    data = ChartData(
        (psi, noise),
        title=name,
        start=window[0],
        end=window[1],
        format=lambda value: f"{value:.2f}",
        markers=marks(changes, *window),
        bound=MUCH,
        gap=step * 1.5,
        empty=empty,
    )
    return StackedChart(data, _legend(data), _statistics(steps))


def _legend(data: ChartData) -> Line:
    line = [Cell(f"{data.title}  ", "strong")]
    for index, series in enumerate(data.series):
        newest = last_value(series.points)
        told = numbers.NONE if newest is None else f"{newest:.3f}"
        line += [Cell(f"{symbol(index)} ", SERIES_ROLES[index]), Cell(f"{series.name} ", "muted"), Cell(f"{told}  ", "strong")]
    return (*line, Cell("╌ ", "warn"), Cell(f"{MUCH:g}: act", "muted"))


def _statistics(steps: Sequence[DriftStep]) -> Line:
    """How many steps stand out of their own noise, and the highest of those."""
    known = [(one.psi, one.noise, one.at) for one in steps if one.psi is not None and one.noise is not None]
    if not known:
        return ()
    out = [(psi, at) for psi, noise, at in known if psi > noise]
    line = [Cell(f"{len(out)} of {len(known)} steps above their noise", "muted")]
    if out:
        psi, at = max(out)
        role: Role = "bad" if psi > MUCH else "warn" if psi >= LITTLE else ""
        line += [Cell("   max ", "muted"), Cell(f"{psi:.3f}", role), Cell(f" at {datetime.fromtimestamp(at):%b %d %H:%M}", "muted")]
    return tuple(line)
