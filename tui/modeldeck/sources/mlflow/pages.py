"""Pages that get smaller where an answer is too large for what stands between: a proxy's limit is a 413 or a 502."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from modeldeck.domain.failures import Failure

T = TypeVar("T")

TOO_LARGE = (413, 502)
TRIES = 6
"""Halvings at once, so that a backend that is away (502, too) is not asked for ever smaller pages."""


class PageSize:
    """The largest page of one kind of question that went through; remembered."""

    def __init__(self) -> None:
        self._most: int | None = None

    async def ask(self, wanted: int, question: Callable[[int], Awaitable[T]]) -> T:
        """`question(size)` with `wanted`, or as many as get through. Raises the first Failure where nothing does."""
        size = first = min(wanted, self._most or wanted)
        told: Failure | None = None
        for _ in range(TRIES + 1):
            try:
                answer = await question(size)
            except Failure as failure:
                told = told or failure
                if failure.status not in TOO_LARGE or size == 1:
                    raise told from None
                size = max(1, size // 2)
                continue
            if size < first:
                self._most = size
            return answer
        assert told is not None
        raise told
