from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from functools import partial

import pytest

from modeldeck.domain.failures import TimedOut, Unreachable
from modeldeck.sources.common.blocking_executor import BlockingExecutor, run_in_thread
from tests.support.eventually import eventually


def wait_for(release: threading.Event, begun: threading.Event) -> None:
    begun.set()
    release.wait()


async def test_calls_run_in_order_on_one_thread_of_its_own() -> None:
    executor = BlockingExecutor("MLflow")

    def named(number: int) -> tuple[int, str]:
        return number, threading.current_thread().name

    names = await asyncio.gather(*(executor.run(partial(named, number)) for number in range(3)))
    assert len({name for _, name in names}) == 1
    assert names[0][1] == "MLflow lane"
    executor.close()


async def test_what_the_call_raises_is_raised_to_the_caller() -> None:
    executor = BlockingExecutor("MLflow")
    with pytest.raises(ZeroDivisionError):
        await executor.run(lambda: 1 // 0)
    assert await executor.run(lambda: 7) == 7
    executor.close()


async def test_a_cancelled_caller_is_let_go_at_once_and_what_had_not_begun_never_runs() -> None:
    executor, release, begun, ran = BlockingExecutor("MLflow"), threading.Event(), threading.Event(), list[str]()

    def hang() -> None:
        begun.set()
        release.wait()

    hung = asyncio.create_task(executor.run(hang))
    queued = asyncio.create_task(executor.run(lambda: ran.append("queued")))
    await eventually(begun.is_set)
    for task in (hung, queued):
        task.cancel()
    done, _ = await asyncio.wait((hung, queued), timeout=5)
    assert len(done) == 2  # while the thread still hangs
    release.set()
    await executor.run(lambda: ran.append("after"))
    assert ran == ["after"]
    executor.close()


async def test_a_hung_call_holds_up_no_other_lane() -> None:
    hung, free, release = BlockingExecutor("hung"), BlockingExecutor("free"), threading.Event()
    waiting = asyncio.create_task(hung.run(release.wait))
    assert await asyncio.wait_for(free.run(lambda: "quick"), 5) == "quick"
    release.set()
    assert await waiting
    hung.close()
    free.close()


async def test_the_queue_is_bounded_and_cancelled_calls_do_not_fill_it() -> None:
    executor, release, begun = BlockingExecutor("MLflow", depth=2), threading.Event(), threading.Event()
    first = asyncio.create_task(executor.run(partial(wait_for, release, begun)))
    await eventually(begun.is_set)
    queued = [asyncio.create_task(executor.run(lambda: None)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TimedOut, match="waiting already"):
        await executor.run(lambda: None)
    for task in queued:
        task.cancel()
    await asyncio.wait(queued)
    again = asyncio.create_task(executor.run(lambda: "again"))
    release.set()
    assert await again == "again"
    await first
    executor.close()


async def test_a_timeout_lets_the_caller_go() -> None:
    executor, release = BlockingExecutor("MLflow"), threading.Event()
    with pytest.raises(TimedOut, match=r"no answer within 0\.01 s"):
        await executor.run(release.wait, timeout=0.01)
    release.set()
    executor.close()


async def test_a_timeout_of_the_call_itself_is_not_taken_for_ours() -> None:
    def raises() -> None:
        raise TimeoutError("its own")

    executor = BlockingExecutor("MLflow")
    with pytest.raises(TimeoutError, match="its own"):
        await executor.run(raises, timeout=5)
    executor.close()


async def test_a_closed_lane_says_so_and_drops_who_waits() -> None:
    executor, release, begun = BlockingExecutor("MLflow"), threading.Event(), threading.Event()
    running = asyncio.create_task(executor.run(partial(wait_for, release, begun)))
    await eventually(begun.is_set)
    queued = asyncio.create_task(executor.run(lambda: None))
    await asyncio.sleep(0)
    executor.close()
    with pytest.raises(asyncio.CancelledError):
        await queued
    with pytest.raises(Unreachable):
        await executor.run(lambda: None)
    release.set()
    await running


async def test_several_threads_share_one_lane() -> None:
    executor, both = BlockingExecutor("Prometheus", threads=2), threading.Barrier(2, timeout=10)
    await asyncio.gather(executor.run(both.wait), executor.run(both.wait))
    executor.close()


async def test_aside_answers_and_leaves_no_thread_behind() -> None:
    assert await run_in_thread("once", lambda: threading.current_thread().name) == "once lane"
    await eventually(lambda: not any(thread.name == "once lane" for thread in threading.enumerate()))


def test_quitting_never_waits_for_a_hung_call() -> None:
    program = """
import asyncio, threading
from modeldeck.sources.common.blocking_executor import BlockingExecutor

async def main():
    task = asyncio.create_task(BlockingExecutor("hung").run(threading.Event().wait))
    await asyncio.sleep(0.05)
    task.cancel()

asyncio.run(main())
print("ended")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout == "ended\n"
