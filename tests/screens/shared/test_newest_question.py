"""A question that changes while it is answered."""

from __future__ import annotations

import asyncio

import pytest

from modeldeck.screens.shared.newest_question import NewestQuestion
from tests.support.clocks import settle


class Asker:
    """Answers each question when it is told to."""

    def __init__(self) -> None:
        self.wanted = "first"
        self.answers: dict[str, asyncio.Future[str]] = {}
        self.given_up: list[str] = []
        self.question = NewestQuestion(lambda: self.wanted, self.ask)

    async def ask(self, question: str) -> str:
        self.answers[question] = asyncio.get_running_loop().create_future()
        try:
            return await self.answers[question]
        except asyncio.CancelledError:
            self.given_up.append(question)
            raise


async def test_a_question_that_stays_is_answered() -> None:
    asked = Asker()
    assert not asked.question.renew(), "nothing is being answered yet"
    task = asyncio.create_task(asked.question.answer())
    await settle()
    assert asked.question.renew()
    await settle()
    asked.answers["first"].set_result("one")
    assert await task == "one"
    assert list(asked.answers) == ["first"]
    assert not asked.question.renew()


async def test_an_older_question_is_not_waited_for() -> None:
    asked = Asker()
    task = asyncio.create_task(asked.question.answer())
    await settle()
    asked.wanted = "second"
    assert asked.question.renew()
    await settle()
    asked.answers["second"].set_result("two")
    assert await task == "two"
    assert asked.given_up == ["first"]


async def test_what_goes_wrong_is_raised_and_the_next_question_is_asked_anew() -> None:
    asked = Asker()
    task = asyncio.create_task(asked.question.answer())
    await settle()
    asked.answers["first"].set_exception(ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await task
    assert not asked.question.renew()


async def test_who_gives_up_leaves_no_question_behind() -> None:
    asked = Asker()
    task = asyncio.create_task(asked.question.answer())
    await settle()
    task.cancel()
    await asyncio.wait((task,))
    await settle()
    assert asked.given_up == ["first"]
    assert not asked.question.renew()
