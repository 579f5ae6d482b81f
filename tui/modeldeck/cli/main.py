"""From arguments to an exit code. Each verb is imported when it is asked for, so that every one starts as fast as it can."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable, Sequence

from modeldeck.cli.arguments import UsageError, flags_of, parse
from modeldeck.config.values import Flags
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.operations.exit_code import ExitCode

OpenConsole = Callable[[Flags, bool], int]
"""`True`: with the wall before the deck."""
OpenSandbox = Callable[[Flags, list[str]], int]

_VALUE_FLAGS = ("-e", "--environment", "--config", "--mlflow", "--kubeconfig", "--context", "-n", "--namespace", "--prometheus", "--theme")


def main(argv: Sequence[str], open_console: OpenConsole, open_sandbox: OpenSandbox) -> int:
    """Run one verb; without one open the console. `sandbox` keeps its arguments to itself."""
    before, after = split_at_sandbox(argv)
    try:
        _only_text(argv)
        given = parse(before)
    except UsageError as error:
        from modeldeck.cli.output import fail

        return fail("usage", str(error), "modeldeck --help", ExitCode.USAGE, as_json=_wants_json(argv))
    if given.show_version:
        return _version()
    if after is not None:
        return open_sandbox(flags_of(given), after)
    if given.verb in (None, "watch"):
        return open_console(flags_of(given), given.verb == "watch")
    return _run(given)


def _only_text(argv: Sequence[str]) -> None:
    """Raises UsageError for bytes that are no text in this locale: no backend could be asked for them."""
    for word in argv:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageError(f"this is not text in the character set of the locale: {word!r}") from None


def split_at_sandbox(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """What comes before the verb `sandbox`, and what comes after it; None where that is not the verb."""
    skip = False
    for index, word in enumerate(argv):
        if skip:
            skip = False
        elif word in _VALUE_FLAGS:
            skip = True
        elif not word.startswith("-"):
            return (list(argv[:index]), list(argv[index + 1 :])) if word == "sandbox" else (list(argv), None)
    return list(argv), None


def _wants_json(argv: Sequence[str]) -> bool:
    return (
        "--output=json" in argv
        or "-ojson" in argv
        or any(word in ("--output", "-o") and following == "json" for word, following in itertools.pairwise(argv))
    )


def _version() -> int:
    from importlib.metadata import version

    from modeldeck.cli.output import put

    put(f"modeldeck {version('modeldeck')}")
    return ExitCode.DONE


def _run(given: argparse.Namespace) -> int:
    from modeldeck.cli.output import fail_with

    try:
        return _verb(given)
    except Failure as failure:
        return fail_with(failure, as_json=given.output == "json")


def _verb(given: argparse.Namespace) -> int:
    if given.verb == "runner":
        from modeldeck.cli.runner import runner

        return runner()
    if given.verb == "config":
        from modeldeck.cli.config import config

        return config(flags_of(given), given)
    if given.verb == "gate":
        from modeldeck.cli.gate import wrong

        if (code := wrong(given)) is not None:
            return code
    environment = _environment(given)
    if environment is None:
        return ExitCode.USAGE
    import asyncio

    return asyncio.run(_asynchronous(given, environment))


async def _asynchronous(given: argparse.Namespace, environment: Environment) -> int:
    if given.verb == "doctor":
        from modeldeck.cli.doctor.doctor import doctor

        return await doctor(environment, given)
    if given.verb == "status":
        from modeldeck.cli.status import status

        return await status(environment, given)
    if given.verb == "history":
        from modeldeck.cli.history import history

        return await history(environment, given)
    if given.verb == "operations":
        from modeldeck.cli.operations import operations

        return await operations(environment, given)
    if given.verb == "register":
        from modeldeck.cli.register import register

        return await register(environment, given)
    if given.verb == "gate":
        from modeldeck.cli.gate import gate

        return await gate(environment, given)
    if given.verb == "metrics":
        from modeldeck.cli.metrics import metrics

        return await metrics(environment, given)
    if given.verb == "live":
        from modeldeck.cli.live.live import live

        return await live(environment, given)
    if given.verb == "slo":
        from modeldeck.cli.slo import slo

        return await slo(environment, given)
    if given.verb == "drift":
        from modeldeck.cli.drift.verb import drift

        return await drift(environment, given)
    if given.verb == "changes":
        from modeldeck.cli.changes.changes import changes

        return await changes(environment, given)
    from modeldeck.cli.change import change

    return await change(environment, given)


def _environment(given: argparse.Namespace) -> Environment | None:
    """The chosen environment; None after its problems have been told."""
    from modeldeck.cli.output import fail, say
    from modeldeck.config.resolution import resolve
    from modeldeck.config.values import ConfigErrors

    found = resolve(flags_of(given), os.environ)
    if isinstance(found, ConfigErrors):
        message = "\n".join(str(problem) for problem in found.problems)
        fail("configuration", message, "modeldeck config check", ExitCode.USAGE, as_json=given.output == "json")
        return None
    for warning in found.warnings:
        say(f"modeldeck: {warning}")
    return found.environment
