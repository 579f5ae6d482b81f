"""Prometheus' JSON answers, and how they become the domain's values. Its sample values are text: "0.5", "NaN", "+Inf"."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import msgspec

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Faulty, InvalidQuery, Malformed, TooLarge
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.sources.common.alert_text import seconds_of, summary_of
from modeldeck.sources.http.decode import decode
from modeldeck.sources.http.http_errors import printable

Point = tuple[Annotated[float, msgspec.Meta(ge=-200e9, le=200e9)], str]
"""Seconds since the epoch, within what a calendar holds, and the sample's value."""


class PrometheusErrorAnswer(msgspec.Struct, gc=False):
    status: str = ""
    errorType: str = ""
    error: str = ""


def error_of(body: bytes) -> PrometheusErrorAnswer:
    """An error body in Prometheus' form; an empty one where it is a proxy's page, or nothing."""
    try:
        return msgspec.json.decode(body, type=PrometheusErrorAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return PrometheusErrorAnswer()


def explain(body: bytes) -> str:
    """Prometheus' own message of an error body, "" where there is none."""
    return error_of(body).error


_BEHIND = re.compile(r"rpc error|connection refused|connection reset|no such host|deadline exceeded|i/o timeout|unavailable", re.IGNORECASE)
"""Thanos says in the words of an execution error, and in no field, that a store behind it could not be reached."""


def is_invalid_query(status: int, answer: PrometheusErrorAnswer) -> bool:
    """Whether Prometheus says that the query itself is wrong: unreadable, or impossible to evaluate."""
    if answer.status != "error" or status not in (200, 400, 422):
        return False
    if answer.errorType in ("timeout", "canceled", "internal", "unavailable", "not_found", "too_many_requests"):
        return False
    return answer.errorType == "bad_data" or not _BEHIND.search(answer.error)


PARTIAL = "partial data: a part of the storage did not answer"
MOST_SERIES = 50_000
"""Series of one answer: every pod of a large cluster has a few. A wrong selector finds far more."""
NARROW = "select fewer series, or a shorter window"
_LIMIT = re.compile(r"err-mimir-max|limit|too many (?:samples|series)|cannot select more than|exceed", re.IGNORECASE)


def is_over_limit(answer: PrometheusErrorAnswer) -> bool:
    """Whether a query that is right asks for more than the server hands out, as Mimir, VictoriaMetrics and Prometheus itself say it."""
    return answer.errorType not in ("bad_data", "timeout", "canceled") and bool(_LIMIT.search(answer.error))


class Result(msgspec.Struct, gc=False):
    resultType: str
    result: msgspec.Raw


class QueryAnswer(msgspec.Struct, gc=False):
    status: str
    data: Result | None = None
    errorType: str = ""
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None
    isPartial: bool | None = None
    """VictoriaMetrics' cluster says so in a field of its own, where a storage node did not answer."""

    @property
    def notes(self) -> tuple[str, ...]:
        return (*(self.warnings or ()), *(self.infos or ()), *((PARTIAL,) if self.isPartial else ()))


class InstantEntry(msgspec.Struct, gc=False):
    metric: dict[str, str]
    value: Point | None = None


class RangeEntry(msgspec.Struct, gc=False):
    metric: dict[str, str]
    values: list[Point] | None = None


class Scalar(msgspec.Struct, array_like=True, gc=False):
    at: float
    text: str


class NamesAnswer(msgspec.Struct, gc=False):
    data: list[str] | None = None


class PrometheusAlert(msgspec.Struct, gc=False):
    labels: dict[str, str]
    state: str = ""
    annotations: dict[str, str] | None = None
    activeAt: str | None = None


class AlertList(msgspec.Struct, gc=False):
    alerts: list[PrometheusAlert] | None = None


class AlertsAnswer(msgspec.Struct, gc=False):
    data: AlertList | None = None


class Build(msgspec.Struct, gc=False):
    version: str = ""
    application: str = ""
    """Mimir's, where it is not Prometheus."""


class BuildAnswer(msgspec.Struct, gc=False):
    data: Build | None = None

    @property
    def told(self) -> str:
        return printable(" ".join(filter(None, (self.data.application, self.data.version)))) if self.data is not None else ""


def vector_of(body: bytes, backend: str) -> Vector:
    answer, data = _result(body, backend)
    match data.resultType:
        case "vector":
            entries = decode(bytes(data.result), list[InstantEntry], backend=backend)
            # An entry without a value is a native histogram: no number to show.
            samples = tuple(_sample(entry.metric, entry.value, backend) for entry in entries if entry.value is not None)
        case "scalar":
            scalar = decode(bytes(data.result), Scalar, backend=backend)
            samples = (_sample({}, (scalar.at, scalar.text), backend),)
        case other:
            raise InvalidQuery(f"the query answers a {printable(other)}, where one value a series is wanted", backend=backend)
    return Vector(samples, answer.notes)


def matrix_of(body: bytes, backend: str) -> Matrix:
    answer, data = _result(body, backend)
    if data.resultType != "matrix":
        raise InvalidQuery(f"the query answers a {printable(data.resultType)}, where series over time are wanted", backend=backend)
    entries = decode(bytes(data.result), list[RangeEntry], backend=backend)
    series = (Series(entry.metric, tuple((at, _number(text, backend)) for at, text in entry.values or ())) for entry in entries)
    return Matrix(tuple(series), answer.notes)


MOST_ALERTS = 5000


def alerts_of(body: bytes, backend: str) -> Alerts:
    """Raises Malformed for an answer that is none."""
    data = decode(body, AlertsAnswer, backend=backend).data
    if data is None:
        raise Malformed("unexpected answer: no `data` in it", backend=backend)
    known = [entry for entry in data.alerts or () if entry.state in ("firing", "pending")]
    found = tuple(
        Alert(
            entry.labels.get("alertname", ""),
            AlertState(entry.state),
            entry.labels,
            seconds_of(entry.activeAt or ""),
            summary_of(entry.annotations),
        )
        for entry in known[:MOST_ALERTS]
    )
    return Alerts(found, left_out=max(0, len(known) - MOST_ALERTS))


def without_end_marks(matrix: Matrix) -> Matrix:
    """Samples as they were scraped. VictoriaMetrics hands out the marks with which series end, as a NaN between two numbers or after the
    last one; a series that is no number says so more than once."""
    series = (replace(one, points=_numbers(one.points)) for one in matrix.series)
    return replace(matrix, series=tuple(one for one in series if one.points))


def _numbers(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    values = (0.0, *(value for _, value in points), 0.0)
    beside = zip(values, values[2:], strict=False)
    return tuple(point for point, near in zip(points, beside, strict=True) if not math.isnan(point[1]) or any(map(math.isnan, near)))


def _result(body: bytes, backend: str) -> tuple[QueryAnswer, Result]:
    answer = decode(body, QueryAnswer, backend=backend)
    if answer.status != "success":
        message = printable(answer.error) or "it answers that the query failed"
        wrong = is_invalid_query(200, PrometheusErrorAnswer(answer.status, answer.errorType, answer.error))
        raise (InvalidQuery if wrong else Faulty)(message, backend=backend)
    if answer.data is None:
        raise Malformed("unexpected answer: no `data` in it", backend=backend)
    if (count := bytes(answer.data.result).count(b'"metric":')) > MOST_SERIES:
        raise TooLarge(f"the query answers {count:,} series, more than {MOST_SERIES:,}", hint=NARROW, backend=backend)
    return answer, answer.data


def _sample(labels: Mapping[str, str], value: Point, backend: str) -> Sample:
    return Sample(labels, value[0], _number(value[1], backend))


def _number(text: str, backend: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Malformed(f"unexpected answer: {text[:40]!r} is no sample value", backend=backend) from None
    return math.nan if math.isnan(value) else value  # one NaN object: containers of it then compare as equal
