"""Operations as rows of a list."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.operations.operation import State
from modeldeck.render.cell import as_cell
from modeldeck.screens.operations.rows import rows_of, source
from tests.support import operations as ops
from tests.support import sample


def test_one_that_nobody_goes_on_with_is_cut_off_and_rows_stay_the_same_objects() -> None:
    untaken = replace(ops.BEGUN, state=State.PLANNED, runner_pid=None, started_at=ops.NOW - 100.0)
    first = rows_of((untaken, ops.past(1)), {}, ops.NOW)
    assert [row.gone for row in first] == [True, False]
    again = rows_of((untaken, first[1].operation), {row.id: row for row in first}, ops.NOW + 1.0)
    assert all(before is after for before, after in zip(first, again, strict=True))


def test_one_that_hangs_is_told_with_how_long_it_has_not_been_heard() -> None:
    clock = sample.FrozenClock()
    hung = replace(ops.JUDGING, host="elsewhere", heartbeat_at=ops.NOW - 40.0)
    (row,) = rows_of((hung,), {}, ops.NOW)
    cells = {column.key: as_cell(column.cell(row)).text for column in source(clock.now, "").columns}
    assert (cells["state"], cells["message"]) == ("not heard", "not heard for 40 s: enter, then resume or undo")
    (heard,) = rows_of((replace(hung, heartbeat_at=ops.NOW - 2.0),), {}, ops.NOW)
    assert heard.unheard is None
