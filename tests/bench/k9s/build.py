"""Build k9s from its Go module, to measure the console beside it: `python -m tests.bench.k9s.build`.

Kept as the real control plane of the conformance suite is, in the user's cache by content. Optional: k9s brings the scanners of its image
view along, which makes about four minutes on two cores.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.conformance.controlplane.build import Kit, Module

PACKAGE = "github.com/derailed/k9s"
K9S = Kit("k9s", (Module(Path(__file__).parent, PACKAGE, (PACKAGE,), linker=f"-X {PACKAGE}/cmd.version={{version}}"),))


def binary() -> Path | None:
    """Where k9s is: on PATH, else where it was built; None where it is neither."""
    found = shutil.which("k9s")
    kept = K9S.cache / "k9s"
    return Path(found) if found else kept if kept.exists() else None


def main() -> int:
    """Build it where it is not built yet."""
    if K9S.wanted and shutil.which("go") is None:
        print("Go is missing, which builds k9s: install it from go.dev/dl, or put k9s on PATH.", file=sys.stderr)
        return 1
    if not K9S.make():
        return 1
    print(K9S.cache)
    return 0


if __name__ == "__main__":
    sys.exit(main())
