"""A thread of its own for each backend whose client can only block.

It lives on this floor because only sources have blocking clients. asyncio's own pool is not used for them: six hung calls there starve
every other backend, and quitting waits for them. Here a hung call holds up its own lane only, whoever waits is let go the moment it is
cancelled, and daemon threads never keep the process alive.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from modeldeck.domain.failures import TimedOut, Unreachable

T = TypeVar("T")


class _Job(Generic[T]):
    """One call and whoever waits for it. The result travels back through the caller's event loop."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.function = function
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T] = self.loop.create_future()
        self.unwanted = threading.Event()

    def run(self) -> None:
        if self.unwanted.is_set():
            return
        try:
            value = self.function()
        except BaseException as error:  # noqa: BLE001 — nothing is swallowed: it is raised again where it is awaited
            failed = error  # `error` itself is unbound when this block ends, before the loop calls back
            self._deliver(lambda: self.answer.set_exception(failed))
        else:
            self._deliver(lambda: self.answer.set_result(value))

    def _deliver(self, settle: Callable[[], None]) -> None:
        def land() -> None:
            if not self.answer.done():
                settle()

        try:
            self.loop.call_soon_threadsafe(land)
        except RuntimeError:
            return  # the loop has ended meanwhile: nobody is left to tell


class BlockingExecutor:
    """Runs blocking calls one after the other on a daemon thread, which starts with the first call.

    `await lane.run(f)` answers what `f()` returns or raises what it raises. When `depth` calls wait already, the next one fails at
    once with TimedOut: a backend that hangs must not gather an endless queue. Cancelling the caller returns at once; a call that has
    not begun is then never made, one that has begun ends unheard.
    """

    def __init__(self, name: str, *, depth: int = 16, threads: int = 1) -> None:
        self._name = name
        self._depth = depth
        self._threads = threads
        self._waiting: deque[_Job[object]] = deque()
        self._changed = threading.Condition()
        self._started = 0
        self._idle = 0
        self._closed = False

    async def run(self, function: Callable[[], T], *, timeout: float | None = None) -> T:
        """`timeout` in seconds bounds the wait, queueing included (TimedOut); the blocked thread itself goes on."""
        job = _Job(function)
        self._enqueue(job)
        try:
            async with asyncio.timeout(timeout):
                return await job.answer
        except TimeoutError:
            if job.answer.done() and not job.answer.cancelled():
                raise
            raise TimedOut(f"no answer within {timeout:g} s", backend=self._name) from None
        finally:
            job.unwanted.set()

    def _enqueue(self, job: _Job[T]) -> None:
        with self._changed:
            if self._closed:
                raise Unreachable("its connection here was closed", backend=self._name)
            while self._waiting and self._waiting[0].unwanted.is_set():
                self._waiting.popleft()
            if len(self._waiting) >= self._depth:
                raise TimedOut(f"{self._depth} requests are waiting already", backend=self._name)
            self._waiting.append(job)  # type: ignore[arg-type]  # a job is only ever run, whatever it answers
            if self._idle < len(self._waiting) and self._started < self._threads:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name} lane", daemon=True).start()
            self._changed.notify()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            del job  # a large answer must not live on until the next call

    def _next(self) -> _Job[object] | None:
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._changed.wait()
            self._idle -= 1
            return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """No more calls; waiting ones are dropped, their callers' futures are cancelled. Never waits."""
        with self._changed:
            self._closed = True
            dropped = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for job in dropped:
            job.loop.call_soon_threadsafe(job.answer.cancel)


async def run_in_thread(name: str, function: Callable[[], T], *, timeout: float | None = None) -> T:
    """One blocking call on a daemon thread of its own: imports and files that would hold up the event loop. `timeout` in seconds."""
    executor = BlockingExecutor(name)
    try:
        return await executor.run(function, timeout=timeout)
    finally:
        executor.close()
