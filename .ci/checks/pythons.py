"""Which Pythons this machine has, and environments made for them."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")


def _candidates(version: str) -> Iterator[str | None]:
    yield shutil.which(f"python{version}")
    yield from sorted(glob.glob(f"{os.environ.get('PYENV_ROOT', Path.home() / '.pyenv')}/versions/{version}.*/bin/python"))
    yield shutil.which("python3")
    yield sys.executable


@cache
def interpreter(version: str) -> str | None:
    """The path of a Python of that version by its own account (pyenv's shims are others under that name), or None."""
    tell = f"import sys; '%d.%d' % sys.version_info[:2] == '{version}' or sys.exit(1); print(sys.executable)"
    for candidate in _candidates(version):
        if candidate is None:
            continue
        done = subprocess.run([candidate, "-c", tell], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def oldest() -> str:
    """The oldest supported version that is installed. Exits where there is none."""
    for version in SUPPORTED:
        if interpreter(version):
            return version
    sys.exit(f"none of Python {', '.join(SUPPORTED)} is installed")


def index() -> dict[str, str]:
    """What uv has to be told of pip's settings: it reads none of them."""
    names = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS"}
    return {theirs: os.environ[ours] for ours, theirs in names.items() if os.environ.get(ours)}
