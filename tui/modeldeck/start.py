"""From a parsed command line to the console on the screen, in the order that makes it instant.

Paint what was there last, take the keyboard, and only then import Textual: keys typed meanwhile wait in the terminal's own buffer. Whatever
happens, the terminal is given back as it was found.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from modeldeck.config import ConfigErrors, Flags, ResolvedConfig, from_sandbox, resolve
from modeldeck.domain.environments import Environment
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.terminal import instant
from modeldeck.terminal.capabilities import why_no_screen

if TYPE_CHECKING:
    from modeldeck.sandbox.stack.stack import Sandbox


Begun = tuple[list[object], instant.Painted | None]
"""The terminal's own attributes, and what was painted on it."""


def open_console(flags: Flags, sandbox: Sandbox | None = None, *, wall: bool = False) -> int:
    """Resolve the environment and run the console in it, with the wall before the deck where that is asked for.
    Answers the exit code: 2 where the configuration is wrong."""
    found = resolve(flags, os.environ)
    if isinstance(found, ConfigErrors):
        for problem in found.problems:
            _say(f"modeldeck: {problem}")
        return ExitCode.USAGE
    for warning in found.warnings:
        _say(f"modeldeck: {warning}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        _say("modeldeck: the console needs a terminal; `modeldeck status` and `modeldeck --help` do not")
        return ExitCode.USAGE
    if why := why_no_screen(os.environ):
        _say(f"modeldeck: this terminal cannot show the console ({why}); `modeldeck status` needs none")
        return ExitCode.USAGE
    environment = replace(sandbox_environment(sandbox), theme=found.environment.theme) if sandbox else found.environment
    gc.disable()  # what an import allocates stays: collecting meanwhile costs a tenth of the start
    with instant.held_terminal() as terminal:
        kubeconfig = environment.cluster.kubeconfig if environment.cluster else None
        identity = instant.identity_of(environment.identity, kubeconfig)
        theme = environment.theme or ""
        painted = instant.paint(os.environ, identity, environment.name, theme=theme, no_color=found.no_color, deck=not wall)
        return _run(found, flags, environment, sandbox, (terminal, painted), wall=wall)


def _say(message: str) -> None:
    from modeldeck.cli.output import say  # seldom wanted, and nothing must hold up the first paint

    say(message)


def _run(found: ResolvedConfig, flags: Flags, environment: Environment, sandbox: Sandbox | None, begun: Begun, *, wall: bool) -> int:
    from modeldeck.console import Console, Launch

    def other(name: str) -> Environment:
        again = resolve(replace(flags, environment=name), os.environ)
        return environment if isinstance(again, ConfigErrors) else again.environment

    names = tuple(env.name for env in found.environments) or (environment.name,)
    terminal, painted = begun
    launch = Launch(environment, names, other, no_color=found.no_color, sandbox=sandbox, terminal=terminal, painted=painted, wall=wall)
    console = Console(launch)
    try:
        console.run()
    finally:
        console.ended()
    return ExitCode.BUG if console.broken else console.return_code or ExitCode.DONE


def sandbox_environment(sandbox: Sandbox) -> Environment:
    """Where the sandbox's parts are, or will be. Before it has chosen its addresses: an environment without backends."""
    values: Mapping[str, str] = sandbox.environment or {}
    if not values:
        return Environment("sandbox", None, None, None)
    return from_sandbox(values)
