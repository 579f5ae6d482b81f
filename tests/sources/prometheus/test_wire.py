"""Prometheus' answers as values."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Faulty, InvalidQuery, Malformed, TooLarge
from modeldeck.domain.gates.counting import notes
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.sources.prometheus.wire import (
    PARTIAL,
    BuildAnswer,
    PrometheusErrorAnswer,
    alerts_of,
    error_of,
    explain,
    is_invalid_query,
    is_over_limit,
    matrix_of,
    vector_of,
    without_end_marks,
)


def answer(kind: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_value_is_text_of_any_number(value: float) -> None:
    found = vector_of(answer("vector", [{"metric": {"a": "b"}, "value": [1.5, str(value)]}]), "Prometheus").samples[0]
    assert (found.labels, found.at) == ({"a": "b"}, 1.5)
    assert found.value == value or (math.isnan(found.value) and math.isnan(value))


def test_a_scalar_is_a_vector_of_one_and_a_native_histogram_no_number() -> None:
    assert [sample.value for sample in vector_of(answer("scalar", [1, "3"]), "x").samples] == [3.0]
    assert vector_of(answer("vector", [{"metric": {}, "histogram": [1, {}]}]), "x").samples == ()


def test_warnings_and_infos_stay_with_the_answer() -> None:
    assert vector_of(answer("vector", [], warnings=["a"], infos=["b"]), "x").warnings == ("a", "b")
    assert matrix_of(answer("matrix", [], warnings=["a"]), "x").warnings == ("a",)


@pytest.mark.parametrize(
    ("more", "warnings"),
    [
        # VictoriaMetrics' cluster, whose storage nodes all answered, or not.
        ({"isPartial": False, "stats": {"seriesFetched": "1"}}, ()),
        ({"isPartial": True, "stats": {"seriesFetched": "1"}}, (PARTIAL,)),
        # Thanos, with a store away.
        (
            {"warnings": ["receive series from Addr: 10.0.0.7:10901: rpc error: code = Unavailable"], "analysis": {}},
            ("receive series from Addr: 10.0.0.7:10901: rpc error: code = Unavailable",),
        ),
        ({"warnings": None, "infos": None}, ()),
        # Prometheus 3, of more series than were asked for.
        ({"warnings": ["results truncated due to limit"]}, ("results truncated due to limit",)),
    ],
)
def test_partial_answers_are_told_as_such(more: dict[str, Any], warnings: tuple[str, ...]) -> None:
    found = vector_of(answer("vector", [{"metric": {}, "value": [1, "2"]}], **more), "x")
    assert ([sample.value for sample in found.samples], found.warnings) == ([2.0], warnings)
    assert notes(found) == warnings, "what a gate takes for partial"
    assert matrix_of(answer("matrix", [], **more), "x").warnings == warnings


def test_the_answer_of_a_wrong_selector_is_bounded() -> None:
    entries = b",".join(b'{"metric":{"a":"%d"},"value":[1,"2"]}' % index for index in range(100_000))
    body = b'{"status":"success","data":{"resultType":"vector","result":[' + entries + b"]}}"
    with pytest.raises(TooLarge, match="answers 100,000 series, more than 50,000") as told:
        vector_of(body, "x")
    assert told.value.hint == "select fewer series, or a shorter window"


@pytest.mark.parametrize(
    ("kind", "error", "over"),
    [
        ("execution", "the query exceeded the maximum number of series (limit: 5 series) (err-mimir-max-series-per-query)", True),
        ("execution", "expanding series: err-mimir-max-chunks-per-query", True),
        ("422", "cannot select more than -search.maxUniqueTimeseries=300000 time series", True),
        ("execution", "query processing would load too many samples into memory in query execution", True),
        ("execution", "many-to-many matching not allowed", False),
        ("bad_data", "parse error: unexpected limit", False),
    ],
)
def test_a_limit_is_told_from_a_wrong_query(kind: str, error: str, over: bool) -> None:
    assert is_over_limit(PrometheusErrorAnswer("error", kind, error)) == over


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"status":"success","data":{"version":"3.3.16","revision":"x"}}', "3.3.16"),
        (
            b'{"status":"success","data":{"application":"Grafana Mimir","version":"2.10.0","features":{"ruler_config_api":"true"}}}',
            "Grafana Mimir 2.10.0",
        ),
        (b'{"status":"success","data":{"version":""}}', ""),
        (b'{"status":"success"}', ""),
    ],
)
def test_what_builds_say_of_themselves(body: bytes, told: str) -> None:
    assert msgspec.json.decode(body, type=BuildAnswer).told == told


def test_series_over_time() -> None:
    found = matrix_of(answer("matrix", [{"metric": {"a": "b"}, "values": [[1, "2"], [3, "+Inf"]]}, {"metric": {}}]), "x")
    assert found.series == (Series({"a": "b"}, ((1.0, 2.0), (3.0, math.inf))), Series({}, ()))


@pytest.mark.parametrize(("read", "kind"), [(vector_of, "matrix"), (vector_of, "string"), (matrix_of, "vector")])
def test_another_kind_of_result_is_a_wrong_query(read: Any, kind: str) -> None:
    with pytest.raises(InvalidQuery, match=f"answers a {kind}"):
        read(answer(kind, []), "x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"status":"error","errorType":"bad_data","error":"parse error"}', InvalidQuery),
        (b'{"status":"error","errorType":"timeout","error":"late"}', Faulty),
        (b'{"status":"success"}', Malformed),
        (answer("vector", [{"metric": {}, "value": [1, "many"]}]), Malformed),
        (answer("vector", [{"metric": {}, "value": [1e300, "1"]}]), Malformed),
    ],
)
def test_what_is_no_answer(body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        vector_of(body, "x")


@pytest.mark.parametrize(
    ("status", "error", "wrong"),
    [
        (400, PrometheusErrorAnswer("error", "bad_data", "parse error"), True),
        (422, PrometheusErrorAnswer("error", "execution", "many-to-many matching"), True),
        (422, PrometheusErrorAnswer("error", "execution", "rpc error: unavailable"), False),
        (200, PrometheusErrorAnswer("error", "timeout", "x"), False),
        (503, PrometheusErrorAnswer("error", "bad_data", "x"), False),
        (400, PrometheusErrorAnswer(), False),
    ],
)
def test_whether_the_query_itself_is_wrong(status: int, error: PrometheusErrorAnswer, wrong: bool) -> None:
    assert is_invalid_query(status, error) == wrong


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 3}', b"\xff"])
def test_a_page_of_a_proxy_explains_nothing(body: bytes) -> None:
    assert error_of(body) == PrometheusErrorAnswer()
    assert explain(body) == ""


NAN = math.nan


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1.0, NAN, 2.0], [1.0, 2.0]),
        ([1.0, NAN], [1.0]),
        ([NAN, NAN, NAN], [NAN, NAN, NAN]),
        ([1.0, NAN, NAN, 2.0], [1.0, NAN, NAN, 2.0]),
        ([NAN], []),
    ],
)
def test_a_mark_of_an_end_is_no_sample_and_a_series_of_no_numbers_is_one(values: list[float], kept: list[float]) -> None:
    found = without_end_marks(Matrix((Series({}, tuple(enumerate(values))),)))
    assert [repr(value) for one in found.series for _, value in one.points] == [repr(value) for value in kept]


def test_what_a_query_answers_takes_no_more_room_than_the_bounds_say() -> None:
    """1.8 million series of no labels at all are 64 MB of text, and were ten times that as series."""
    series = b",".join([b'{"metric":{},"value":[1,"1"]}'] * 1_800_000)
    with pytest.raises(TooLarge):
        vector_of(b'{"status":"success","data":{"resultType":"vector","result":[' + series + b"]}}", "any")


def test_alerts_that_are_pending_or_fire() -> None:
    body = {
        "status": "success",
        "data": {
            "alerts": [
                {
                    "labels": {"alertname": "A"},
                    "annotations": {"summary": "s"},
                    "state": "firing",
                    "activeAt": "1970-01-01T00:00:10Z",
                    "value": "1e+00",
                },
                {"labels": {}, "annotations": {}, "state": "pending", "activeAt": None, "value": "1"},
                {"labels": {"alertname": "B"}, "state": "inactive"},
            ]
        },
    }
    found = alerts_of(json.dumps(body).encode(), "Prometheus")
    assert found.alerts == (Alert("A", AlertState.FIRING, {"alertname": "A"}, 10.0, "s"), Alert("", AlertState.PENDING, {}))


def test_no_alerts_and_too_many_of_them() -> None:
    assert alerts_of(b'{"status":"success","data":{"alerts":[]}}', "x") == alerts_of(b'{"data":{"alerts":null}}', "x") == Alerts()
    many = [{"labels": {}, "state": "firing"}] * 5003
    found = alerts_of(json.dumps({"data": {"alerts": many}}).encode(), "x")
    assert (len(found.alerts), found.left_out) == (5000, 3)
    with pytest.raises(Malformed):
        alerts_of(b'{"status":"success"}', "x")
