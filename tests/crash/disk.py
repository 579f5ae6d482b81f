"""A small disk of its own for a journal, so that it can be full without harm to anybody."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SIZE = "4m"


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Mounts one at `folder`. Raises CalledProcessError where this user may not."""
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "modeldeck-crash", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def allowed(folder: Path) -> bool:
    """Whether this user may mount."""
    try:
        with disk(folder):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
