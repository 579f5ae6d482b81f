"""`modeldeck gate check FILE`: is the file right, does Prometheus take its queries, and what would the gate say of a deployment today?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from modeldeck.backends import Backends, connect
from modeldeck.cli.config import problem_line
from modeldeck.cli.output import fail, lines, put, put_json, say, table
from modeldeck.config.reading import at_home
from modeldeck.config.tables.gates import GateFile, read_gate_file
from modeldeck.config.values import Problem
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import NotFound
from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.gates.judgement import CriterionResult, GateVerdict, Judgement
from modeldeck.domain.gates.settings import Gate
from modeldeck.domain.gates.shape import gate_to_json
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.clients import not_configured
from modeldeck.operations.gate import GateTarget, judgement_json, todays_target
from modeldeck.operations.gate.trial import Trial, UnworkableCriterion, try_on, try_queries

_HEAD = ("", "CRITERION", "VALUE", "BOUND", "BEFORE", "REQUESTS", "")
_MARKS = {GateVerdict.PASS: "✔", GateVerdict.FAIL: "✘", GateVerdict.INSUFFICIENT: "?", GateVerdict.ERROR: "!"}


def wrong(given: argparse.Namespace) -> ExitCode | None:
    """Tells what is wrong with the file as such, for which no environment is needed. None: nothing."""
    file = _file(given)
    if file.gate is not None:
        return None
    if given.output == "json":
        put_json({"file": str(file.path), "valid": False, "problems": [_problem_json(problem) for problem in file.problems]})
    else:
        put("\n".join(problem_line(problem) for problem in file.problems))
    return ExitCode.USAGE


def _file(given: argparse.Namespace) -> GateFile:
    return read_gate_file(at_home(given.file))


async def gate(environment: Environment, given: argparse.Namespace) -> int:
    file = _file(given)
    if file.gate is None:  # only where it was changed since `wrong` looked at it
        return ExitCode.USAGE
    backends = connect(environment)
    now, metrics, target = SystemClock().now(), backends.clients.metrics, None
    try:
        if given.deployment:
            target = await _target(environment, backends, given.deployment)
            if not target.current:
                message = f"{target.key} has no ready pod: there is nothing to judge"
                return fail(
                    "no_pods", message, "leave --deployment out to try the queries alone", ExitCode.REFUSED, as_json=given.output == "json"
                )
            trial = await try_on(file.gate, target, metrics, now=now)
        elif metrics is not None:
            trial = await try_queries(file.gate, metrics, now=now)
        else:
            missing = not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
            say(f"modeldeck: {missing} ({missing.hint}): the queries were not tried")
            trial = Trial(())
    finally:
        await backends.close()
    if given.output == "json":
        put_json(_json(file, file.gate, environment, target, trial))
    else:
        _tell(file, target, trial)
    if trial.refused:
        return ExitCode.REFUSED
    return ExitCode.UNREACHABLE if trial.away else ExitCode.DONE


async def _target(environment: Environment, backends: Backends, named: str) -> GateTarget:
    """Raises a Failure where the cluster cannot be asked, or knows no such deployment."""
    namespace, _, name = named.rpartition("/")
    if not namespace:
        looked_at = await backends.namespaces()
        namespace = looked_at[0] if len(looked_at) == 1 and looked_at[0] != "*" else "default"
    fleet = await backends.clients.need_cluster().fleet([namespace])
    deployment = fleet.deployment(f"{namespace}/{name}")
    if deployment is None:
        raise NotFound(f"no deployment {name} in {namespace}", hint="modeldeck status", backend="Kubernetes")
    return todays_target(deployment, fleet, environment.patterns)


def _tell(file: GateFile, target: GateTarget | None, trial: Trial) -> None:
    if target is not None and trial.judgement is not None:
        window = f"{trial.judgement.window:.0f} s"
        served = f"{target.model} {target.version}".strip() or "a model that is not known"
        put(lines(f"{target.key}, serving {served}, over {window}, compared with the {window} before"))
        put(table(_HEAD, [_cells(result) for result in trial.judgement.criteria]))
        put(lines(f"{trial.judgement.verdict.name}: {trial.judgement.message}"))
    if not trial.refused and not trial.away:
        (put if trial.judgement is None else say)(f"{file.path}: no problems")
    for refused in trial.refused:
        where = file.places.get(refused.criterion, str(file.path))
        say(f"modeldeck: {where}: {refused.criterion}: {refused.message}" + (f" ({refused.hint})" if refused.hint else ""))
    if trial.away:
        say(f"modeldeck: {trial.away}")


def _cells(result: CriterionResult) -> tuple[str, ...]:
    before = shown(result.baseline, "s" if result.unit == "×" else result.unit) if result.baseline is not None else ""
    requests = "" if result.requests is None else str(result.requests)
    said = "" if result.verdict is GateVerdict.PASS else result.message
    return (_MARKS[result.verdict], result.name, shown(result.value, result.unit), result.bound, before, requests, said)


def _json(file: GateFile, settings: Gate, environment: Environment, target: GateTarget | None, trial: Trial) -> Mapping[str, Any]:
    judgement: Judgement | None = trial.judgement
    problems = [*(_problem_json(problem) for problem in file.problems), *(_refused_json(file, refused) for refused in trial.refused)]
    error = {"code": "unreachable", "message": trial.away, "hint": None} if trial.away else None
    return {
        "file": str(file.path),
        "valid": not trial.refused,
        "environment": environment.name,
        "deployment": target.key if target is not None else None,
        "model": (target.model or None) if target is not None else None,
        "version": (target.version or None) if target is not None else None,
        "settings": gate_to_json(settings),
        "problems": problems,
        "gate": judgement_json(judgement) if judgement is not None else None,
        **({"error": error} if error else {}),
    }


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity.value,
        "where": problem.where,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint or None,
    }


def _refused_json(file: GateFile, refused: UnworkableCriterion) -> dict[str, Any]:
    where = file.places.get(refused.criterion, str(file.path))
    return {"severity": "error", "where": where, "key": refused.criterion, "message": refused.message, "hint": refused.hint or None}
