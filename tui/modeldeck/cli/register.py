"""`modeldeck register RUN --model NAME`."""

from __future__ import annotations

import argparse

from modeldeck.backends import connect
from modeldeck.cli.output import report, report_json
from modeldeck.domain.environments import Environment
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.operations.actions.register import register as registered


async def register(environment: Environment, given: argparse.Namespace) -> int:
    backends = connect(environment)
    try:
        made = await registered(backends.clients, given.run, given.model, description=given.description)
    finally:
        await backends.close()
    if given.output == "json":
        report_json({"model": made.model, "version": made.version, "run_id": made.run_id, "status": made.status, "source": made.source})
    else:
        report(f"{made.model} version {made.version} ({made.status}) from run {made.run_id}")
    return ExitCode.DONE
