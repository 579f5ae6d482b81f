"""The runner process' beginning and end: reads what it is handed, gets everything ready, waits for the word, and carries it out.

Nothing of it is for people: it is started by `promote`, `rollback`, `operations` and the console (operations/runner/launch.py).
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from contextlib import suppress

from modeldeck.backends import Backends, connect, open_journal
from modeldeck.cli.output import say
from modeldeck.config.handover import received
from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.operations.runner.runner import Order, carry_out

_STOPS = (signal.SIGINT, signal.SIGTERM)


def runner() -> int:
    """Answers the exit code of the operation; 0 where no word came."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        environment = received(sys.stdin.buffer.readline())
    except ValueError as error:
        say(f"modeldeck runner: {error}")
        return ExitCode.USAGE
    return asyncio.run(_run(connect(environment), str(open_journal(environment).path)))


async def _run(backends: Backends, path: str) -> int:
    loop = asyncio.get_running_loop()
    cancel = asyncio.Event()
    for number in _STOPS:
        loop.add_signal_handler(number, cancel.set)
    ready = asyncio.create_task(_get_ready(backends))
    try:
        line = await loop.run_in_executor(None, sys.stdin.buffer.readline)
        if not line.strip():
            return ExitCode.DONE
        try:
            order = Order.read(line)
        except (ValueError, KeyError):
            say("modeldeck runner: no order")
            return ExitCode.USAGE
        gc.freeze()
        journal = open_journal(backends.clients.environment)
        operation = await carry_out(order, backends.clients, journal, SystemClock(), cancel)
        say(f"{operation.id}: {operation.outcome}: {operation.message}")
        return operation.exit_code
    except Failure as failure:
        say(f"modeldeck runner: {failure}" + (f" ({failure.hint})" if failure.hint else ""))
        return ExitCode.REFUSED
    finally:
        ready.cancel()
        await backends.close()


async def _get_ready(backends: Backends) -> None:
    """Ask each backend once, so that what is slow the first time (credentials, name look-up, TLS) is behind us. What fails now is told
    when it matters."""

    async def once(backend: object) -> None:
        with suppress(Failure):
            await backend.ping()  # type: ignore[attr-defined]

    clients = backends.clients
    await asyncio.gather(*(once(backend) for backend in (clients.tracking, clients.cluster) if backend is not None))
