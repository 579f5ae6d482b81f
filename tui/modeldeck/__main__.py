"""The `modeldeck` command. Nothing is imported before it is known what is wanted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modeldeck.config.values import Flags


def main() -> int:
    """Answers the process' exit code."""
    from modeldeck.cli.main import main as run
    from modeldeck.cli.process import run_process

    return run_process(lambda: run(sys.argv[1:], _open_console, _open_sandbox))


def _open_console(flags: Flags, wall: bool) -> int:
    from modeldeck.start import open_console

    return open_console(flags, wall=wall)


def _open_sandbox(flags: Flags, arguments: list[str]) -> int:
    from modeldeck.sandbox.cli import main as sandbox
    from modeldeck.start import open_console

    return sandbox(arguments, lambda running: open_console(flags, running))


if __name__ == "__main__":
    raise SystemExit(main())
