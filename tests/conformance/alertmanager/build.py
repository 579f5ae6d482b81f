"""Build a real Alertmanager from its Go module: `python -m tests.conformance.alertmanager.build`.

Kept as the real control plane is, in the user's cache by content, and apart from it: neither is built anew for the other. About a minute.
0.28 is the last version whose module holds its pages: later ones need npm to be built.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.conformance.controlplane.build import Kit, Module

PACKAGE = "github.com/prometheus/alertmanager"
ALERTMANAGER = Kit(
    "alertmanager",
    (
        Module(
            Path(__file__).parent,
            PACKAGE,
            (f"{PACKAGE}/cmd/alertmanager",),
            flags=("-tags", "netgo"),
            linker="-X github.com/prometheus/common/version.Version={product}",
        ),
    ),
)


def main() -> int:
    """Build it where it is not built yet."""
    if ALERTMANAGER.wanted and shutil.which("go") is None:
        print("Go is missing, which builds Alertmanager: install it from go.dev/dl, or put alertmanager on PATH.", file=sys.stderr)
        return 1
    if not ALERTMANAGER.make():
        return 1
    print(ALERTMANAGER.cache)
    return 0


if __name__ == "__main__":
    sys.exit(main())
