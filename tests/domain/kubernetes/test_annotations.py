"""The mark and the history: read back as they were written, and whatever else somebody wrote there does no harm."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.annotations import (
    HISTORY,
    HISTORY_LENGTH,
    OPERATION,
    OperationAnnotation,
    history_of,
    history_text,
    mark_of,
    mark_text,
    under_way,
)

CAUSE = "/metadata/annotations/kubernetes.io~1change-cause"
texts = st.text(max_size=40)
versions = st.none() | texts.filter(bool)
marks = st.builds(
    OperationAnnotation,
    id=texts.filter(bool),
    kind=texts,
    actor=texts,
    model=texts,
    from_version=versions,
    to_version=versions,
    alias=texts,
    previous=versions,
    reason=texts,
    at=texts,
    outcome=texts,
    edits=st.dictionaries(st.sampled_from(["/spec/template/a", CAUSE]), st.tuples(versions, versions), max_size=2),
)


@given(mark=marks)
def test_a_mark_is_read_back(mark: OperationAnnotation) -> None:
    assert mark_of({OPERATION: mark_text(mark)}) == mark


@given(text=st.text())
def test_any_annotation_is_read_without_an_error(text: str) -> None:
    mark = mark_of({OPERATION: text})
    assert mark is None or mark.id
    assert isinstance(history_of({HISTORY: text}), tuple)


@given(several=st.lists(marks, max_size=15))
def test_history_keeps_the_newest_once_each(several: list[OperationAnnotation]) -> None:
    annotations: dict[str, str] = {}
    for mark in several:
        annotations[HISTORY] = history_text(annotations, mark)
    found = history_of(annotations)
    newest = list({mark.id: mark for mark in several}.values())
    assert len(found) == min(len(newest), HISTORY_LENGTH)
    assert len({mark.id for mark in found}) == len(found)
    if several:
        assert found[0] == several[-1]
    assert all(mark in newest for mark in found)


@pytest.mark.parametrize(
    ("edits", "taken"),
    [
        ({"/spec/template/metadata/labels/a": ["1", "2"]}, {"/spec/template/metadata/labels/a": ("1", "2")}),
        ({"/spec/template/x": [None, "2"], CAUSE: ["1", None]}, {"/spec/template/x": (None, "2"), CAUSE: ("1", None)}),
        ({"/spec/replicas": ["1", "0"]}, {}),
        ({"/spec/template/x": ["1"]}, {}),
        ({"/spec/template/x": ["1", "2", "3"]}, {}),
        ({"/spec/template/x": "12"}, {}),
        ({"/spec/template/x": [1, "2"]}, {}),
        ({"/spec/template/x": ["1", 2]}, {}),
        (["/spec/template/x"], {}),
        ({"/spec/replicas": ["1", "0"], "/spec/template/x": ["1", "2"]}, {"/spec/template/x": ("1", "2")}),
    ],
)
def test_only_edits_of_the_template_and_of_the_change_cause_can_be_taken_back(edits: object, taken: object) -> None:
    mark = mark_of({OPERATION: json.dumps({"id": "a", "edits": edits})})
    assert mark is not None
    assert mark.edits == taken


def test_a_mark_whose_end_the_history_tells_is_one_of_long_ago() -> None:
    mark = OperationAnnotation("a")
    ended = {HISTORY: history_text({}, mark)}
    assert under_way({OPERATION: mark_text(mark)}) == mark
    assert under_way({OPERATION: mark_text(mark), **ended}) is None
    assert under_way({OPERATION: mark_text(OperationAnnotation("b")), **ended}) == OperationAnnotation("b")


def test_what_stands_on_an_object_is_read_by_people_too() -> None:
    mark = OperationAnnotation("a", actor="jürgen@box", to_version="7", previous_known=False, tagged="")
    assert mark_text(mark) == '{"id":"a","actor":"jürgen@box","from":null,"to":"7","tagged":""}'
    assert (
        history_text({}, OperationAnnotation("a", actor="jürgen")) == '[{"id":"a","actor":"jürgen","from":null,"to":null,"previous":null}]'
    )
    assert mark_of({OPERATION: " op-1 "}) == OperationAnnotation("op-1")
    assert mark_of({OPERATION: '{"actor":"ann"}'}) == OperationAnnotation('{"actor":"ann"}')
    assert mark_of({OPERATION: "  "}) is mark_of({}) is None


def test_a_reason_is_cut_and_the_last_ten_operations_are_kept() -> None:
    long = mark_of({OPERATION: mark_text(OperationAnnotation("a", reason="x" * 201))})
    assert long is not None
    assert long.reason == "x" * 200
    annotations: dict[str, str] = {}
    for number in range(12):
        annotations[HISTORY] = history_text(annotations, OperationAnnotation(f"op-{number}"))
    assert [mark.id for mark in history_of(annotations)] == [f"op-{number}" for number in range(11, 1, -1)]


def test_what_an_alias_pointed_at_before_may_be_nothing_or_not_known() -> None:
    known = OperationAnnotation("a", previous=None)
    assert mark_of({OPERATION: mark_text(known)}) == known
    unknown = mark_of({OPERATION: mark_text(replace(known, previous_known=False))})
    assert unknown is not None
    assert (unknown.previous, unknown.previous_known) == (None, False)
    older = mark_of({OPERATION: '{"id": "a"}'})
    assert older is not None
    assert (older.previous_known, older.edits, older.tagged) == (False, {}, None)


@pytest.mark.parametrize("text", ["", "{}", "7", "null", "[", '[{"id": 7}, "x", null]'])
def test_a_history_that_is_none_tells_nothing(text: str) -> None:
    assert history_of({HISTORY: text}) == ()
    assert history_of({HISTORY: '[{"actor": "x"}, {"id": "b"}]'}) == (OperationAnnotation("b", previous_known=False),)
