"""Pictures of what changed. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from typing import Any

from tests.screens.changes.test_changes_screen import NOT_KNOWN, Answers
from tests.snapshots.test_live import SIZES, pressed
from tests.support.staging import Stage


@SIZES
def test_changes(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Answers(not_known=NOT_KNOWN).screen), terminal_size=size, run_before=pressed("j", "k"))
