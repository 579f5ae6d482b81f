from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.render.history import history_lines, move_line
from tests.support.sample import NOW

CHANGE = VersionChange("serving/iris", "iris", "1", "2")
OURS = HistoryEntry(
    "op-1", Kind.PROMOTE, "ann@box", (CHANGE,), "better", State.ENDED, Outcome.DONE, NOW - 60, NOW - 30, message="", source="journal"
)
SEEN = replace(
    OURS,
    kind=Kind.MOVE,
    actor="",
    changes=(replace(CHANGE, key="", alias="champion"),),
    reason="",
    message="by no operation known here: …",
    started_at=NOW - 9e4,
    source="registry",
)


def text(entry: HistoryEntry) -> str:
    return " ".join("".join(cell.text for cell in move_line(entry, NOW)).split())


def with_change(entry: HistoryEntry, **fields: Any) -> HistoryEntry:
    return replace(entry, changes=(replace(entry.last, **fields),))


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_ours_by_when_it_began() -> None:
    assert text(OURS) == "✔ 01-15 07:59 1 m serving/iris iris v1 → v2 promote ann@box journal better"


def test_somebody_elses_by_when_it_was_seen() -> None:
    assert text(SEEN) == "✔ 01-15 07:59 30 s alias champion iris v1 → v2 move somebody registry by no operation known here: …"
    (role,) = [cell.role for cell in move_line(SEEN, NOW) if cell.text.startswith("move")]
    assert role == "warn"


def test_an_alias_that_is_not_there_points_at_nothing_and_a_template_may_not_tell() -> None:
    assert "iris nothing → v2" in text(with_change(SEEN, from_version=None))
    assert "iris v1 → nothing" in text(with_change(SEEN, to_version=""))
    assert "iris v? → v2" in text(with_change(OURS, from_version=None))


def test_what_is_under_way_and_what_nobody_moved() -> None:
    assert text(replace(OURS, state=State.RUNNING, outcome=None, finished_at=None)).startswith("▸")
    ((cell,),) = history_lines([], NOW)
    assert cell.text == "nothing is known to have been moved here yet"
