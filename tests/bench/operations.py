"""What an operation costs beyond what the cluster takes: a promotion and its roll-back in a running sandbox, several times, as commands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import psutil

COMMAND = (sys.executable, "-P", "-m", "modeldeck")
DEPLOYMENT = "serving/breast-cancer"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, and MB: medians of several operations with the gate off; `memory` is the most of all."""

    to_patch: float
    """From the consent (the plan is in the journal) to the patch accepted."""
    own: float
    """The operation's whole time, less the cluster's rollout."""
    attach: float
    """From the start of `operations attach` to the first line of the present state."""
    memory: float
    """Of the runner."""


def measured(environ: Mapping[str, str], *, times: int = 3) -> Cost:
    """Promotes and rolls back `times` times."""
    found: list[tuple[float, float]] = []
    attaches: list[float] = []
    most = 0.0
    for _ in range(times):
        for version in ("3", "2"):
            operation, memory = _promote(environ, version)
            found.append(_costs(operation))
            attaches.append(_attach(environ, operation["id"]))
            most = max(most, memory)
    return Cost(median(cost for cost, _ in found), median(own for _, own in found), median(attaches), most)


def _promote(environ: Mapping[str, str], version: str) -> tuple[Any, float]:
    """The operation as JSON, and the most memory that its runner had, in MB."""
    message = (
        "promote",
        "breast-cancer",
        version,
        "--deployment",
        DEPLOYMENT,
        "--yes",
        "--gate",
        "none",
        "--reason",
        "bench",
        "-o",
        "json",
    )
    process = subprocess.Popen([*COMMAND, *message], env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    most = 0.0
    while process.poll() is None:
        most = max(most, _runner_memory(process.pid))
        time.sleep(0.02)
    assert process.stdout
    return json.loads(process.stdout.read()), most


def _runner_memory(parent: int) -> float:
    try:
        runners = [child for child in psutil.Process(parent).children() if child.cmdline()[-1:] == ["runner"]]
        return max((float(runner.memory_info().rss) for runner in runners), default=0.0) / 1e6
    except psutil.Error:
        return 0.0


def _costs(operation: Any) -> tuple[float, float]:
    steps = {step["name"]: step for step in operation["steps"]}
    began = _seconds(operation["started_at"])
    rollout = steps["await rollout"]
    waited = _seconds(rollout["finished_at"]) - _seconds(rollout["started_at"])
    return _seconds(steps["patch template"]["finished_at"]) - began, _seconds(operation["finished_at"]) - began - waited


def _attach(environ: Mapping[str, str], operation_id: str) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, "operations", "attach", operation_id], env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    process.stderr.readline()
    took = time.perf_counter() - began
    process.communicate()
    return took


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
