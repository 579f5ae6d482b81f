from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from modeldeck.live.clock import SystemClock


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/uptime tells what the kernel counts on Linux only")
def test_boottime_counts_the_time_in_which_the_machine_sleeps() -> None:
    """The kernel's own word for it: seconds since the boot, suspend included."""
    before = SystemClock().boottime()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert before - 0.02 <= uptime + 0.02
    assert uptime - 0.02 <= SystemClock().boottime()


def test_the_clock_for_deadlines_is_the_one_that_the_event_loop_sleeps_by() -> None:
    before = time.monotonic()
    told = SystemClock().monotonic()
    assert before <= told <= time.monotonic()
