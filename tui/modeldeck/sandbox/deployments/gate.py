"""How the sandbox judges new pods: as one would in production, in the seconds that a newcomer has. A file, so that it can be looked at,
changed, and tried with `modeldeck gate check`."""

from __future__ import annotations

from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.prometheus import SCRAPE_SECONDS

VARIABLE = "MODELDECK_GATE"

TEXT = f"""\
# How new pods are judged before the alias moves. All durations in seconds.
scrape = {SCRAPE_SECONDS}
baseline = 300
warm_up = 4               # what a cold server does is not the version's
interval = 2
timeout = 120             # undecided by then, it waits for a person
max_error_ratio = 0.25    # wide margins: there are a few requests a second, and half a minute to tell
max_error_rise = 3.0
tolerated_errors = 0.2
max_p99_ratio = "off"     # the slowest one percent of a hundred requests is one: nobody can tell

[[criteria]]
name = "p90"
query = '''
histogram_quantile(0.9, sum by (le) (rate(
  http_request_duration_highr_seconds_bucket{{namespace="{{namespace}}",pod=~"{{pods}}"}}[{{window}}]
)))
'''
op = "<="
bound = 1.0
unit = "s"

[rollback]
warm_up = 2
"""


def write(state_dir: StateDir) -> str:
    """Answers the file's path. One that somebody has changed stays as it is."""
    if not state_dir.gate.exists():
        state_dir.gate.write_text(TEXT)
    return str(state_dir.gate)
