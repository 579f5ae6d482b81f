"""Many questions at once, and what becomes of those that nobody answers."""

from __future__ import annotations

import asyncio

from modeldeck.domain.failures import InvalidQuery, Unreachable
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.operations.gate.asking import Ask, Unanswered, ask
from tests.support.fakes.metrics import FakeMetrics
from tests.support.fakes.traps import Traps

ASKS = [Ask(f"q{number}", 0.0) for number in range(12)]


class Crowded(FakeMetrics):
    """Answers only where six are asked together, and counts how many are."""

    def __init__(self) -> None:
        super().__init__(Traps())
        self.together, self.now, self.most = asyncio.Barrier(6), 0, 0

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.together.wait()
        self.now -= 1
        return await super().query(promql, at=at)


async def test_six_are_asked_at_once_and_no_more() -> None:
    crowded = Crowded()
    answers = await ask(crowded, ASKS)
    assert crowded.most == 6
    assert answers.of(ASKS) == (Vector(()),) * len(ASKS)


async def test_the_same_is_asked_once_and_what_was_not_asked_is_not_known() -> None:
    metrics = FakeMetrics(Traps())
    answers = await ask(metrics, [ASKS[0], ASKS[0], Ask("samples", 0.0, 60)])
    assert sorted(metrics.asked) == [("q0", 0.0), ("samples", 0.0)]
    assert answers.samples_of([Ask("samples", 0.0, 60)]) == (Matrix(()),)
    assert answers.of([ASKS[0], ASKS[1]]) == Unanswered(Trouble.NO_DATA, "not asked")


async def test_why_nobody_answers() -> None:
    metrics = FakeMetrics(Traps())
    found = {}
    for failure in (InvalidQuery("bad"), Unreachable("refused")):
        metrics.failure = failure
        found[failure.message] = (await ask(metrics, ASKS[:1])).of(ASKS[:1])
    assert found == {"bad": Unanswered(Trouble.REJECTED, "bad"), "refused": Unanswered(Trouble.UNREACHABLE, "refused")}
    assert (await ask(None, ASKS)).of(ASKS) == Unanswered(Trouble.UNREACHABLE, "no Prometheus is configured")
