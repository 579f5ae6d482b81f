"""Pictures of the drift screen."""

from __future__ import annotations

from typing import Any

from tests.screens.drift.test_drift_screen import Drifting
from tests.snapshots.test_live import SIZES, pressed
from tests.support.staging import Stage


@SIZES
def test_drift(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Drifting().screen), terminal_size=size, run_before=pressed("j", "j", "j"))
