"""A poller keeps one reading fresh and tells when it changed.

    poller = Poller("runs", "prod", fetch=tracking.experiments, on_reading=show, interval=5.0, clock=SystemClock(), timeout=20.0)
    poller.start()        # asks at once, then every 5 s
    poller.pause()        # while its pane is hidden
    await poller.stop()   # nothing lands after this

What pushes by itself (an informer) has no poller; its readings are told by the same rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from modeldeck.backoff import Backoff
from modeldeck.domain.failures import Failure, TimedOut, failure_from
from modeldeck.domain.reading import LatestReading, Reading
from modeldeck.ports import Clock

T = TypeVar("T")


class Poller(Generic[T]):
    """Single flight: at most one fetch is under way, however often a refresh is asked for. Times in seconds.

    After a failure the last good value stays, and the pauses grow (Backoff) until an answer comes. `on_reading` is called on the event
    loop, only when something changed that can be seen (LatestReading). Every reading carries the environment's name, and after `stop`
    none is delivered, whatever is still under way: to look at another environment, stop the poller and make another one.
    """

    def __init__(
        self,
        name: str,
        environment: str,
        fetch: Callable[[], Awaitable[T]],
        on_reading: Callable[[Reading[T]], None],
        interval: float,
        clock: Clock,
        timeout: float = 30.0,
        backoff: Backoff | None = None,
        backend: str = "",
    ) -> None:
        self.name = name
        self._latest = LatestReading[T](environment, self._tell, clock.now)
        self._fetch = fetch
        self._on_reading = on_reading
        self._interval = interval
        self._clock = clock
        self._timeout = timeout
        self._backend = backend
        self._backoff = backoff or Backoff()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._stopped = False

    @property
    def reading(self) -> Reading[T]:
        return self._latest.reading

    def start(self) -> None:
        """Idempotent. A poller that was stopped stays stopped."""
        if self._task is None and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"poller {self.name}")

    async def stop(self) -> None:
        """What is under way is cancelled, and nothing lands any more."""
        self._stopped = True
        self._latest.close()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def pause(self) -> None:
        """No new fetches; one that is under way may still land."""
        self._running.clear()

    def resume(self) -> None:
        """Asks at once if the pause was longer than the interval, and then goes on as before."""
        if not self._running.is_set():
            self._running.set()
            if self._is_due():
                self._wake.set()

    def refresh_now(self) -> None:
        """Ends the present pause, also one after a failure. While a fetch is under way, another one follows it at once."""
        self._wake.set()

    def note_failure(self, failure: Failure) -> None:
        """Somebody else asked the same and failed: the value is stale until an answer comes."""
        self._latest.publish_failure(failure)

    def set_interval(self, interval: float) -> None:
        """For the pauses that begin from now on."""
        self._interval = interval

    def _tell(self, reading: Reading[T]) -> None:
        try:
            self._on_reading(reading)
        except Exception as error:  # noqa: BLE001 — an edge: who listens may break, the poller goes on
            context = {"message": f"poller {self.name} was not heard", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _run(self) -> None:
        # A fetch may swallow its cancellation: then `_stopped` is what ends the round.
        while not self._stopped:
            await self._running.wait()
            self._wake.clear()
            pause = await self._ask_once()
            if not self._stopped:
                await self._pause(pause)

    def _broke(self, error: Exception) -> None:
        """Anything but a Failure is a bug of ours, unless the value is absurd. The loop's exception handler hears of it once for as long as
        it stays the same."""
        failure = failure_from(error, backend="")
        if failure != self.reading.failure:
            # Without the task: Python 3.12 would enter its context, which we are in, and the handler would not hear of it.
            context = {"message": f"poller {self.name} broke", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        self._latest.publish_failure(failure)

    async def _ask_once(self) -> float:
        """One fetch; answers how long to pause after it."""
        began = self._clock.now()
        try:
            async with asyncio.timeout(self._timeout):
                value = await self._fetch()
        except Failure as failure:
            self._latest.publish_failure(failure)
            return self._backoff.next(failure.retry_after)
        except TimeoutError:
            self._latest.publish_failure(TimedOut(f"no answer within {self._timeout:g} s", backend=self._backend))
            return self._backoff.next()
        except Exception as error:  # noqa: BLE001 — an edge: a pane that died would say nothing any more until modeldeck is started again
            self._broke(error)
            return self._backoff.next()
        self._backoff.reset()
        self._latest.publish(value, took=max(0.0, self._clock.now() - began))
        return self._interval

    async def _pause(self, seconds: float) -> None:
        """Waits, or until somebody asks for a refresh."""
        nap = asyncio.ensure_future(self._clock.sleep(seconds))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait((nap, wake), return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            wake.cancel()

    def _is_due(self) -> bool:
        fetched = self.reading.fetched_at
        return fetched is None or self._clock.now() - fetched >= self._interval
