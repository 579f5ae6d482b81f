"""What happened, as it is read on a line."""

from __future__ import annotations

import pytest

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind, ChangeQuestion, Changes, Reach
from modeldeck.render.cell import Line
from modeldeck.render.changes import detail_lines, head, kind_cell, not_known_lines, when

T = 1_700_000_000.0


def event(at: float, until: float | None = None, kind: ChangeKind = ChangeKind.CRASH, reach: Reach = Reach.OWN) -> ChangeEvent:
    end = None if until is None else T + until
    return ChangeEvent(kind, T + at, "pod iris-b-1", "OOMKilled", "pod status", end, reach, ("on node n1",))


def text(line: Line) -> str:
    return "".join(cell.text for cell in line)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (event(-120), "2 min before"),
        (event(-0.5), "at the moment"),
        (event(40), "40 s after"),
        (event(-540, 0), "since 9 min before"),
        (event(-540, 60), "since 9 min before"),
        (event(-540, -60), "9 min before"),
    ],
)
def test_when_in_relation_to_the_moment(found: ChangeEvent, told: str) -> None:
    assert when(found, T) == told


def test_what_was_asked() -> None:
    jumped = Changes(ChangeQuestion(T, 1800.0, T - 15, "p99 41 ms → 180 ms"), ())
    assert text(head(jumped, "12:00:00")) == "p99 41 ms → 180 ms at 12:00:00, and 30 m before"
    assert text(head(Changes(ChangeQuestion(T), ()), "12:00:00")) == "around 12:00:00, and 30 m before"


def test_the_selected_one_in_full() -> None:
    assert [text(line) for line in detail_lines(event(0))] == ["pod iris-b-1  OOMKilled  · pod status", "  on node n1"]


def test_neighbours_are_muted() -> None:
    assert kind_cell(event(0)).role == "bad"
    assert kind_cell(event(0, reach=Reach.NEIGHBOUR)).role == "muted"
    assert kind_cell(event(0, kind=ChangeKind.SCALE)).role == ""


def test_what_is_not_known_in_few_lines() -> None:
    found = Changes(ChangeQuestion(T), (), ("a", "b", "c", "d"))
    assert [text(line) for line in not_known_lines(found, 3)] == ["? a", "? b", "? and 2 more that could not be looked at"]
    assert [text(line) for line in not_known_lines(found, 4)] == ["? a", "? b", "? c", "? d"]
