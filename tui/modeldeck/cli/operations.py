"""`modeldeck operations …`: what was done and is being done, and what a person may still say about it."""

from __future__ import annotations

import argparse

from modeldeck.backends import open_journal
from modeldeck.cli.attached import watch
from modeldeck.cli.here import here_now
from modeldeck.cli.output import fail, put, put_json, say, short, table
from modeldeck.cli.telling import operation_story
from modeldeck.domain.environments import Environment
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.operation import Operation
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.liveness import is_abandoned, is_alive, unheard
from modeldeck.operations.common.serialization import operation_json
from modeldeck.operations.common.text import iso
from modeldeck.operations.journal.follow import follow
from modeldeck.operations.journal.journal import SqliteJournal

_HEAD = ("ID", "STARTED", "ACTOR", "KIND", "DEPLOYMENT", "MODEL", "FROM", "TO", "STATE")


async def operations(environment: Environment, given: argparse.Namespace) -> int:
    as_json = given.output == "json"
    journal = open_journal(environment)
    if given.action == "list":
        return await _list(environment, journal, everywhere=given.all, as_json=as_json)
    if given.id is None:
        return fail("usage", f"operations {given.action} needs an id", "modeldeck operations list", ExitCode.USAGE, as_json=as_json)
    operation = journal.operation(given.id)
    if operation is None and given.action not in ("undo", "resume"):
        message = f"no operation {given.id} in {journal.path}"
        return fail("not_found", message, "modeldeck operations list", ExitCode.REFUSED, as_json=as_json)
    if given.action == "show":
        assert operation is not None
        put_json(operation_json(operation)) if as_json else put(operation_story(operation, SystemClock().now()))
        return ExitCode.DONE
    if given.action == "attach":
        return await attach(journal, given.id, as_json=as_json)
    from modeldeck.cli.deciding import decide

    return await decide(environment, journal, operation, given)


async def attach(journal: SqliteJournal, operation_id: str, *, as_json: bool) -> int:
    """Needs no backend, and none of what plans or carries out: a colleague's question is answered at once."""
    news = follow(operation_id, journal, SystemClock(), alive=lambda operation: is_alive(operation) is not False)
    return await watch(lambda: news, operation_id, as_json=as_json, cancel=None)


async def _list(environment: Environment, journal: SqliteJournal, *, everywhere: bool, as_json: bool) -> int:
    """Of this environment's cluster: the journal knows those of every one that its owner has worked on."""
    known = journal.operations()
    here = ClusterId() if everywhere or not known else await here_now(environment, known)
    found = [operation for operation in known if operation.cluster.same(here) is not False]
    if len(found) < len(known):
        say(f"modeldeck: {len(known) - len(found)} operations of other clusters are left out: --all")
    if as_json:
        put_json({"operations": [operation_json(operation) for operation in found]})
    else:
        put(table(_HEAD, [_cells(operation) for operation in found]) if found else "no operations yet")
    return ExitCode.DONE


def _cells(operation: Operation) -> tuple[str, ...]:
    return (
        operation.id,
        iso(operation.started_at) or "",
        short(operation.actor),
        operation.kind.value,
        ", ".join(operation.keys),
        operation.last.model,
        operation.last.from_version or "?",
        operation.last.to_version,
        state_words(operation),
    )


def state_words(operation: Operation) -> str:
    """How it stands, for a list."""
    if operation.outcome is not None:
        return operation.outcome.value
    if is_abandoned(operation):
        return f"cut off while {operation.state}"
    quiet = unheard(operation, SystemClock().now())
    if quiet is not None:
        return f"not heard for {quiet:.0f} s while {operation.state}"
    return f"{operation.state}: {operation.waiting.text}" if operation.waiting else operation.state.value
