"""What single memories tell of an operation."""

from __future__ import annotations

import pytest

from tests.domain.templates import deployment, replica_set
from tui.domain.promotions import Kind
from tui.operations.moves import of_causes


@pytest.mark.parametrize(
    ("id", "created_at", "since"),
    [
        ("20270115-080000-ab12", 1_800_000_300.0, 1_800_000_000.0),
        ("99999999-999999-ab12", 1_800_000_300.0, 1_800_000_300.0),
        ("99999999-999999-ab12", None, 0.0),
    ],
)
def test_a_cause_tells_when_its_operation_was_planned_else_its_replica_set_does(id: str, created_at: float | None, since: float) -> None:
    cause = f"modeldeck rollback iris 2 -> 1 by ann@box [{id}]: slow"
    others = replica_set(deployment(), 1, change_cause="nightly build 7")
    (move,) = of_causes(deployment(), [others, replica_set(deployment(), 2, change_cause=cause, created_at=created_at)])
    assert (move.id, move.kind, move.key, move.from_version, move.to_version) == (id, Kind.ROLLBACK, "serving/iris", "2", "1")
    assert (move.since, move.at, move.outcome, move.served) == (since, since + 900.0, None, False)
