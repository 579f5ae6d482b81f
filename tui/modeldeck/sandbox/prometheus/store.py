"""The stand-in's memory: samples of the last hour, sixteen bytes each.

prombed's own storage copies every series on every scrape and keeps each sample as an object (about 110 bytes): fine for its ten
minutes, not for an hour of all pods. Its parser and its query engine only ever call `select`, so they work on views of this one.
"""

from __future__ import annotations

import re
import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prombed import LabelMatcher, PrombedError, Sample, StoredSeries

LabelKey = tuple[tuple[str, str], ...]
NAME = "__name__"


@dataclass(slots=True)
class MemorySeries:
    """One series: times in Unix milliseconds, rising. `stale` holds the times at which it ended."""

    labels: dict[str, str]
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    stale: set[int] = field(default_factory=set)

    def append(self, time: int, value: float, *, stale: bool = False) -> None:
        """Add a sample; one that is not newer than the last is dropped, as Prometheus does."""
        if self.times and time <= self.times[-1]:
            return
        self.times.append(time)
        self.values.append(value)
        if stale:
            self.stale.add(time)

    def between(self, start: int, end: int) -> list[Sample]:
        """The samples in (start, end]."""
        first, last = bisect_right(self.times, start), bisect_right(self.times, end)
        return [
            Sample(time, value, time in self.stale) for time, value in zip(self.times[first:last], self.values[first:last], strict=True)
        ]

    def seen_between(self, start: int, end: int) -> bool:
        """Whether a real sample lies in [start, end]."""
        first, last = bisect_right(self.times, start - 1), bisect_right(self.times, end)
        return any(self.times[index] not in self.stale for index in range(first, last))

    def drop_before(self, time: int) -> None:
        count = bisect_right(self.times, time)
        del self.times[:count], self.values[:count]
        self.stale = {each for each in self.stale if each > time}


def predicate(matcher: LabelMatcher) -> tuple[str, object]:
    """A matcher made ready: the label's name and a function of its value."""
    if matcher.operator in ("=", "!="):
        wanted = matcher.value
        if matcher.operator == "=":
            return matcher.name, wanted.__eq__
        return matcher.name, wanted.__ne__
    try:
        pattern = re.compile(matcher.value)
    except re.error as error:
        raise PrombedError("invalid_query", f"invalid label matcher regular expression {matcher.value!r}: {error}") from error
    if matcher.operator == "=~":
        return matcher.name, lambda value: pattern.fullmatch(value) is not None
    return matcher.name, lambda value: pattern.fullmatch(value) is None


class SeriesStore:
    """All series. Written by the scraper on the event loop, read by queries in threads."""

    def __init__(self, retention: float) -> None:
        self.retention_ms = int(retention * 1000)
        self._lock = threading.Lock()
        self._series: dict[LabelKey, MemorySeries] = {}
        self._by_name: dict[str, list[MemorySeries]] = {}
        self._pruned_at = 0

    def append(self, time: int, samples: Iterable[tuple[LabelKey, float]], ended: Iterable[LabelKey] = ()) -> int:
        """Add one scrape's samples, and end the series that it no longer has; the number of series that are new."""
        new = 0
        with self._lock:
            for key, value in samples:
                series = self._series.get(key)
                if series is None:
                    series = self._series[key] = MemorySeries(dict(key))
                    self._by_name.setdefault(series.labels[NAME], []).append(series)
                    new += 1
                series.append(time, value)
            for key in ended:
                if key in self._series:
                    self._series[key].append(time, float("nan"), stale=True)
            if time - self._pruned_at > self.retention_ms // 20:
                self._prune(time)
        return new

    def _prune(self, now: int) -> None:
        self._pruned_at = now
        for key, series in list(self._series.items()):
            series.drop_before(now - self.retention_ms)
            if not series.times:
                del self._series[key]
                self._by_name[series.labels[NAME]].remove(series)

    def matching(self, matchers: Sequence[LabelMatcher]) -> list[MemorySeries]:
        """The series that all matchers accept; a missing label is the empty string."""
        names = [matcher.value for matcher in matchers if matcher.name == NAME and matcher.operator == "="]
        tests = [predicate(matcher) for matcher in matchers]
        with self._lock:
            candidates = list(self._by_name.get(names[0], ())) if names else list(self._series.values())
        return [each for each in candidates if all(test(each.labels.get(name, "")) for name, test in tests)]  # type: ignore[operator]

    def cut(self, series: Iterable[MemorySeries], start: int, end: int) -> list[tuple[dict[str, str], list[Sample]]]:
        """Copies of the samples in (start, end], which later scrapes do not touch."""
        with self._lock:
            return [(each.labels, each.between(start, end)) for each in series]

    def labels_between(self, series: Iterable[MemorySeries], start: int, end: int) -> Iterator[Mapping[str, str]]:
        """The label sets of those series that have a sample in [start, end]."""
        with self._lock:
            found = [each.labels for each in series if each.seen_between(start, end)]
        yield from found

    def everything(self) -> list[MemorySeries]:
        with self._lock:
            return list(self._series.values())

    @property
    def counts(self) -> tuple[int, int]:
        """How many series and how many samples are kept."""
        with self._lock:
            return len(self._series), sum(len(each.times) for each in self._series.values())


class View:
    """What prombed's engine sees of the store for one query: it asks for series, and gets only the samples that an instant needs.

    The engine reads every sample of a series at each step. So each selector's samples are copied once for the whole query, and
    each instant is given a slice of them.
    """

    def __init__(self, store: SeriesStore, windows: Mapping[tuple[LabelMatcher, ...], int], start: int, end: int) -> None:
        self.instant = end
        self._windows = windows
        self._selected = {
            matchers: [
                (labels, [sample.timestamp for sample in samples], samples)
                for labels, samples in store.cut(store.matching(matchers), start - window, end)
            ]
            for matchers, window in windows.items()
        }

    def select(self, matchers: list[LabelMatcher]) -> list[StoredSeries]:
        key = tuple(matchers)
        start = self.instant - self._windows[key]
        found = []
        for labels, times, samples in self._selected[key]:
            first, last = bisect_right(times, start), bisect_right(times, self.instant)
            if first < last:
                found.append(StoredSeries(labels, samples[first:last]))
        return found
