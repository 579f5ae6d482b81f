"""Many questions to Prometheus at the same time. What one does not answer takes nothing from the others, and is a value."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from modeldeck.domain.failures import Failure, InvalidQuery
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.ports import Metrics

V = TypeVar("V", Vector, Matrix)
PATIENCE = 20.0
"""Seconds that one judgement waits for its answers."""
_AT_ONCE = 6
"""Questions: a gate must not stand in the way of everybody else's."""


@dataclass(frozen=True, slots=True)
class Ask:
    """An instant query at a time in seconds since the epoch. With `seconds`: every sample that the selector had in so many before it."""

    promql: str
    at: float
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Unanswered:
    trouble: Trouble
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    given: dict[Ask, Vector | Matrix | Unanswered] = field(default_factory=dict)

    def of(self, asks: Sequence[Ask]) -> tuple[Vector, ...] | Unanswered:
        """All of them, or why one is not there."""
        return self._all(asks, Vector)

    def samples_of(self, asks: Sequence[Ask]) -> tuple[Matrix, ...] | Unanswered:
        """The same of questions for samples."""
        return self._all(asks, Matrix)

    def _all(self, asks: Sequence[Ask], kind: type[V]) -> tuple[V, ...] | Unanswered:
        found = []
        for one in asks:
            answer = self.given.get(one, Unanswered(Trouble.NO_DATA, "not asked"))
            if isinstance(answer, Unanswered):
                return answer
            assert isinstance(answer, kind)
            found.append(answer)
        return tuple(found)


async def ask(metrics: Metrics | None, asks: Iterable[Ask]) -> Answers:
    """Never raises a Failure. `metrics` None: nobody can be asked."""
    different = list(dict.fromkeys(asks))
    if metrics is None:
        return Answers(dict.fromkeys(different, Unanswered(Trouble.UNREACHABLE, "no Prometheus is configured")))
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(question: Ask) -> Vector | Matrix | Unanswered:
        try:
            async with asyncio.timeout(PATIENCE), turn:
                if question.seconds:
                    return await metrics.samples(question.promql, seconds=question.seconds, at=question.at)
                return await metrics.query(question.promql, at=question.at)
        except TimeoutError:
            return Unanswered(Trouble.UNREACHABLE, f"Prometheus: no answer in {PATIENCE:.0f} s")
        except Failure as failure:
            return unanswered(failure)

    answers = await asyncio.gather(*(one(question) for question in different))
    return Answers(dict(zip(different, answers, strict=True)))


def unanswered(failure: Failure) -> Unanswered:
    """A query is wrong only where Prometheus itself says so; everything else is its own trouble, or that of the way to it."""
    return Unanswered(Trouble.REJECTED if isinstance(failure, InvalidQuery) else Trouble.UNREACHABLE, str(failure))
