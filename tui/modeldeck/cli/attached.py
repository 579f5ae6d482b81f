"""Watching an operation from the command line until it ends, or waits for a person whom nobody can ask here."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager

from modeldeck.cli.output import fail_with, report, report_json, say
from modeldeck.cli.telling import operation_text, progress_teller
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.operations.common.serialization import operation_json
from modeldeck.operations.journal.follow import RunnerFailure


async def watch(
    follow: Callable[[], AsyncIterator[Operation]], operation_id: str, *, as_json: bool, cancel: Callable[[], None] | None
) -> int:
    """Tells each step on standard error as it comes, the end on standard output; answers the exit code.

    With `cancel`, Ctrl-C and SIGTERM call it, and the end of the undo is waited for; without, they only end the watching. A hang-up always
    only ends the watching. Without a terminal an operation that waits for a person ends it, too (exit code 7).
    """
    try:
        with _signals(cancel):
            last = await _to_its_end(follow())
    except RunnerFailure as failure:
        return fail_with(failure, as_json=as_json, code=ExitCode.NEEDS_ATTENTION)
    except asyncio.CancelledError:
        say(f"modeldeck: it goes on: modeldeck operations attach {operation_id}")
        return ExitCode.WAITING
    report_json(operation_json(last)) if as_json else report(operation_text(last))
    return last.exit_code


async def _to_its_end(news: AsyncIterator[Operation]) -> Operation:
    tell = progress_teller()
    last: Operation | None = None
    async with aclosing(news) as found:  # type: ignore[type-var]
        async for operation in found:
            tell(operation)
            last = operation
            if operation.state is State.WAITING and not sys.stdin.isatty():
                break
    assert last is not None
    return last


@contextmanager
def _signals(cancel: Callable[[], None] | None) -> Iterator[None]:
    """With `cancel`: the first Ctrl-C or SIGTERM calls it, further ones change nothing, as the way back must end too. Without: they end
    the watching. A hang-up ends the watching in both cases: the operation has a process of its own."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    asked = False

    def stop() -> None:
        nonlocal asked
        if cancel is None:
            task.cancel()
        elif not asked:
            asked = True
            cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, task.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
