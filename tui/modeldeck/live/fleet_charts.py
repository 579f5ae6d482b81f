"""The latency of many deployments over the last half hour, by few questions: one for each kind of server, grouped by pod."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.exports import Labels
from modeldeck.domain.metrics.measured import Points, grouped
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import bulk_queries, pod_pattern, rate_window
from modeldeck.domain.metrics.quantiles import bucket_bound, histogram_quantile, stats_by
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import Clock, Metrics

WINDOW, STEP = 1800.0, 60.0
"""Seconds: of the charts, and between two of their points."""
OVERLAP = 2 * STEP
"""Seconds of the known end that are asked for again: samples may come late."""
PODS_A_QUESTION = 200
"""Pods whose series one answer holds, about: 15 buckets of each at 30 moments are 90,000 values."""
PAST_EVERY = 300.0
"""Seconds after which the usual latency is asked for again."""
PAST_ENDS = 120.0
"""Seconds before now at which the past ends, so that what is new is not part of it."""


@dataclass(frozen=True, slots=True)
class FleetCharts:
    """By Deployment key: p99 in seconds at every STEP up to `end`, and the usual one, of the WINDOW up to PAST_ENDS before now."""

    end: float = 0.0
    asked: frozenset[str] = frozenset()
    """The deployments that were looked up; others than these are not known yet."""
    p99: Mapping[str, Points] = field(default_factory=dict)
    past_p99: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


_NOTHING = FleetCharts()


class FleetChartsReader:
    """Of the deployments that are asked for, the new end alone is asked for where the rest is known."""

    def __init__(
        self,
        metrics: Metrics,
        scrapes: Scrapes,
        fleet: Callable[[], Fleet | None],
        namespaces: Callable[[], Awaitable[Sequence[str]]],
        clock: Clock,
    ) -> None:
        self._metrics, self._scrapes, self._fleet, self._namespaces, self._clock = metrics, scrapes, fleet, namespaces, clock
        self._known: dict[str, _KnownPoints] = {}
        self._past: Mapping[str, float] = {}
        self._past_at: float | None = None

    async def read(self, shown: Collection[str]) -> FleetCharts:
        """`shown`: Deployment keys. Raises a Failure where no question is answered; one that is not is told in `warnings`."""
        fleet = self._fleet()
        scraped = (await self._scrapes.of(fleet)).by_deployment
        if fleet is None or not fleet.whole:
            return _NOTHING
        index, now = PodIndex(fleet), self._clock.now()
        end = now // STEP * STEP
        asked = [self._points(batch, index, end) for batch in self._batches(scraped, shown, index, end)]
        if self._past_at is None or not 0 <= now - self._past_at < PAST_EVERY:
            asked.append(self._usual(scraped, index, now))
        warnings: list[str] = []
        failures: list[Failure] = []
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                warnings += outcome
        if failures and len(failures) == len(asked):
            raise failures[0]
        self._known = {key: known for key, known in self._known.items() if key in scraped}
        points = {key: self._known[key].points for key in shown if key in self._known}
        return FleetCharts(end, frozenset(shown), points, self._past, tuple(dict.fromkeys([*warnings, *map(str, failures)])))

    def _batches(self, scraped: Mapping[str, Scraped], shown: Collection[str], index: PodIndex, end: float) -> Iterator[_Batch]:
        """What is not known yet, in questions that are answered in bounded time and room."""
        pods: dict[str, list[str]] = defaultdict(list)
        for pod, key in index.owners.items():
            pods[key].append(pod)
        wanted = {key: scraped[key] for key in shown if key in scraped and scraped[key].profile.latency}
        for (profile, labels), keys in grouped(wanted).items():
            by_start: dict[float, list[str]] = defaultdict(list)
            for key in sorted(keys):
                known = self._known.get(key)
                first = end - WINDOW
                if known is None or known.way != (profile, labels) or not first <= known.end <= end:
                    by_start[first].append(key)
                elif known.end < end:
                    by_start[max(first, known.end - OVERLAP)].append(key)
            for start, some in by_start.items():
                yield from _divided(_Batch(profile, labels, start), some, pods)

    async def _points(self, batch: _Batch, index: PodIndex, end: float) -> Sequence[str]:
        """Takes in what is answered; answers its warnings."""
        where = replace(batch.labels, matchers=_where(batch, index))
        promql = bulk_queries(batch.profile, (), labels=where, window=rate_window(step=STEP))["buckets"]
        answer = await self._metrics.query_range(promql, start=batch.start, end=end, step=STEP)
        found = p99_by_deployment(answer, batch.profile, owners_over_time(batch.labels, batch.deployments, index))
        for key in batch.deployments:
            known = self._known.get(key)
            older = known.points if known is not None and known.way == (batch.profile, batch.labels) else ()
            kept = tuple(point for point in older if end - WINDOW <= point[0] < batch.start - 1e-3)
            self._known[key] = _KnownPoints((batch.profile, batch.labels), end, (*kept, *found.get(key, ())))
        return answer.warnings

    async def _usual(self, scraped: Mapping[str, Scraped], index: PodIndex, now: float) -> Sequence[str]:
        namespaces = await self._namespaces()
        ways = {way: keys for way, keys in grouped(scraped).items() if way[0].latency}
        promql = [bulk_queries(profile, namespaces, labels=labels, window=round(WINDOW))["buckets"] for profile, labels in ways]
        answers = await asyncio.gather(*(self._metrics.query(each, at=now - PAST_ENDS) for each in promql))
        past: dict[str, float] = {}
        for ((profile, labels), keys), answer in zip(ways.items(), answers, strict=True):
            stats = stats_by(owners_over_time(labels, keys, index), buckets=answer.samples, scale=profile.latency_scale)
            past |= {key: one.p99 for key, one in stats.items() if one.p99 is not None}
        self._past, self._past_at = past, now
        return [message for answer in answers for message in answer.warnings]


@dataclass(frozen=True, slots=True)
class _KnownPoints:
    way: tuple[Profile, PodLabels]
    end: float
    points: Points


@dataclass(frozen=True, slots=True)
class _Batch:
    """Deployments that are asked for in one question, with their present pods (`namespace/pod`)."""

    profile: Profile
    labels: PodLabels
    start: float
    deployments: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()


def _divided(batch: _Batch, deployments: Sequence[str], pods: Mapping[str, Sequence[str]]) -> Iterator[_Batch]:
    some: list[str] = []
    of_some: list[str] = []
    for key in deployments:
        mine = pods.get(key, ())
        if some and len(of_some) + len(mine) > PODS_A_QUESTION:
            yield replace(batch, deployments=tuple(some), pods=tuple(of_some))
            some, of_some = [], []
        some.append(key)
        of_some += mine
    if some:
        yield replace(batch, deployments=tuple(some), pods=tuple(of_some))


def _where(batch: _Batch, index: PodIndex) -> str:
    """Selects their series, also those of pods that have gone since: these are told by their names."""
    if batch.labels.by_address:
        return batch.labels.of_pods("", "", index.addresses(batch.pods))
    namespaces = sorted({key.partition("/")[0] for key in batch.deployments})
    names = "|".join(pod_pattern(key.partition("/")[2]) for key in batch.deployments)
    within = batch.labels.of_namespaces(namespaces)
    return ",".join(part for part in (within, replace(batch.labels, namespace="", matchers="").of_pods("", names)) if part)


def p99_by_deployment(answer: Matrix, profile: Profile, owner_of: Callable[[Labels], str | None]) -> dict[str, Points]:
    """Of buckets by pod, over time; what is infinite or NaN is a gap."""
    rates: dict[str, dict[float, dict[float, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for series in answer.series:
        key, bound = owner_of(series.labels), bucket_bound(series.labels.get("le", ""))
        if key is None or bound is None:
            continue
        of_key = rates[key]
        for at, value in series.points:
            of_key[at][bound] += value
    return {key: tuple(_quantiles(profile, moments)) for key, moments in rates.items()}


def _quantiles(profile: Profile, moments: Mapping[float, Mapping[float, float]]) -> Iterator[tuple[float, float]]:
    for at in sorted(moments):
        value = histogram_quantile(0.99, tuple(moments[at].items())) * profile.latency_scale
        if math.isfinite(value):
            yield at, value


def owners_over_time(labels: PodLabels, deployments: Collection[str], index: PodIndex) -> Callable[[Labels], str | None]:
    """Whose a series is, also where its pod has gone since: that is told by the pod's name, unless Kubernetes has cut it or nothing tells
    its namespace."""
    wanted = frozenset(deployments)

    def owner(series: Labels) -> str | None:
        pod = index.pod_of(series, labels)
        if pod is not None:
            return found if (found := index.owners.get(pod)) in wanted else None
        if labels.by_address or not labels.namespace:
            return None
        stem = series.get(labels.pod, "").rsplit("-", 2)[0]
        return key if (key := f"{series.get(labels.namespace, '')}/{stem}") in wanted else None

    return owner
