"""Runner processes of computers that do not exist: each on a host, with a pid, on a journal and a network that fail it at a chosen point.

What runs in them is the product's own `carry_out`. Killed, a process never does anything again; hung (a stopped process, a computer that
swaps), it goes on where it was when it is woken, however much later.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

from modeldeck.domain.failures import Failure, TimedOut, Unreachable
from modeldeck.domain.operations.operation import Operation
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.runner.runner import Order, carry_out
from tests.support.fakes.clients import FakeClients
from tests.support.fakes.journals import MemoryJournal
from tests.support.virtual import VirtualClock

CHANGING = ("patch_deployment", "set_alias", "delete_alias", "tag_version", "tag_model", "untag_model", "write_event", "write_lease")
UNFENCED = ("set_alias", "delete_alias", "tag_version", "tag_model", "untag_model", "write_event")
"""Requests that the server cannot tell from an earlier holder's: between the last look at the lock and their leaving nothing may stop a
process for long. That instant is the one that no client can close, so that no process is hung in it here."""
_TRAVEL = 0.005
_LATE = 0.5
_PIDS = itertools.count(1000)


class PowerCut(BaseException):
    """Not an Exception: nothing in the core may catch it."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the n-th of what a process does: a call of a backend, one that changes something, or an entry of its journal.

    start   hang: it takes long to begin
    call    hang, away (for `seconds`), cancel
    write   drop, lose (the answer), late (it lands after its failure), kill, kill-after, kill-late, hang-after
    entry   kill, kill-after, full (this one and all after it)
    """

    where: str
    what: str
    at: int
    seconds: float = 0.0


Around = Callable[["Process", Callable[[], Any]], Any]


class Process:
    """One process with at most one fault. `around` carries each request out that changes something, and sees what it changes; `cancel` is
    what the fault of that name does with the operation's id."""

    def __init__(
        self, host: str, fault: Fault | None, cancel: Callable[[str], None], around: Callable[[Process, Callable[[], Any]], Any]
    ) -> None:
        self.host, self.pid, self.fault = host, next(_PIDS), fault
        self.operation = ""
        self.dead = False
        self.awake, self.parked = asyncio.Event(), asyncio.Event()
        self.awake.set()
        self.away_until = 0.0
        self.task: asyncio.Task[Operation] | None = None
        self._cancel, self.around = cancel, around
        self._count = {"call": 0, "write": 0, "entry": 0}

    @property
    def lives(self) -> bool:
        return not self.dead and (self.task is None or not self.task.done())

    @property
    def hung(self) -> bool:
        return self.lives and not self.awake.is_set()

    def start(self, order: Order, fake: FakeClients, journal: MemoryJournal, clock: VirtualClock) -> None:
        self.operation = order.operation
        clients = Clients(fake.environment, None, _Wire(self, fake.registry), _Wire(self, fake.cluster), None)
        context = contextvars.copy_context()
        context.run(WHO.set, self)

        async def job() -> Operation:
            if self.fault is not None and self.fault.where == "start":
                await self.hang()
            return await carry_out(order, clients, _Disk(self, journal), _Pauses(self, clock), asyncio.Event())  # type: ignore[arg-type]

        self.task = asyncio.get_running_loop().create_task(job(), context=context)

    def kill(self) -> None:
        self.dead = True
        self.awake.set()

    async def settled(self) -> None:
        """Until it has ended or hangs."""
        assert self.task is not None
        parked = asyncio.ensure_future(self.parked.wait())
        await asyncio.wait((self.task, parked), return_when=asyncio.FIRST_COMPLETED)
        parked.cancel()

    def hits(self, where: str) -> str:
        """Count one more, and answer what goes wrong with it: "" for nothing."""
        self._count[where] += 1
        fault = self.fault
        if fault is None or fault.where != where:
            return ""
        late = fault.what == "full" and self._count[where] >= fault.at
        return fault.what if late or self._count[where] == fault.at else ""

    async def turn(self) -> None:
        """Nothing goes on in a process that is dead or hung."""
        await self.awake.wait()
        if self.dead:
            raise PowerCut

    async def hang(self) -> None:
        self.awake.clear()
        self.parked.set()
        await self.turn()

    def cut(self) -> None:
        self.kill()
        raise PowerCut

    async def asked(self, name: str) -> None:
        """Before a call leaves."""
        await self.turn()
        what = self.hits("call")
        if what == "hang" and name not in UNFENCED:
            await self.hang()
        elif what == "away":
            assert self.fault
            self.away_until = asyncio.get_running_loop().time() + self.fault.seconds
        elif what == "cancel":
            self._cancel(self.operation)
        await asyncio.sleep(_TRAVEL)
        await self.turn()
        if asyncio.get_running_loop().time() < self.away_until:
            raise Unreachable("connection refused")

    async def written(self, do: Callable[[], Any]) -> Any:
        """A request that changes something; `do` answers what came of it, or raises."""
        what = self.hits("write")
        if what == "drop":
            raise Unreachable("connection reset before it was sent")
        if what in ("late", "kill-late"):
            asyncio.get_running_loop().create_task(self._land(do))
        if what in ("kill", "kill-late"):
            self.cut()
        if what == "late":
            raise TimedOut("no answer")
        answer = self.around(self, do)
        if what == "lose":
            raise TimedOut("no answer")
        if what == "kill-after":
            self.cut()
        if what == "hang-after":
            await self.hang()
        return answer

    async def _land(self, do: Callable[[], Any]) -> None:
        await asyncio.sleep(_LATE)
        with contextlib.suppress(Failure):
            self.around(self, do)


class _Wire:
    """A backend as one process reaches it."""

    def __init__(self, process: Process, backend: Any) -> None:
        self._process, self._backend = process, backend

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._backend, name)
        changes = name in CHANGING

        async def through(*message: Any, **more: Any) -> Any:
            await self._process.asked(name)
            if changes and not more.get("dry_run"):
                answer = await self._process.written(lambda: at_once(call(*message, **more)))
            else:
                answer = at_once(call(*message, **more))
            await asyncio.sleep(_TRAVEL)
            await self._process.turn()
            return answer

        return through


def at_once(coroutine: Any) -> Any:
    """The answer of a call of the fakes, which never wait: what it does is one instant."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a fake has waited")


class _Disk:
    """A journal as one process writes it."""

    path = MemoryJournal.path

    def __init__(self, process: Process, journal: MemoryJournal) -> None:
        self._process, self._journal = process, journal

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        if self._process.dead:
            raise PowerCut
        what = self._process.hits("entry")
        if what == "kill":
            self._process.cut()
        if what == "full":
            raise JournalFailure("database or disk is full", backend="journal")
        self._journal.append(operation_id, kind, body)
        if what == "kill-after":
            self._process.cut()

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        if any(entry.kind != "asked" for entry in self._journal.after(operation_id, seen)[0]):
            return False
        self.append(operation_id, kind, body)
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class _Pauses:
    """A clock as one process sleeps by it."""

    def __init__(self, process: Process, clock: VirtualClock) -> None:
        self._process, self._clock = process, clock
        self.now, self.monotonic, self.boottime = clock.now, clock.monotonic, clock.boottime

    async def sleep(self, seconds: float) -> None:
        await self._process.turn()
        await self._clock.sleep(seconds)
        await self._process.turn()


WHO: contextvars.ContextVar[Process] = contextvars.ContextVar("WHO")
"""The process that the code at work runs in."""


@contextlib.contextmanager
def computers(processes: Mapping[int, Process]) -> Iterator[None]:
    """Let the core believe in these processes and their hosts."""

    def lives(pid: int, token: str = "") -> bool:
        return pid in processes and processes[pid].lives

    system = SimpleNamespace(getpid=lambda: WHO.get().pid)
    replaced = {
        "host": (lambda: WHO.get().host, ("execution.execute", "execution.lock", "common.liveness", "execution.adopt", "service")),
        "birth": (lambda pid: f"birth-{pid}", ("execution.execute", "execution.lock")),
        "os": (system, ("execution.execute", "execution.lock")),
        "process_lives": (lives, ("common.liveness",)),
    }
    with contextlib.ExitStack() as stack:
        for name, (stand_in, modules) in replaced.items():
            for module in modules:
                stack.enter_context(mock.patch(f"modeldeck.operations.{module}.{name}", stand_in))
        yield
