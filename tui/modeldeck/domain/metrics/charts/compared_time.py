"""Which earlier time charts are compared with, and what has to be asked of it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind, queries_of
from modeldeck.domain.metrics.profiles.profile import Profile


class ComparedTime(StrEnum):
    """Always so many seconds: where clocks change in between, by the clock an hour more or less."""

    DAY = "a day before"
    WEEK = "a week before"

    @property
    def seconds(self) -> float:
        return 86400.0 if self is ComparedTime.DAY else 7 * 86400.0


def next_compared_time(compared: ComparedTime | None) -> ComparedTime | None:
    """None, a day, a week, None."""
    return {None: ComparedTime.DAY, ComparedTime.DAY: ComparedTime.WEEK}.get(compared)


def compared_queries(kind: ChartKind, profile: Profile, names: Collection[str]) -> tuple[str, ...]:
    """Of a chart's queries (`names`: all that there are) those that its one earlier line comes from: its first line's, and what that is
    computed with. () where it has none."""
    first = next((name for name in NAMES[kind] if name in names), None)
    if first is None:
        return ()
    with_it = sorted(name for name in queries_of((kind,), profile) - {*NAMES[kind]} if name in names)
    return (first, *with_it)
