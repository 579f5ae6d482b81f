"""Each query is asked for what is not known of it; what may fail fails alone."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Faulty, InvalidQuery
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.live.range_reader import MOST_REFUSED, AskedRange, RangeReader
from tests.support.clocks import FakeClock

RANGE = AskedRange(0.0, 1000.0, 1000.0, 10.0)


class Answers:
    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float]] = []
        self.failing: dict[str, Failure] = {}

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        self.asked.append((promql, start, end))
        if promql in self.failing:
            raise self.failing[promql]
        return Matrix((Series({}, ((end, 1.0),)),))


def reader() -> tuple[RangeReader, Answers]:
    backend: Any = Answers()
    return RangeReader(backend, FakeClock(1000.0)), backend


async def test_a_query_that_comes_to_others_is_asked_whole_and_they_for_their_new_end() -> None:
    under_test, backend = reader()
    await under_test.read({"a": "x"}, RANGE)
    backend.asked.clear()
    await under_test.read({"a": "x", "b": "y"}, AskedRange(0.0, 1010.0, 1010.0, 10.0))
    assert backend.asked == [("x", 880.0, 1010.0), ("y", 0.0, 1010.0)]
    backend.asked.clear()
    await under_test.read({"b": "y"}, RANGE)
    await under_test.read({"a": "x"}, RANGE)
    assert backend.asked[-1] == ("x", 0.0, 1000.0), "what is not looked at any more is not kept"


async def test_the_present_is_asked_for_beside_the_steps() -> None:
    under_test, backend = reader()
    answers, _ = await under_test.read({"a": "x"}, AskedRange(0.0, 1000.0, 1005.0, 10.0))
    assert answers["a"].series[0].points == ((1000.0, 1.0), (1005.0, 1.0))
    assert backend.asked[-1] == ("x", 1005.0, 1005.0)


async def test_what_is_optional_and_wrong_is_asked_once_and_told_each_time() -> None:
    under_test, backend = reader()
    backend.failing = {"bad": InvalidQuery("parse error"), "slow": Faulty("query timed out")}
    for _ in range(2):
        answers, refused = await under_test.read({"a": "x", "b": "bad", "c": "slow"}, RANGE, optional=("b", "c"))
        assert refused == {"b": "parse error", "c": "query timed out"}
        assert answers["b"] == Matrix(())
        assert answers["a"].series
    assert [promql for promql, *_ in backend.asked].count("bad") == 1
    assert [promql for promql, *_ in backend.asked].count("slow") == 2
    with pytest.raises(Faulty):
        await under_test.read({"c": "slow"}, RANGE)
    for number in range(MOST_REFUSED):
        backend.failing[f"bad{number}"] = InvalidQuery("parse error")
        await under_test.read({"b": f"bad{number}"}, RANGE, optional=("b",))
    await under_test.read({"b": "bad"}, RANGE, optional=("b",))
    assert [promql for promql, *_ in backend.asked].count("bad") == 2, "only so many are remembered"


def test_an_earlier_range_has_the_same_steps() -> None:
    assert RANGE.earlier(300.0) == AskedRange(-300.0, 700.0, 700.0, 10.0)
