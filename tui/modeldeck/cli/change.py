"""`modeldeck promote` and `modeldeck rollback`: plan, ask, carry out, tell."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from modeldeck.backends import Backends, connect, open_journal, start_runner
from modeldeck.cli.attached import watch
from modeldeck.cli.output import ask, fail, put, put_json, refuse, report, report_json, say
from modeldeck.cli.telling import plan_text
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import Gate
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.serialization import operation_json, plan_json
from modeldeck.operations.common.text import actor
from modeldeck.operations.journal.signals import Signal, SignalRequest
from modeldeck.operations.service import OperationService

QUIET = 3.0
"""Seconds that a plan may take before it is said that backends are waited for."""
T = TypeVar("T")


async def change(environment: Environment, given: argparse.Namespace) -> int:
    as_json = given.output == "json"
    wrong = usage(given)
    if wrong is not None:
        return fail("usage", *wrong, ExitCode.USAGE, as_json=as_json)
    gate = _gate(given.gate)
    if isinstance(gate, str):
        return fail("usage", gate, f"modeldeck gate check {given.gate}", ExitCode.USAGE, as_json=as_json)
    backends = connect(environment)
    bound = OperationService(backends.clients, open_journal(environment), SystemClock(), start_runner(backends.clients))
    try:
        if not given.plan and not environment.read_only:
            bound.get_ready()
        intent = replace(await _intent(environment, backends, given), gate=gate)
        planned = await told_wait(bound.plan(intent))
        if isinstance(planned, Refusal):
            return refuse(planned, as_json=as_json)
        return await _with_plan(environment, bound, planned, given)
    finally:
        bound.close()
        await backends.close()


async def told_wait(asking: Awaitable[T]) -> T:
    message = "waiting for MLflow, the cluster or Prometheus to answer …"
    waiting = asyncio.get_running_loop().call_later(QUIET, lambda: say(message))
    try:
        return await asking
    finally:
        waiting.cancel()


def usage(given: argparse.Namespace) -> tuple[str, str] | None:
    """What is wrong with the flags as such: words and hint."""
    if given.gate == "none" and not given.reason.strip():
        return "--gate none needs a reason", "--reason TEXT"
    return None


def _gate(file: str | None) -> Gate | str | None:
    """The gate of a file; in words, what is wrong with it. None: the environment's own, or none at all."""
    if file is None or file == "none":
        return None
    from modeldeck.config.reading import at_home
    from modeldeck.config.tables.gates import read_gate_file

    found = read_gate_file(at_home(file))
    return found.gate if found.gate is not None else "\n".join(str(problem) for problem in found.problems)


async def _intent(environment: Environment, backends: Backends, given: argparse.Namespace) -> Intent:
    promote = given.verb == "promote"
    keys = [await _whole_key(backends, key) for key in (given.deployment if promote else [given.deployment])]
    namespace, _, name = keys[0].partition("/")
    return Intent(
        kind=Kind.PROMOTE if promote else Kind.ROLLBACK,
        namespace=namespace,
        deployment=name,
        model=given.model if promote else None,
        to_version=plain_version(given.version if promote else given.to),
        actor=actor(),
        reason=given.reason,
        alias=given.alias or environment.champion,
        rollout_deadline=given.deadline,
        then=tuple(keys[1:]),
        copy_to=given.copy_to if promote else None,
        ungated=given.gate == "none",
        silence=given.silence if given.silence is not None else environment.silence is not None,
    )


async def _whole_key(backends: Backends, text: str) -> str:
    """`namespace/name`, the namespace being the only one that is looked at where none was said."""
    namespace, _, name = text.rpartition("/")
    if not namespace:
        looked_at = await backends.namespaces()
        namespace = looked_at[0] if len(looked_at) == 1 and looked_at[0] != "*" else "default"
    return f"{namespace}/{name}"


def plain_version(text: str | None) -> str | None:
    """`v7` as people write it is `7` in MLflow."""
    if text is not None and text[:1] in "vV" and text[1:].isdigit():
        return text[1:]
    return text


async def _with_plan(environment: Environment, bound: OperationService, plan: Plan, given: argparse.Namespace) -> int:
    as_json = given.output == "json"
    if given.plan:
        put_json(plan_json(plan)) if as_json else put(plan_text(plan))
        return ExitCode.REFUSED if plan.refused else ExitCode.DONE
    say(plan_text(plan))
    if plan.refused:
        message = "; ".join(f"{check.name}: {check.text}" for check in plan.refused)
        hint = next((check.hint for check in plan.refused if check.hint), "")
        return fail("refused", f"refused: {message}", hint, ExitCode.REFUSED, as_json=as_json)
    if not plan.already_there:
        wrong = _consent(environment, plan, given)
        if wrong is not None:
            return fail("usage", *wrong, ExitCode.USAGE, as_json=as_json)
    operation_id = bound.begin(plan)
    if given.detach:
        return _detached(bound, operation_id, as_json=as_json)
    return await watch(lambda: bound.follow(operation_id), operation_id, as_json=as_json, cancel=lambda: _cancel(bound, operation_id))


def _cancel(bound: OperationService, operation_id: str) -> None:
    say("modeldeck: asked to stop: taking back what was done …")
    try:
        bound.ask(operation_id, SignalRequest(Signal.CANCEL, actor()))
    except Failure as failure:
        say(f"modeldeck: {failure}")


def _detached(bound: OperationService, operation_id: str, *, as_json: bool) -> int:
    """Begun, and left to itself."""
    begun = next((one for one in bound.operations() if one.id == operation_id), None)
    if as_json and begun is not None:
        report_json(operation_json(begun))
    else:
        report(operation_id)
    say(f"modeldeck: it goes on by itself: modeldeck operations attach {operation_id}")
    return ExitCode.DONE


def _consent(environment: Environment, plan: Plan, given: argparse.Namespace) -> tuple[str, str] | None:
    """None: go on. Else why not, and what to do."""
    name = plan.last.deployment
    if environment.protected:
        if given.confirm is not None:
            if given.confirm in (name, plan.last.key):
                return None
            return f"--confirm {given.confirm} is not the deployment's name", f"--confirm {name}"
        if not _terminal():
            return f"{environment.name} is protected: a change needs the deployment's name", f"--confirm {name}"
        return None if ask(f"{environment.name} is protected. Type the deployment's name to go on: ") == name else _declined()
    if given.yes:
        return None
    if not _terminal():
        return "a change needs --yes without a terminal", "--plan shows what would be done"
    return None if ask("Go on? [y/N] ").lower() in ("y", "yes") else _declined()


def _declined() -> tuple[str, str]:
    return "not confirmed: nothing was changed", ""


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
