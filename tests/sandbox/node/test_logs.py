from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from modeldeck.sandbox.node import logs
from modeldeck.sandbox.node.log_endpoint import LogRefused, log_options
from modeldeck.sandbox.node.logs import ContainerLog, PodLogOptions, read


async def text(log: ContainerLog, wanted: PodLogOptions) -> str:
    return b"".join([chunk async for chunk in read(log, wanted)]).decode()


async def test_lines_are_kept_whole_however_they_come(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path / "0.log")
    for part in (b"one\ntw", b"o\n", b"three"):
        log.data_received(part)
    log.connection_lost(None)
    assert await text(log, PodLogOptions()) == "one\ntwo\nthree\n"
    assert await text(log, PodLogOptions(tail=2)) == "two\nthree\n"
    assert await text(log, PodLogOptions(tail=0)) == ""
    assert await text(log, PodLogOptions(limit=5)) == "one\nt"
    assert log.tail(2, 8) == "wo\nthree"


async def test_entries_carry_their_time(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path / "0.log")
    before = logs.timestamp()
    log.data_received(b"some words here\n")
    stamp, message = (await text(log, PodLogOptions(timestamps=True))).split(" ", 1)
    assert before <= stamp <= logs.timestamp()
    assert message == "some words here\n"
    assert await text(log, PodLogOptions(since=before)) == "some words here\n"
    assert await text(log, PodLogOptions(since="2999-01-01T00:00:00.000000Z")) == ""


async def test_followers_see_every_line_once_and_end_with_the_container(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path / "0.log")
    log.data_received(b"before\n")
    following = asyncio.create_task(text(log, PodLogOptions(follow=True)))
    for number in range(50):
        log.data_received(f"{number}\n".encode())
        await asyncio.sleep(0)
    log.connection_lost(None)
    seen = await asyncio.wait_for(following, 10)
    assert seen.splitlines() == ["before", *(str(number) for number in range(50))]


async def test_a_full_file_is_rotated_and_followers_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_CAP", 2000)
    log = ContainerLog(tmp_path / "0.log")
    following = asyncio.create_task(text(log, PodLogOptions(follow=True)))
    for number in range(100):
        log.data_received(f"line {number}\n".encode())
        await asyncio.sleep(0)
    log.connection_lost(None)
    assert await asyncio.wait_for(following, 10) == "".join(f"line {number}\n" for number in range(100))
    assert log.rotations >= 2
    kept = (await text(log, PodLogOptions())).splitlines()
    assert kept[-1] == "line 99"
    assert len(kept) < 100
    assert sum(map(len, log.lines())) <= 4000


async def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path / "0.log")
    for _ in range(5):
        log.data_received(b"x" * 10_000)
    log.connection_lost(None)
    written = (await text(log, PodLogOptions())).splitlines()
    assert max(map(len, written)) <= 20_000
    assert sum(map(len, written)) == 50_000


def test_the_options_of_kubectl_logs_are_understood() -> None:
    assert log_options({}) == PodLogOptions()
    assert log_options({"follow": "true", "timestamps": "true", "tailLines": "5", "limitBytes": "100"}) == PodLogOptions(
        follow=True, timestamps=True, tail=5, limit=100
    )
    assert log_options({"sinceTime": "2026-01-01T02:00:00+02:00"}).since == "2026-01-01T00:00:00.000000Z"
    assert log_options({"tailLines": "-1"}).tail is None
    assert (log_options({"sinceSeconds": "5"}).since or "") < logs.timestamp()
    with pytest.raises(LogRefused):
        log_options({"tailLines": "many"})
