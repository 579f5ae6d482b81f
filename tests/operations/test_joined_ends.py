"""How an operation that another process took over ended there, of what each of its Deployments tells."""

from __future__ import annotations

import pytest

from tui.domain.promotions import Outcome
from tui.operations.takeover import _joined

DONE, UNDONE, OPEN = Outcome.DONE, Outcome.UNDONE, Outcome.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ({DONE}, DONE),
        ({DONE, None}, None),
        ({UNDONE}, UNDONE),
        ({UNDONE, None}, UNDONE),
        ({DONE, UNDONE}, None),
        ({OPEN}, None),
        ({OPEN, UNDONE}, None),
        ({None}, None),
        (set[Outcome | None](), None),
    ],
)
def test_all_tell_that_it_was_finished_and_those_it_came_to_that_it_was_taken_back(ends: set[Outcome | None], end: Outcome | None) -> None:
    assert _joined(ends) is end
