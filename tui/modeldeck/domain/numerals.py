"""Whole numbers in texts that anybody may write: annotations, versions."""

from __future__ import annotations

_LONGEST = 18
"""Digits: 64 bits, as Kubernetes and MLflow keep their numbers. Python itself refuses to read more than 4,300."""


def whole(text: str) -> int | None:
    """None where it is no number from 0 on, or one that no backend can mean."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
