"""From Prometheus' answers about one version to what was measured of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from tui.domain.gates.counting import Counts, Growth, buckets_of, counts, notes, one_number
from tui.domain.gates.judgement import Trouble
from tui.domain.gates.measures import Buckets, Measure, Measured, missing
from tui.domain.metrics import Vector
from tui.domain.profiles import Counter
from tui.operations.gate.asking import Answers, Ask, Unanswered
from tui.operations.gate.queries import Side

_NO_SERIES = Vector(())
T = TypeVar("T")


def measured(side: Side, answers: Answers) -> Measured:
    latency = _histogram(side.latency, answers, "latency", side, side.profile.latency_scale)
    requests, failed = _counted(side, answers)
    predictions = _histogram(side.predictions, answers, "predicted values", side, 1.0)
    several = side.scraped.several
    return Measured(_doubtful(requests, several), _doubtful(failed, several), _doubtful(latency, several), _doubtful(predictions, several))


def _doubtful(measure: Measure[T], why: tuple[str, ...]) -> Measure[T]:
    """The same with reasons not to pass on it."""
    return replace(measure, warnings=(*measure.warnings, *why)) if why else measure


def number(one: Ask, answers: Answers) -> Measure[float]:
    """The answer to a query of the user's own."""
    found = answers.of([one])
    if isinstance(found, Unanswered):
        return missing(found.trouble, found.words, one.promql)
    return one_number(found[0], one.promql)


def _histogram(one: Ask | None, answers: Answers, what: str, side: Side, scale: float) -> Measure[Buckets]:
    if one is None:
        return missing(Trouble.NO_METRIC, f"{side.profile.name} exports no histogram of {what} here")
    found = answers.of([one])
    if isinstance(found, Unanswered):
        return missing(found.trouble, found.words, one.promql)
    return buckets_of(found[0], one.promql, scale=scale)


def _counted(side: Side, answers: Answers) -> tuple[Measure[int], Measure[int]]:
    counter, errors = side.counter, side.errors
    if counter is None:
        none: Measure[int] = missing(Trouble.NO_METRIC, f"{side.profile.name} exports no counter of requests here")
        return none, none
    shown = side.total(counter)
    grown = answers.of([side.grown(counter)])
    if isinstance(grown, Unanswered):
        return missing(grown.trouble, grown.words, shown), missing(grown.trouble, grown.words)
    grown = tuple(side.labels.renamed(vector) for vector in grown)
    if errors is None:
        alone = counts(Growth(*grown), None, _NO_SERIES, apart=side.profile.errors_apart, part=False)
        requests = _requests(alone, shown, grown)
        if requests.value is None and not side.profile.errors_apart:  # without any request nobody can tell how failed ones are counted
            return requests, missing(Trouble.NO_DATA, requests.words)
        words = next(iter(side.scraped.notes), f"{side.profile.name} exports no counter of failed requests here")
        return requests, missing(Trouble.NO_METRIC, words)
    return _with_errors(side, counter, errors, grown, answers)


def _with_errors(
    side: Side, counter: Counter, errors: Counter, grown: tuple[Vector, ...], answers: Answers
) -> tuple[Measure[int], Measure[int]]:
    apart, shown, shown_errors = side.profile.errors_apart, side.total(counter), side.total(errors)
    vectors = answers.of(side.errors_asks(errors))
    if isinstance(vectors, Unanswered):
        failed: Measure[int] = missing(vectors.trouble, vectors.words, shown_errors)
        alone = counts(Growth(*grown), None, _NO_SERIES, apart=apart, part=False)
        return (failed if apart else _requests(alone, shown, grown)), failed
    *growth, scraped = (side.labels.renamed(vector) for vector in vectors)
    found = counts(Growth(*grown), Growth(*growth), scraped, apart=apart, part=errors.metric == counter.metric)
    if apart:
        shown = f"({shown} + {shown_errors})"
    requests = _requests(found, shown, grown)
    blind_to = side.profile.blind_to
    if blind_to and not found.failed and requests.value is not None:
        return requests, missing(Trouble.NO_METRIC, f"no failure was counted, which proves nothing: {blind_to}", shown_errors)
    if found.failed is not None:
        warnings = tuple(words for vector in vectors for words in notes(vector))
        if blind_to:
            warnings = (*warnings, f"not counted: {blind_to}")
        return requests, Measure(found.failed, shown_errors, warnings=warnings)
    words = requests.words or "the count of failed requests is no number"
    return requests, missing(Trouble.NO_DATA, words, shown_errors)


def _requests(found: Counts, shown: str, grown: tuple[Vector, ...]) -> Measure[int]:
    if found.requests is None:
        words = "the count of requests is no number" if any(vector.samples for vector in grown) else "no requests counted yet"
        return Measure(None, shown, Trouble.NO_DATA, words)
    return Measure(found.requests, shown, warnings=tuple(words for vector in grown for words in notes(vector)))
