"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def at_home(text: str) -> Path:
    """A path with `~` replaced, where that is known; never fails, unlike pathlib's."""
    return Path(os.path.expanduser(text))
