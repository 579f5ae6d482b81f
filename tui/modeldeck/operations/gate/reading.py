"""From Prometheus' answers about one version to what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from modeldeck.domain.gates.counting import Counts, buckets_of, counts, growth, notes, one_number, restarts, scraped_since, seen_of
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.measures import Buckets, Measure, Measured, missing
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.operations.gate.asking import Answers, Ask, Unanswered
from modeldeck.operations.gate.queries import Side

T = TypeVar("T")


def measured(side: Side, answers: Answers, scrape: float) -> Measured:
    """`scrape`: in seconds, what is believed of how often its pods are scraped where no samples tell."""
    latency = _histogram(side.latency, answers, "latency", side, side.profile.latency_scale)
    requests, failed, since = _counted(side, answers)
    latency = _without_probes(latency, side, answers)
    predictions = _histogram(side.predictions, answers, "predicted values", side, 1.0)
    several = side.scraped.several
    return Measured(
        _doubtful(requests, several),
        _doubtful(failed, several),
        _doubtful(latency, several),
        _doubtful(predictions, several),
        seconds=max(1.0, side.at - since),
        seen=_seen(side, answers, scrape),
    )


def _without_probes(latency: Measure[Buckets], side: Side, answers: Answers) -> Measure[Buckets]:
    """Where a histogram cannot tell probes and scrapes from requests: what it has beyond the requests is taken to be in its lowest bucket,
    as those are quick. Else a version would be quick that few people ask, and slow one that many do."""
    if latency.value is None or side.counter is None or not side.whole:
        return latency
    found = answers.samples_of([side.samples(side.counter), *side.whole])
    if isinstance(found, Unanswered):
        return missing(found.trouble, found.message, latency.query)
    share = _probes(side, *map(side.of_pods, found))
    if share <= 0:
        return latency
    probes = share * max(count for _, count in latency.value)
    rest = tuple((bound, max(0.0, count - probes)) for bound, count in latency.value)
    return replace(latency, value=rest, message=f"{round(probes)} probes left out")


def _probes(side: Side, requests: Matrix, whole: Matrix) -> float:
    """Their share of all that the histogram counts, by the same scrapes of both; 0 where no counter tells the requests."""
    since, anew = scraped_since(side.start, requests, whole), restarts(requests, whole)
    counted, every = (sum((growth(each, side.start, since, anew) or {}).values()) for each in (requests, whole))
    known = requests.series or side.errors is not None
    return 1 - counted / every if known and every > 0 else 0.0


def _seen(side: Side, answers: Answers, scrape: float) -> float:
    samples = answers.samples_of([side.samples(side.counter)]) if side.counter is not None else ()
    if not samples or isinstance(samples, Unanswered):
        return max(0.0, 1 - scrape / side.window)
    found = seen_of(side.of_pods(samples[0]), side.start, side.at)
    return found if found is not None else 0.0


def _doubtful(measure: Measure[T], why: tuple[str, ...]) -> Measure[T]:
    """The same with reasons not to pass on it."""
    return replace(measure, warnings=(*measure.warnings, *why)) if why else measure


def number(one: Ask, answers: Answers) -> Measure[float]:
    """The answer to a query of the user's own."""
    found = answers.of([one])
    if isinstance(found, Unanswered):
        return missing(found.trouble, found.message, one.promql)
    return one_number(found[0], one.promql)


def _histogram(asks: Sequence[Ask], answers: Answers, what: str, side: Side, scale: float) -> Measure[Buckets]:
    if not asks:
        return missing(Trouble.NO_METRIC, f"{side.profile.name} exports no histogram of {what} here")
    shown, found = " + ".join(one.promql for one in asks), answers.of(asks)
    if isinstance(found, Unanswered):
        return missing(found.trouble, found.message, shown)
    together = Vector(tuple(s for each in found for s in each.samples), tuple(w for each in found for w in each.warnings))
    return buckets_of(together, shown, scale=scale)


def _counted(side: Side, answers: Answers) -> tuple[Measure[int], Measure[int], float]:
    """Requests, those that failed, and since when they are known."""
    counter, errors = side.counter, side.errors
    if counter is None:
        none: Measure[int] = missing(Trouble.NO_METRIC, f"{side.profile.name} exports no counter of requests here")
        return none, none, side.start
    shown, shown_errors = side.total(counter), side.total(errors) if errors is not None else ""
    apart = side.profile.errors_apart
    samples, there = answers.samples_of([side.samples(counter)]), answers.samples_of(side.scrapes)
    if isinstance(samples, Unanswered) or isinstance(there, Unanswered):
        away = samples if isinstance(samples, Unanswered) else there
        assert isinstance(away, Unanswered)
        return missing(away.trouble, away.message, shown), missing(away.trouble, away.message), side.start
    of_errors = answers.samples_of([side.samples(errors)]) if errors is not None else Unanswered(Trouble.NO_METRIC, _no_errors(side))
    bad = () if isinstance(of_errors, Unanswered) else tuple(side.of_pods(each) for each in of_errors)
    all_of_them = side.of_pods(samples[0])
    pods = scraped_since(side.start, *map(side.of_pods, there), all_of_them, *bad)
    started = answers.samples_of([side.started])
    anew = restarts(all_of_them, *bad, *(() if isinstance(started, Unanswered) else map(side.of_pods, started)))
    grown = growth(all_of_them, side.start, pods, anew), growth(bad[0], side.start, pods, anew) if bad else None
    found = counts(*grown, apart=apart)
    if apart and bad:
        shown = f"({shown} + {shown_errors})"
    requests, since = _requests(found, shown, all_of_them), min(pods.values(), default=side.start)
    if isinstance(of_errors, Unanswered):
        if requests.value is None and not apart and errors is None:  # without any request nobody can tell how failed ones are counted
            return requests, missing(Trouble.NO_DATA, requests.message), since
        unknown: Measure[int] = missing(of_errors.trouble, of_errors.message, shown_errors)
        return (unknown if apart and errors is not None else requests), unknown, since
    return requests, _failed(side, found, requests, shown_errors, tuple(message for each in bad for message in notes(each))), since


def _no_errors(side: Side) -> str:
    return next(iter(side.scraped.notes), f"{side.profile.name} exports no counter of failed requests here")


def _failed(side: Side, found: Counts, requests: Measure[int], shown: str, warnings: tuple[str, ...]) -> Measure[int]:
    blind_to = side.profile.blind_to
    if blind_to and not found.failed and requests.value is not None:
        return missing(Trouble.NO_METRIC, f"no failure was counted, which proves nothing: {blind_to}", shown)
    if found.failed is None:
        return missing(Trouble.NO_DATA, requests.message or "the count of failed requests is no number", shown)
    return Measure(found.failed, shown, warnings=(*warnings, *((f"not counted: {blind_to}",) if blind_to else ())))


def _requests(found: Counts, shown: str, samples: Matrix) -> Measure[int]:
    if found.requests is None:
        message = "the count of requests is no number" if samples.series else "no requests counted yet"
        return Measure(None, shown, Trouble.NO_DATA, message)
    return Measure(found.requests, shown, warnings=notes(samples))
