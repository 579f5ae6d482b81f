"""Waiting for what a watch brings, with a deadline instead of a sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(what: str, condition: Callable[[], T | None], seconds: float = 20.0) -> T:
    """The first truthy answer of `condition`; fails with `what` when there is none in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (answer := condition()):
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.02)
    return answer
