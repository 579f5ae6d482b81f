"""Label selectors: the text and the object form mean the same, and errors are the server's."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.kinds import CONFIGMAPS, EVENTS, NEW_EVENTS, PODS
from kubesim.api.selectors import from_object, parse_fields, parse_labels
from kubesim.api.statuses import ApiError

KEYS = st.sampled_from(["app", "tier", "example.com/x"])
WORDS = st.sampled_from(["a", "b", "c"])
LABELS = st.dictionaries(KEYS, WORDS)


@given(LABELS, KEYS, st.lists(WORDS, min_size=1, unique=True))
def test_sets(labels: dict[str, str], key: str, message: list[str]) -> None:
    inside = parse_labels(f"{key} in ({', '.join(message)})").matches(labels)
    assert inside == (labels.get(key) in message)
    assert parse_labels(f"{key} notin ({','.join(message)})").matches(labels) != inside
    assert from_object({"matchExpressions": [{"key": key, "operator": "In", "values": message}]}).matches(labels) == inside


@given(LABELS, LABELS)
def test_equality_is_inclusion(labels: dict[str, str], wanted: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in wanted.items())
    assert parse_labels(text).matches(labels) == (wanted.items() <= labels.items())
    assert from_object({"matchLabels": wanted}).matches(labels) == (wanted.items() <= labels.items())


@given(LABELS, KEYS)
def test_presence(labels: dict[str, str], key: str) -> None:
    assert parse_labels(key).matches(labels) == (key in labels)
    assert parse_labels(f"!{key}").matches(labels) == (key not in labels)


@given(st.text("ab=!,()<> in", max_size=12))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    with suppress(ApiError):
        parse_labels(text).matches({})


def test_numbers_are_compared_as_numbers() -> None:
    assert parse_labels("n>9").matches({"n": "10"})
    assert not parse_labels("n<9").matches({"n": "10"})
    assert not parse_labels("n>9").matches({"n": "many"})


def test_fields_of_a_kind() -> None:
    assert parse_fields(PODS, "spec.nodeName=n,status.phase!=Failed").matches({"spec.nodeName": "n", "status.phase": "Running"})
    assert parse_fields(NEW_EVENTS, "regarding.name=x").matches({"involvedObject.name": "x"})
    assert parse_fields(EVENTS, "involvedObject.name=x").matches({"involvedObject.name": "x"})
    with pytest.raises(ApiError, match="is not a known field selector"):
        parse_fields(CONFIGMAPS, "data.x=y")
    with pytest.raises(ApiError, match="field label not supported"):
        parse_fields(PODS, "spec.foo=y")
