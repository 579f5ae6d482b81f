"""How the sandbox judges new pods: as one would in production, in the seconds that a newcomer has. A file, so that it can be looked at,
changed, and tried with `modeldeck gate check`."""

from __future__ import annotations

from tui.sandbox.layout import Layout
from tui.sandbox.metrics import SCRAPE_SECONDS

VARIABLE = "MODELDECK_GATE"

TEXT = f"""\
# How new pods are judged before the alias moves. All durations in seconds.
scrape = {SCRAPE_SECONDS}
window = 60
warm_up = 4              # what a cold server does is not the version's
interval = 2
timeout = 120            # undecided by then, it waits for a person
min_requests = 10        # there are one or two a second
max_error_ratio = 0.05
max_p99 = 1.0
max_p99_ratio = 3.0      # every pod shares this machine's processor with all the others

[rollback]
warm_up = 2
min_requests = 5
"""


def write(layout: Layout) -> str:
    """Answers the file's path. One that somebody has changed stays as it is."""
    if not layout.gate.exists():
        layout.gate.write_text(TEXT)
    return str(layout.gate)
