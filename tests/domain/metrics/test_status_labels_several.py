"""Counters with several labels that may tell how requests ended, and labels whose first values do not say which words will follow."""

from __future__ import annotations

import re

import pytest

from modeldeck.domain.metrics.status_labels import failed_matcher

Series = dict[str, str]
FINE = {"http_status": "200", "grpc_code": "OK", "result": "success", "code": "0"}


def failed(*series: Series) -> list[bool] | None:
    """Which of the series the matcher selects."""
    matcher = failed_matcher(series)
    if matcher is None:
        return None
    label, _, expression = matcher.partition("=~")
    return [re.fullmatch(expression.strip('"'), each[label]) is not None for each in series]


@pytest.mark.parametrize(
    "failure",
    [{"http_status": "500"}, {"grpc_code": "Internal"}, {"result": "error"}],
    ids=["a handler's success that was answered with 500", "a gRPC failure over HTTP 200", "an error that was answered with 200"],
)
def test_the_label_is_taken_that_tells_of_the_failure(failure: Series) -> None:
    assert failed(FINE, FINE | failure) == [False, True]


def test_what_the_client_did_wrong_stays_the_clients() -> None:
    assert failed({"status": "error", "code": "404"}, {"status": "error", "code": "500"}) == [False, True]


def test_failures_that_no_single_label_tells_are_not_known() -> None:
    assert failed(FINE | {"http_status": "500"}, FINE | {"grpc_code": "Internal"}) is None


def test_before_the_first_failure_the_surest_label_is_asked() -> None:
    assert failed_matcher([FINE]) == 'http_status=~"5.."'


@pytest.mark.parametrize("later", ["ERROR", "error", "Failed", "INTERNAL", "DeadlineExceeded"])
def test_ok_alone_does_not_say_which_words_will_follow(later: str) -> None:
    matcher = failed_matcher([{"status": "OK"}])
    assert matcher is not None
    assert re.fullmatch(matcher.partition("=~")[2].strip('"'), later)


@pytest.mark.parametrize("values", [("0",), ("0", "1"), ("0", "13")])
def test_small_numbers_are_codes_of_grpc_only_where_the_label_says_so(values: tuple[str, ...]) -> None:
    assert failed_matcher([{"code": value} for value in values]) is None
    assert failed(*({"grpc_code": value} for value in values)) == [value == "13" for value in values]
