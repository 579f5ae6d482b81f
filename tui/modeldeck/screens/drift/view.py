"""What the drift screen shows of what was read: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.drift.settings import BaselineChoice, baseline_of
from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.drift.watch import DriftQuery, DriftSpan
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.stack import LEAST_HEIGHT, StackedChart
from modeldeck.render.metrics.drift import drift_chart, head_line, histogram_line, notes_of

WINDOWS = (3600.0, 6 * 3600.0, 24 * 3600.0, 3 * 86400.0, 7 * 86400.0, 30 * 86400.0)
"""Seconds."""
BASELINES: tuple[BaselineChoice | None, ...] = (None, *map(baseline_of, ("training", "previous", "7d")))
"""None: as configured."""
MOST_NOTES = 4


@dataclass(frozen=True, slots=True)
class DriftView:
    detail: str
    figure: str
    above: tuple[Line, ...] = ()
    charts: tuple[StackedChart, ...] = ()
    below: tuple[Line, ...] = ()


def resized(query: DriftQuery, by: int) -> DriftQuery:
    place = max(0, min(WINDOWS.index(query.window) + by, len(WINDOWS) - 1))
    return replace(query, window=WINDOWS[place])


def next_baseline(query: DriftQuery) -> DriftQuery:
    return replace(query, baseline=BASELINES[(BASELINES.index(query.baseline) + 1) % len(BASELINES)])


def chosen(query: DriftQuery, span: DriftSpan, by: int) -> DriftQuery:
    """Another histogram of those that there are."""
    names = [one.histogram for one in span.drift.histograms]
    place = names.index(span.histogram) if span.histogram in names else 0
    if query.histogram in names:  # the answer about it may still be on its way
        place = names.index(query.histogram)
    return replace(query, histogram=names[max(0, min(place + by, len(names) - 1))])


def drift_view(key: str, query: DriftQuery, span: DriftSpan | None, changes: Sequence[ServingChange], width: int, height: int) -> DriftView:
    """What was read for another question stays in sight until its own answer comes; the chart then says that it is being read."""
    detail = f"{key} · last {numbers.duration(query.window)}"
    if span is None:
        return DriftView(detail, "")
    if not span.drift.histograms:
        message = "no histogram is known of these pods: name some in the configuration (drift.histograms)"
        return DriftView(detail, "", (((Cell(""),), (Cell(message, "muted"),))))
    settled = span.query == query
    wanted = query.histogram or span.histogram
    named = [one for one in span.drift.histograms if one.histogram == wanted] or list(span.drift.histograms[:1])
    current = named[0]
    room = max(1, height - 2 - MOST_NOTES - LEAST_HEIGHT - 3)
    place = span.drift.histograms.index(current)
    first = max(0, min(place - room // 2, len(span.drift.histograms) - room))
    rows = [histogram_line(one, width, chosen=one is current) for one in span.drift.histograms[first : first + room]]
    counted = f"counted {numbers.duration(current.current.end - current.current.start)} up to now, against {current.against}"
    notes = [*notes_of(current), *((Cell(f"! {message}", "warn"),) for message in span.warnings)]
    chart = drift_chart(
        current.histogram,
        span.steps if settled else (),
        changes,
        window=(span.start, span.end) if settled else (span.end - query.window, span.end),
        step=span.step,
        empty=(span.message or "no data in this window") if settled else "reading …",
    )
    figure = f"step {numbers.duration(span.step)}" if settled else "reading …"
    return DriftView(detail, figure, (head_line(width), *rows, (Cell(f"  {counted}", "muted"),)), (chart,), tuple(notes[:MOST_NOTES]))
