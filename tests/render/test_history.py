from __future__ import annotations

import time
from dataclasses import replace

import pytest

from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.render.history import history_lines, move_line
from tests.support.sample import NOW

OURS = Operation(
    "op-1", Kind.PROMOTE, "ann@box", "iris", "serving", "iris", "1", "2", "better", State.ENDED, Outcome.DONE, NOW - 60, NOW - 30, 7
)
SEEN = replace(
    OURS,
    kind=Kind.MOVE,
    actor="",
    namespace="",
    deployment="",
    alias="champion",
    reason="",
    message="by no operation known here: …",
    started_at=NOW - 9e4,
)


def text(operation: Operation, source: str = "journal") -> str:
    return " ".join("".join(cell.text for cell in move_line(operation, source, NOW)).split())


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_ours_by_when_it_began() -> None:
    assert text(OURS) == "✔ 01-15 07:59 1 m serving/iris iris v1 → v2 promote ann@box journal better"


def test_somebody_elses_by_when_it_was_seen() -> None:
    assert text(SEEN, "registry") == "✔ 01-15 07:59 30 s alias champion iris v1 → v2 move somebody registry by no operation known here: …"
    (role,) = [cell.role for cell in move_line(SEEN, "registry", NOW) if cell.text.startswith("move")]
    assert role == "warn"


def test_an_alias_that_is_not_there_points_at_nothing_and_a_template_may_not_tell() -> None:
    assert "iris nothing → v2" in text(replace(SEEN, from_version=None))
    assert "iris v1 → nothing" in text(replace(SEEN, to_version=""))
    assert "iris v? → v2" in text(replace(OURS, from_version=None))


def test_what_is_under_way_and_what_nobody_moved() -> None:
    assert text(replace(OURS, state=State.RUNNING, outcome=None, finished_at=None)).startswith("▸")
    ((cell,),) = history_lines([], NOW)
    assert cell.text == "nothing is known to have been moved here yet"
