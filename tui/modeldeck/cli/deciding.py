"""What a person decides about an operation on the command line: resume, undo, cancel, accept, extend, approve."""

from __future__ import annotations

import argparse
import sys

from modeldeck.backends import connect, start_runner
from modeldeck.cli.attached import watch
from modeldeck.cli.output import fail, say
from modeldeck.domain.environments import Environment
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.liveness import is_abandoned, unheard
from modeldeck.operations.common.text import actor
from modeldeck.operations.journal.journal import SqliteJournal
from modeldeck.operations.journal.signals import Signal, SignalRequest
from modeldeck.operations.runner.runner import Verb
from modeldeck.operations.service import OperationService

_REQUESTS = {"cancel": Signal.CANCEL, "accept": Signal.ACCEPT, "extend": Signal.EXTEND, "approve": Signal.APPROVE}


async def decide(environment: Environment, journal: SqliteJournal, operation: Operation | None, given: argparse.Namespace) -> int:
    as_json = given.output == "json"
    if not given.yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = f"operations {given.action} needs --yes without a terminal"
        return fail("usage", message, "", ExitCode.USAGE, as_json=as_json)
    backends = connect(environment)
    bound = OperationService(backends.clients, journal, SystemClock(), start_runner(backends.clients))
    try:
        if operation is not None and given.action in _REQUESTS:
            return _request(bound, operation, given)
        if operation is not None and given.action == "undo" and _at_work(operation):
            bound.ask(operation.id, SignalRequest(Signal.CANCEL, actor(), given.reason))
            say("modeldeck: asked the process that carries it out to undo it")
        else:
            await bound.recover(given.id, Verb.UNDO if given.action == "undo" else Verb.RESUME)
        code = await watch(lambda: bound.follow(given.id), given.id, as_json=as_json, cancel=None)
        ended = journal.operation(given.id)
        # Taking it back is what was asked for.
        undone = given.action == "undo" and ended is not None and ended.outcome is Outcome.UNDONE
        return ExitCode.DONE if undone else code
    finally:
        bound.close()
        await backends.close()


def _request(bound: OperationService, operation: Operation, given: argparse.Namespace) -> int:
    bound.ask(operation.id, SignalRequest(_REQUESTS[given.action], actor(), given.reason, given.seconds))
    say(f"modeldeck: said to operation {operation.id}; modeldeck operations attach {operation.id} shows what comes of it")
    return ExitCode.DONE


def _at_work(operation: Operation) -> bool:
    """One that is not heard any more is not asked: it is taken over, as a colleague would do it."""
    going = operation.state not in (State.ENDED, State.PLANNED) and not is_abandoned(operation)
    return going and unheard(operation, SystemClock().now()) is None
