from __future__ import annotations

import asyncio

import pytest

from modeldeck.backoff import Backoff
from modeldeck.domain.failures import Throttled, TimedOut, Unreachable
from modeldeck.domain.reading import Reading
from modeldeck.live.poller import Poller
from tests.support.clocks import FakeClock, settle
from tests.support.eventually import eventually

REFUSED = Unreachable("connection refused", backend="MLflow")


class Source:
    """Answers what it is told to; counts how often it is asked, and how often at once."""

    def __init__(self) -> None:
        self.answer: object = "a"
        self.gate: asyncio.Event | None = None
        self.asked = 0
        self.under_way = 0
        self.most_at_once = 0

    async def fetch(self) -> object:
        self.asked += 1
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            answer = self.answer
            if self.gate is not None:
                await self.gate.wait()
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.under_way -= 1


class Stage:
    def __init__(self, interval: float = 5.0, timeout: float = 30.0) -> None:
        self.clock = FakeClock()
        self.source = Source()
        self.seen: list[Reading[object]] = []
        self.poller: Poller[object] = Poller(
            "runs", "prod", self.source.fetch, self.seen.append, interval, self.clock, timeout, Backoff(chance=lambda: 0.0)
        )

    async def begin(self) -> None:
        self.poller.start()
        await settle()


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_it_asks_at_once_and_then_by_its_interval(stage: Stage) -> None:
    await stage.begin()
    assert [(r.value, r.state, r.environment) for r in stage.seen] == [("a", "live", "prod")]
    await stage.clock.advance(4.9)
    assert stage.source.asked == 1
    await stage.clock.advance(0.2)
    assert stage.source.asked == 2
    await stage.poller.stop()


async def test_what_others_were_answered_makes_the_value_stale_until_an_answer_comes(stage: Stage) -> None:
    await stage.begin()
    stage.poller.note_failure(REFUSED)
    assert (stage.seen[-1].value, stage.seen[-1].state, stage.seen[-1].failure) == ("a", "stale", REFUSED)
    await stage.clock.advance(5)
    assert stage.seen[-1].state == "live"
    await stage.poller.stop()


async def test_an_equal_value_renews_the_time_but_tells_nobody(stage: Stage) -> None:
    await stage.begin()
    first = stage.poller.reading.fetched_at
    await stage.clock.advance(5)
    assert len(stage.seen) == 1
    assert stage.poller.reading.fetched_at == pytest.approx((first or 0) + 5)
    stage.source.answer = "b"
    await stage.clock.advance(5)
    assert [r.value for r in stage.seen] == ["a", "b"]
    await stage.poller.stop()


async def test_after_a_failure_the_last_value_stays_and_is_stale_with_its_age(stage: Stage) -> None:
    await stage.begin()
    fetched = stage.clock.now()
    stage.source.answer = REFUSED
    await stage.clock.advance(5)
    last = stage.seen[-1]
    assert (last.value, last.state, last.failure, last.fetched_at) == ("a", "stale", REFUSED, fetched)
    await stage.poller.stop()


async def test_the_same_failure_again_is_told_once(stage: Stage) -> None:
    stage.source.answer = REFUSED
    await stage.begin()
    stage.source.answer = Unreachable("connection refused", backend="MLflow")
    await stage.clock.advance(60)
    assert [r.state for r in stage.seen] == ["unavailable"]
    assert stage.source.asked > 3
    await stage.poller.stop()


async def test_pauses_grow_after_failures_and_are_short_again_after_an_answer(stage: Stage) -> None:
    stage.source.answer = REFUSED
    await stage.begin()
    await stage.clock.advance(200)
    assert stage.clock.sleeps[:8] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    stage.source.answer = "back"
    await stage.clock.advance(31)
    assert (stage.seen[-1].value, stage.seen[-1].state, stage.seen[-1].failure) == ("back", "live", None)
    assert stage.clock.sleeps[-1] == 5.0
    stage.source.answer = REFUSED
    await stage.clock.advance(5)
    assert stage.clock.sleeps[-1] == pytest.approx(0.8)
    await stage.poller.stop()


async def test_a_throttled_backend_gets_the_pause_that_it_asked_for(stage: Stage) -> None:
    stage.source.answer = Throttled("slow down", retry_after=47.0)
    await stage.begin()
    await stage.clock.advance(46.9)
    assert stage.source.asked == 1
    await stage.clock.advance(0.2)
    assert stage.source.asked == 2
    await stage.poller.stop()


async def test_refreshes_that_overlap_are_one_more_fetch_and_never_two_at_once(stage: Stage) -> None:
    stage.source.gate = asyncio.Event()
    await stage.begin()
    for _ in range(5):
        stage.poller.refresh_now()
        await settle()
    assert stage.source.asked == 1
    stage.source.gate.set()
    await settle()
    assert (stage.source.asked, stage.source.most_at_once) == (2, 1)
    await stage.poller.stop()


async def test_a_refresh_ends_the_pause_after_a_failure(stage: Stage) -> None:
    stage.source.answer = Throttled("slow down", retry_after=300.0)
    await stage.begin()
    stage.source.answer = "back"
    stage.poller.refresh_now()
    await settle()
    assert stage.seen[-1].state == "live"
    await stage.poller.stop()


async def test_a_hidden_pane_asks_nothing_and_asks_at_once_when_it_is_seen_again(stage: Stage) -> None:
    await stage.begin()
    stage.poller.pause()
    await stage.clock.advance(60)
    assert stage.source.asked == 1
    stage.poller.resume()
    await settle()
    assert stage.source.asked == 2
    await stage.poller.stop()


async def test_nothing_lands_after_stop_even_from_a_fetch_that_ignores_its_cancellation(stage: Stage) -> None:
    release = asyncio.Event()

    async def stubborn() -> object:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await release.wait()
        return "late"

    seen: list[Reading[object]] = []
    poller: Poller[object] = Poller("runs", "old", stubborn, seen.append, 5.0, stage.clock)
    poller.start()
    await settle()
    stopping = asyncio.create_task(poller.stop())
    await settle()
    release.set()
    await stopping
    assert seen == []


async def test_a_fetch_that_never_ends_is_a_timeout_of_its_own() -> None:
    stage = Stage(timeout=0.01)
    stage.source.gate = asyncio.Event()
    stage.poller.start()
    await eventually(lambda: stage.seen)
    assert isinstance(stage.seen[0].failure, TimedOut)
    await stage.poller.stop()


async def test_the_interval_can_change(stage: Stage) -> None:
    await stage.begin()
    stage.poller.set_interval(60)
    await stage.clock.advance(5)
    assert stage.clock.sleeps == [5.0, 60]
    await stage.poller.stop()


async def test_a_kept_failure_holds_no_frames(stage: Stage) -> None:
    async def fails() -> object:
        big = bytearray(10)
        try:
            raise KeyError(len(big))
        except KeyError:
            raise Unreachable("cut") from None

    poller: Poller[object] = Poller("runs", "prod", fails, stage.seen.append, 5.0, stage.clock)
    poller.start()
    await settle()
    failure = stage.seen[-1].failure
    assert failure is not None
    assert (failure.__traceback__, failure.__context__, failure.__cause__) == (None, None, None)
    await poller.stop()


async def test_a_bug_is_loud(stage: Stage) -> None:
    heard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))

    async def buggy() -> object:
        raise ZeroDivisionError

    poller: Poller[object] = Poller("runs", "prod", buggy, stage.seen.append, 5.0, stage.clock)
    poller.start()
    await settle()
    assert [type(context["exception"]) for context in heard] == [ZeroDivisionError]
    await poller.stop()


async def test_a_feed_that_broke_asks_again(stage: Stage) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    answers: list[object] = [RecursionError(), ZeroDivisionError(), TypeError(), "well"]

    async def fetch() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    poller: Poller[object] = Poller("runs", "prod", fetch, stage.seen.append, 5.0, stage.clock, backoff=Backoff(chance=lambda: 0.0))
    poller.start()
    await settle()
    assert poller.reading.failure is not None
    await stage.clock.advance(10)
    reading = poller.reading
    assert (reading.value, reading.failure) == ("well", None)
    assert stage.clock.sleeps[:3] == [0.8, 1.6, 3.2]
    await poller.stop()


async def test_a_bug_is_loud_once_for_as_long_as_it_stays(stage: Stage) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))

    async def buggy() -> object:
        raise TypeError

    poller: Poller[object] = Poller("runs", "prod", buggy, stage.seen.append, 5.0, stage.clock)
    poller.start()
    await stage.clock.advance(100)
    assert len(heard) == 1
    await poller.stop()


async def test_a_feed_outlives_whoever_listens(stage: Stage) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))
    answers = iter(range(100))

    async def fetch() -> object:
        return next(answers)

    def listen(reading: object) -> None:
        raise IndexError

    poller: Poller[object] = Poller("runs", "prod", fetch, listen, 5.0, stage.clock)
    poller.start()
    await stage.clock.advance(11)
    assert poller.reading.value == 2
    assert len(heard) == 3
    await poller.stop()
