"""Somebody who uses the model all the time, and whom nothing that we do may disturb."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

_PAUSE = 0.2
"""Seconds between two questions of one case."""
_ASKED = 3
_SETTLE = 15.0


class Traffic:
    def __init__(self, client: httpx.AsyncClient, name: str, question: Any) -> None:
        self._client, self._where, self._question = client, f"/serving/{name}/invocations", question
        self.answers: Counter[str] = Counter()
        """`iris/1` and the like for the model that answered; else what went wrong."""

    async def ask(self) -> str:
        """Who answers now."""
        try:
            answer = await self._client.post(self._where, json=self._question)
        except httpx.HTTPError as error:
            return f"{type(error).__name__} {error}"
        return answer.headers["x-model"] if answer.status_code == 200 else f"{answer.status_code} {answer.text[:200]}"

    async def settled(self, wanted: str) -> list[str]:
        """Who answers, once it is only the one that is wanted, or after a while: endpoints follow pods by themselves, and later."""
        until = time.monotonic() + _SETTLE
        while True:
            answers = [await self.ask() for _ in range(_ASKED)]
            if set(answers) == {wanted} or time.monotonic() > until:
                return answers
            await asyncio.sleep(_PAUSE)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        stop = asyncio.Event()

        async def flow() -> None:
            while not stop.is_set():
                self.answers[await self.ask()] += 1
                await asyncio.sleep(_PAUSE)

        task = asyncio.create_task(flow())
        try:
            yield
        finally:
            stop.set()
            await task

    def failed(self, model: str) -> dict[str, int]:
        """What was answered by anything but a version of the model → how often."""
        return {message: count for message, count in self.answers.items() if not message.startswith(f"{model}/")}
