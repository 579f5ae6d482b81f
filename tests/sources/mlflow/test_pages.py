"""Pages that get smaller where an answer is too large."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Failure
from modeldeck.sources.mlflow.pages import TRIES, PageSize


class Limited:
    """A proxy that lets no more than so many entries through."""

    def __init__(self, most: int, status: int) -> None:
        self.most, self.status, self.asked = most, status, list[int]()

    async def page(self, size: int) -> int:
        self.asked.append(size)
        if size > self.most:
            raise Failure("too large", status=self.status)
        return size


@pytest.mark.parametrize("status", [413, 502])
async def test_an_answer_that_is_too_large_is_asked_for_in_halves_and_the_size_is_remembered(status: int) -> None:
    proxy, pages = Limited(130, status), PageSize()
    assert await pages.ask(1000, proxy.page) == 125
    assert await pages.ask(1000, proxy.page) == 125
    assert await pages.ask(20, proxy.page) == 20
    assert proxy.asked == [1000, 500, 250, 125, 125, 20]


@pytest.mark.parametrize("status", [413, 502])
async def test_a_server_that_is_away_is_not_asked_for_ever_smaller_pages(status: int) -> None:
    proxy, pages = Limited(0, status), PageSize()
    for wanted, tries in ((100_000, TRIES + 1), (2, 2)):
        proxy.asked.clear()
        with pytest.raises(Failure, match="too large"):
            await pages.ask(wanted, proxy.page)
        assert len(proxy.asked) == tries
    proxy.most = 10**6
    assert await pages.ask(1000, proxy.page) == 1000


async def test_another_failure_is_told_at_once() -> None:
    proxy = Limited(0, 500)
    with pytest.raises(Failure):
        await PageSize().ask(1000, proxy.page)
    assert proxy.asked == [1000]
