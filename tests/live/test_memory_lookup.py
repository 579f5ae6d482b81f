"""The first source of memory that answers, remembered for a while."""

from __future__ import annotations

from typing import Any

from modeldeck.domain.metrics.charts.memory import MemorySource
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.live.memory_lookup import MemoryLookup
from tests.support.clocks import FakeClock

SOURCES = (MemorySource("a", ""), MemorySource("b", ""))


class Answers:
    def __init__(self, *known: str) -> None:
        self.known, self.asked = set(known), list[str]()

    async def query(self, promql: str) -> Vector:
        self.asked.append(promql)
        return Vector((Sample({}, 0.0, 1.0),) if promql in self.known else ())


async def test_the_best_that_there_is_is_taken_and_looked_for_again_after_a_while() -> None:
    backend: Any = Answers("count (b)")
    clock = FakeClock(1_800_000_000.0)
    lookup = MemoryLookup(backend, clock)
    assert await lookup.which(SOURCES) == await lookup.which(SOURCES) == 1
    assert backend.asked == ["count (a)", "count (b)"]
    backend.known.add("count (a)")
    assert await lookup.which(SOURCES) == 1
    await clock.advance(60.0)
    assert await lookup.which(SOURCES) == 0
    assert await lookup.which(SOURCES[1:]) == 0, "others are looked for at once"
    lookup.forget()
    backend.known.clear()
    assert await lookup.which(SOURCES) is None
