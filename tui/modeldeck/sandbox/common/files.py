"""Files that are written all at once: no reader ever sees half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace the file. Two processes may write the same one: the last wins."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    partial.replace(path)


def write_json(path: Path, value: object, mode: int = 0o600) -> None:
    write(path, json.dumps(value, indent=1).encode(), mode)


def read_json(path: Path) -> dict[str, object] | None:
    """The object in a JSON file; None where there is no such file, or something else in it."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
