"""Waiting for what happens elsewhere: a condition that is polled, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], object], *, within: float = 10.0) -> None:
    """Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 — what is waited for is seldom ours to signal
            await asyncio.sleep(0.01)


async def eventually_true(condition: Callable[[], Awaitable[object]], *, within: float = 10.0) -> None:
    """As `eventually`, for a condition that must be awaited."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 — as above
            await asyncio.sleep(0.1)
