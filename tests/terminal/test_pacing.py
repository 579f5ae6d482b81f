"""Pacing against a simulated link: what is in flight never makes a picture old, and the link is used all the same."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.terminal.pacing import FIRST, FIRST_PATIENCE, LEAST, MOST, PIECE, UNKNOWN, Pacing


@dataclass
class Link:
    """`rate` in bytes a second, `delay` in seconds each way, with a buffer before it that takes everything: sshd's."""

    rate: float
    delay: float
    answering: bool = True
    pacing: Pacing = field(default_factory=Pacing)
    now: float = 0.0
    free_at: float = 0.0
    carried: int = 0
    answers: list[tuple[float, float]] = field(default_factory=list)
    """When each answer arrives, and when what it answers was written."""
    ages: list[float] = field(default_factory=list)

    def write(self, size: int) -> None:
        asks = self.pacing.asks
        self.pacing.wrote(size, self.now)
        self.free_at = max(self.free_at, self.now) + size / self.rate
        self.carried += size
        if self.answering and asks:
            heapq.heappush(self.answers, (self.free_at + 2 * self.delay, self.now))

    def run(self, seconds: float, size: int | None = None) -> None:
        """Write whenever there is room: a large picture in pieces, or small ones of `size` bytes."""
        end = self.now + seconds
        while self.now < end:
            while room := self.pacing.room(self.now, writing=False):
                self.write(size or min(room, self.pacing.piece))
                if self.pacing.answers is False:
                    break
            if self.pacing.asks and self.pacing.answers is not False:
                self.write(3)
            waits = self.pacing.due(self.now) or 0.01
            if self.answers and self.answers[0][0] <= self.now + waits:
                self.now, at = heapq.heappop(self.answers)
                self.ages.append(self.now - at)
                self.pacing.answered(self.now)
            else:
                self.now += waits + 1e-6


@pytest.mark.parametrize("delay", [0.001, 0.03, 0.15, 0.4])
@pytest.mark.parametrize("rate", [4_000, 8_000, 64_000, 2_000_000])
@pytest.mark.parametrize("size", [None, 300])
def test_the_link_is_used_and_nothing_waits_long_in_its_queue(rate: int, delay: float, size: int | None) -> None:
    link = Link(rate, delay)
    link.run(20.0, size)
    carried, link.ages = link.carried, []
    link.run(20.0, size)
    if size is None:
        most = MOST / (2 * delay + PIECE / rate)  # a window can carry no more
        assert link.carried - carried > 0.4 * 20.0 * min(rate, most)
    assert max(link.ages) < 2 * delay + 0.15 + 2.5 * max(PIECE, link.pacing.piece) / rate + 0.15


def test_the_first_picture_goes_off_at_once_and_where_all_is_fast_so_does_everything() -> None:
    link = Link(50_000_000, 0.0002)
    assert link.pacing.room(0.0, writing=False) == UNKNOWN
    assert link.pacing.window == FIRST
    link.run(0.5)
    assert link.pacing.window == MOST


def test_what_the_system_has_not_taken_is_waited_for() -> None:
    assert Pacing().room(0.0, writing=True) == 0


def test_a_terminal_that_never_answers_is_not_asked_for_long() -> None:
    link = Link(8_000, 0.15, answering=False)
    link.run(FIRST_PATIENCE - 0.1)
    assert link.carried <= UNKNOWN
    link.run(0.2)
    assert link.pacing.answers is False
    assert link.pacing.room(link.now, writing=False) == MOST
    assert not link.pacing.asks


def test_a_cut_that_ends_lets_the_newest_picture_through_in_small_pieces() -> None:
    link = Link(64_000, 0.05)
    link.run(2.0)
    link.answering = False
    link.answers.clear()
    sent = link.carried
    link.run(30.0)
    assert link.carried - sent <= MOST + 10 * LEAST
    link.answering, sent = True, link.carried
    link.run(5.0)
    assert link.carried - sent > 64_000
    link.ages.clear()
    link.run(10.0)
    assert max(link.ages) < 0.5


@given(st.lists(st.one_of(st.floats(0, 5), st.integers(1, 1 << 17)), max_size=60))
def test_whatever_is_answered_and_when_the_window_keeps_its_bounds(events: list[float | int]) -> None:
    """A number of bytes is a picture, a float is an answer after so many seconds, be it one that nobody waits for."""
    pacing, now = Pacing(), 0.0
    for event in events:
        if isinstance(event, int):
            pacing.wrote(event, now)
        else:
            now += event
            pacing.answered(now)
        assert LEAST <= pacing.window <= MOST
        assert pacing.room(now, writing=False) >= 0
        assert pacing.due(now) >= 0
    if pacing.asks:
        pacing.wrote(3, now)
    assert pacing.room(now + 1000, writing=False) > 0


def test_an_answer_to_a_question_before_us_tells_nothing_of_our_own_bytes() -> None:
    pacing = Pacing(asked=1)
    pacing.wrote(3000, 1.0)
    pacing.answered(1.1)  # 1.2 seconds after the first paint has asked
    assert not pacing.asks, "ours has no answer yet"
    pacing.answered(2.2)
    pacing.wrote(3000, 3.0)
    pacing.answered(4.2)
    assert pacing.window >= FIRST, "a link that takes 1.2 seconds: nothing has waited"
    without = Pacing()
    without.wrote(3000, 1.0)
    without.answered(1.1)
    without.wrote(3000, 3.0)
    without.answered(4.2)
    assert without.window < pacing.window
