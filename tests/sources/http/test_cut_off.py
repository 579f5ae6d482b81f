"""A deadline over the whole of an answer, however its bytes come."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
import requests

from modeldeck.sources.http.cut_off import Call, CutOffAdapter, cut_off
from tests.support.canned import always, canned, response

FOREVER = 30.0


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", CutOffAdapter())
    return made


async def test_an_answer_in_time_is_whole() -> None:
    def ask(url: str) -> tuple[bytes, Call]:
        with session() as own, cut_off(FOREVER) as call:
            return own.get(url, timeout=FOREVER).content, call

    async with canned(always(response(b"all of it"))) as server:
        body, call = await asyncio.to_thread(ask, server.url)
    assert (body, call.late) == (b"all of it", False)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nonly"])
async def test_one_that_is_cut_ends_at_once_and_says_why(begun: bytes) -> None:
    """Before the head, and in the middle of the body."""
    waiting = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(begun)
        await writer.drain()
        waiting.set()
        await reader.read()

    calls: list[Call] = []

    def ask(url: str) -> None:
        with session() as own, cut_off(FOREVER) as call:
            calls.append(call)
            own.get(url, timeout=FOREVER)

    async with canned(silent) as server:
        asking = asyncio.create_task(asyncio.to_thread(ask, server.url))
        await waiting.wait()
        calls[0].cut()
        with pytest.raises(requests.RequestException) as error:
            await asking
    assert calls[0].late
    assert "timed out" not in str(error.value)


def test_the_time_cuts_it_off() -> None:
    """Without a connection there is nothing to shut, and it is late all the same."""
    with cut_off(0.0) as call:
        for timer in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
            timer.join()
        assert call.late
    assert call.socket is None


def test_a_socket_that_is_closed_already_is_no_trouble() -> None:
    call = Call()
    call.socket = socket.socket()
    call.socket.close()
    call.cut()
    assert call.late
