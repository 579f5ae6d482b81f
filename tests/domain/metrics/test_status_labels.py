"""Which label of a counter tells failed requests apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.status_labels import LABELS, carries, failed_matcher

MATCHER = re.compile(r'(\w+)=~"(.*)"')


def failed(label: str, *values: str) -> set[str] | None:
    """Which of the values the matcher selects; None where there is no matcher."""
    matcher = failed_matcher([{"__name__": "requests_total", label: value} for value in values])
    if matcher is None:
        return None
    parsed = MATCHER.fullmatch(matcher)
    assert parsed is not None
    assert parsed[1] == label
    return {value for value in values if re.fullmatch(parsed[2], value)}


@pytest.mark.parametrize("label", LABELS)
def test_classes_and_codes_under_each_usual_label(label: str) -> None:
    assert failed(label, "2xx", "4xx", "5xx") == {"5xx"}
    assert failed(label, "200", "404", "500", "503") == {"500", "503"}
    assert failed(label, "2XX", "5XX") == {"5XX"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("200",), set()),
        (("OK", "INTERNAL", "NOT_FOUND", "DEADLINE_EXCEEDED"), {"INTERNAL", "DEADLINE_EXCEEDED"}),
        (("OK", "Unavailable", "Canceled"), {"Unavailable"}),
        (("0", "3", "13", "14"), None),
        (("success", "error"), {"error"}),
        (("Success", "Failed"), {"Failed"}),
        (("success", "client_error", "server_error"), {"server_error"}),
        (("done", "lost"), None),
        (("200", "aborted"), None),
        (("active",), None),
        (("",), None),
    ],
)
def test_values_whose_meaning_is_known(values: tuple[str, ...], expected: set[str] | None) -> None:
    assert failed("status", *values) == expected


def test_a_label_that_some_series_lack_tells_nothing_of_them() -> None:
    assert failed_matcher([{"code": "200"}, {"handler": "/"}]) is None
    assert failed_matcher([{"handler": "/"}]) is None
    assert failed_matcher([]) is None


def test_the_label_that_tells_is_taken_though_another_usual_one_is_there() -> None:
    assert failed_matcher([{"status": "active", "code": "200"}, {"status": "idle", "code": "500"}]) == 'code=~"5.."'


CODES = st.integers(100, 599).map(str)


@given(st.sampled_from(LABELS), st.sets(CODES, min_size=1), CODES)
def test_whatever_was_seen_a_later_failure_is_counted(label: str, seen: set[str], later: str) -> None:
    """The matcher is made before the first failure, and must select it when it comes."""
    matcher = failed_matcher([{label: code} for code in seen])
    assert matcher is not None
    expression = matcher.partition("=~")[2].strip('"')
    assert bool(re.fullmatch(expression, later)) == later.startswith("5")


@given(st.sampled_from(["status", "code", "status_code", "http_status"]), CODES)
def test_the_profile_asks_by_the_label_that_the_counter_carries(label: str, code: str) -> None:
    series = ({"__name__": "http_requests_total", label: code}, {"__name__": "http_request_duration_highr_seconds_bucket"})
    profile = pick(Exports(series))
    assert profile is not None
    assert profile.errors[0].matchers.startswith(f'{label}=~"5..",')


def test_the_numbers_of_grpc_end_with_sixteen() -> None:
    assert failed("grpc_code", "0", "16", "2") == {"2"}
    assert failed("grpc_code", "0", "17") is None
    assert failed("code", "0", "16", "2") is None, "elsewhere they are whatever the service meant"


def test_a_label_is_carried_where_every_series_has_it() -> None:
    assert carries([{"code": "1"}, {"code": "2"}], "code")
    assert not carries([{"code": "1"}, {"code": ""}], "code")
    assert not carries([{"code": "1"}, {}], "code")
    assert not carries([], "code")
