"""Asks for many queries over one range, each only for what is not known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from modeldeck.domain.failures import Failure, InvalidQuery
from modeldeck.domain.metrics.samples import Matrix
from modeldeck.live.range_answers import RangeAnswer, joined_series
from modeldeck.ports import Clock, Metrics

MOST_REFUSED = 50
"""Queries that are remembered as refused."""
_NOTHING = Matrix(())


@dataclass(frozen=True, slots=True)
class AskedRange:
    """A moment every `step` from `start` to `end`, and the one of `latest`."""

    start: float
    end: float
    latest: float
    step: float

    def earlier(self, seconds: float) -> AskedRange:
        return AskedRange(self.start - seconds, self.end - seconds, self.latest - seconds, self.step)


class RangeReader:
    """Remembers the answers to the queries of the last `read`, by name."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics, self._clock = metrics, clock
        self.forget()

    def forget(self) -> None:
        """The next `read` asks for everything."""
        self._known: dict[str, RangeAnswer] = {}
        self._refused: dict[str, str] = {}

    async def read(
        self, promql: Mapping[str, str], asked: AskedRange, *, optional: Collection[str] = ()
    ) -> tuple[dict[str, Matrix], dict[str, str]]:
        """(answers by name, why those that are `optional` have none). Raises a Failure where another one is not answered. What is refused
        as wrong is not asked again."""
        refused: dict[str, str] = {}

        async def one(name: str, text: str) -> Matrix:
            if text in self._refused:
                refused[name] = self._refused[text]
                return _NOTHING
            try:
                return await self._one(name, text, asked)
            except Failure as failure:
                if name not in optional:
                    raise
                refused[name] = failure.message
                if isinstance(failure, InvalidQuery):
                    self._remember(text, failure.message)
                return _NOTHING

        answers = dict(zip(promql, await asyncio.gather(*(one(*each) for each in promql.items())), strict=True))
        self._known = {name: known for name, known in self._known.items() if name in promql}
        return answers, refused

    def _remember(self, promql: str, message: str) -> None:
        if len(self._refused) >= MOST_REFUSED:
            self._refused.clear()
        self._refused[promql] = message

    async def _one(self, name: str, promql: str, asked: AskedRange) -> Matrix:
        now, known = self._clock.now(), self._known.get(name)
        since = known.ask_from(promql, asked.start, asked.end, asked.step, now) if known is not None else None
        if known is not None and since is not None:
            newer = await self._ask(promql, since, asked.end, asked.step)
            known = known.extended(newer, asked.start, since, asked.end)
        else:
            answer = await self._ask(promql, asked.start, asked.end, asked.step)
            known = RangeAnswer(promql, asked.start, asked.end, asked.step, answer, now)
        self._known[name] = known
        if asked.latest <= asked.end:
            return known.answer
        return joined_series(known.answer, await self._ask(promql, asked.latest, asked.latest, asked.step))

    async def _ask(self, promql: str, start: float, end: float, step: float) -> Matrix:
        return await self._metrics.query_range(promql, start=start, end=end, step=step)
