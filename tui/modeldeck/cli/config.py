"""`modeldeck config path|show|check`."""

from __future__ import annotations

import argparse
import os

from modeldeck.cli.output import fail, put, put_json
from modeldeck.config import check, config_path, resolve, show, show_text
from modeldeck.config.values import ConfigErrors, Flags, Problem, Severity
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.operations.common.text import sanitize


def config(flags: Flags, given: argparse.Namespace) -> int:
    as_json = given.output == "json"
    if given.action == "path":
        path = config_path(flags, os.environ)
        put_json({"config_path": str(path), "exists": os.path.exists(path)}) if as_json else put(str(path))
        return ExitCode.DONE
    if given.action == "check":
        return _check(check(flags, os.environ), as_json=as_json)
    found = resolve(flags, os.environ)
    if isinstance(found, ConfigErrors):
        message = "\n".join(str(problem) for problem in found.problems)
        return fail("configuration", message, "modeldeck config check", ExitCode.USAGE, as_json=as_json)
    put_json(show(found, flags.environment)) if as_json else put(show_text(found, flags.environment))
    return ExitCode.DONE


def problem_line(problem: Problem) -> str:
    """One line, whatever stands in the file."""
    return sanitize(f"{problem.severity}: {problem}", limit=500)


def _check(problems: tuple[Problem, ...], *, as_json: bool) -> int:
    """Data is what was asked for here: the problems go to standard output."""
    if as_json:
        put_json(
            {
                "problems": [
                    {"severity": p.severity.value, "where": p.where, "key": p.key, "message": p.message, "hint": p.hint or None}
                    for p in problems
                ]
            }
        )
    else:
        put("\n".join(problem_line(problem) for problem in problems) or "no problems")
    return ExitCode.USAGE if any(problem.severity is Severity.ERROR for problem in problems) else ExitCode.DONE
