"""Lists in pages: short first, bounded, and begun again where they grew too old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from modeldeck.domain.failures import Failure, Malformed, TooLarge
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.sources.common import bounds
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.listing import FIRST_PAGE, PAGE, expired, listed, pages
from modeldeck.sources.kubernetes.resources import PODS
from tests.support.canned import Canned, canned, response

GONE = response(b'{"kind": "Status", "code": 410}', "410 Gone")


def page(*names: str, more: str = "", version: str = "7") -> bytes:
    items = [{"metadata": {"name": name, "namespace": "serving", "uid": name}, "spec": {}} for name in names]
    return response(json.dumps({"metadata": {"resourceVersion": version, "continue": more}, "items": items}).encode())


class Answers:
    """One answer a request, the last one for ever; `asked` are the parameters."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, str]] = []
        self.server = Canned()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        query = urlsplit(self.server.requests[-1].split(b" ", 2)[1].decode()).query
        self.asked.append({name: values[0] for name, values in parse_qs(query).items()})
        writer.write(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])

    async def names(self, **named: Any) -> Sequence[str]:
        async with canned(self.talk) as self.server:
            transport = Transport("Kubernetes", self.server.url)
            try:
                return [pod.name for pod in await listed(transport, PODS, "serving", **named)]
            finally:
                await transport.aclose()


async def test_pages_are_one_list_and_the_first_is_short() -> None:
    answers = Answers(page("a", "b", more="t1"), page("c", more="t2"), page("d"))
    assert await answers.names(selector="app=iris", fields="status.phase=Running") == ["a", "b", "c", "d"]
    assert [(asked["limit"], asked.get("continue")) for asked in answers.asked] == [
        (str(FIRST_PAGE), None),
        (str(PAGE), "t1"),
        (str(PAGE), "t2"),
    ]
    assert {(asked["labelSelector"], asked["fieldSelector"]) for asked in answers.asked} == {("app=iris", "status.phase=Running")}


async def test_each_page_comes_with_the_lists_version_and_says_whether_it_is_the_last() -> None:
    answers = Answers(page("a", more="t"), page("b"))
    async with canned(answers.talk) as answers.server:
        transport = Transport("Kubernetes", answers.server.url)
        found = [one async for one in pages(transport, PODS, "serving")]
        await transport.aclose()
    assert [(one.resource_version, one.last) for one in found] == [("7", False), ("7", True)]
    assert all(isinstance(pod, Pod) for one in found for pod in one.items)


async def test_one_that_expires_between_its_pages_is_begun_again_once() -> None:
    answers = Answers(page("old", more="t"), GONE, page("a", more="t"), page("b"))
    assert await answers.names() == ["a", "b"]
    with pytest.raises(Failure) as failure:
        await Answers(GONE).names()
    assert expired(failure.value)


async def test_another_failure_is_told_at_once() -> None:
    answers = Answers(response(b"{}", "500 Internal Server Error"))
    with pytest.raises(Failure) as failure:
        await answers.names()
    assert not expired(failure.value)
    assert len(answers.asked) == 1


async def test_a_list_is_bounded_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(page("a", more="t1").partition(b"\r\n\r\n")[2])
    assert await Answers(page("a", more="t1"), page("b", more="t2"), page("c")).names(most=3 * size) == ["a", "b", "c"]
    with pytest.raises(TooLarge, match="its list of pods"):
        await Answers(page("a", more="t1"), page("b", more="t2"), page("c")).names(most=2 * size)
    monkeypatch.setattr(bounds, "OBJECTS", 2)
    with pytest.raises(TooLarge):
        await Answers(page("a", "b", more="t"), page("c")).names()


async def test_a_page_that_comes_again_ends_a_list() -> None:
    with pytest.raises(Malformed):
        await Answers(page("a", more="t")).names()


async def test_an_object_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed, match="unexpected answer"):
        await Answers(response(b'{"metadata": {}, "items": [{"metadata": {"name": 3}}]}')).names()
