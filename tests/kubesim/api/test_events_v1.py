"""Events in their two forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.events_v1 import check, to_core, to_new

RENAMED = ("involvedObject", "message", "reportingComponent", "source", "firstTimestamp", "lastTimestamp", "count")
CORE = (*RENAMED, "metadata", "type", "reason")
FILLED = st.text("ab", min_size=1)


@given(st.dictionaries(st.sampled_from(CORE), FILLED))
def test_there_and_back_is_the_same(event: dict[str, str]) -> None:
    assert to_core(to_new(event)) == event


def test_the_newer_form_has_names_of_its_own() -> None:
    event = {"involvedObject": {"name": "iris"}, "message": "started", "count": 2, "reason": "Started"}
    assert to_new(event) == {"regarding": {"name": "iris"}, "note": "started", "deprecatedCount": 2, "reason": "Started"}


def test_an_empty_reporter_is_left_out_and_an_empty_note_is_not() -> None:
    assert to_new({"reportingComponent": "", "reportingInstance": "", "message": ""}) == {"note": ""}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ({"eventTime": "2026-01-02T03:04:05.000000Z", "type": "Normal"}, []),
        ({"type": "Warning"}, ["eventTime"]),
        ({"eventTime": "2026-01-02T03:04:05.000000Z", "type": "Error"}, ["type"]),
        ({}, ["eventTime", "type"]),
    ],
)
def test_the_newer_form_wants_a_time_and_a_known_type(event: dict[str, str], fields: list[str]) -> None:
    assert [cause.field for cause in check(event)] == fields
