"""What `.ci/run` carries out: all steps, the steps that are named, `all` (every step, without samples and limit), or `check` (linters,
types, floors, and the tests of what has changed: under a minute)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checks import changed, process, report, steps
from checks.run import GOAL, LIMIT, Run, Step, carry_out

ROOT = Path(__file__).parents[2]


def seed_of_commit() -> int:
    """A number that every commit has another one of; 0 where git does not tell."""
    try:
        done = subprocess.run(["git", "rev-parse", "--short=8", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(done.stdout.strip()[:8], 16)


def arguments() -> argparse.Namespace:
    names = [step.name for step in steps.everything()]
    told = f"Steps: {', '.join(names)}. Goal: {GOAL / 60:.0f} minutes on two slow cores; ends by itself after {LIMIT / 60:.0f}."
    parser = argparse.ArgumentParser(prog=".ci/run", description=__doc__, epilog=told)
    parser.add_argument("steps", nargs="*", metavar="STEP", help="all of them by default", choices=[*names, "all", "check", []])
    parser.add_argument("--seed", type=int, help="draws the samples; by default from the commit's hash")
    return parser.parse_args()


def chosen(names: list[str]) -> list[Step]:
    if names == ["check"]:
        return [
            *(step for step in steps.everything() if step.name in ("lint", "types", "floors")),
            Step("changed", changed.tests_of_changes),
        ]
    wanted = [step for step in steps.everything() if step.name in names]
    return wanted if wanted else list(steps.everything())


def main() -> int:
    os.chdir(ROOT)
    given = arguments()
    process.adopt_orphans()
    os.environ.update({"CI": "true", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"})
    os.environ.setdefault("TERM", "dumb")
    seed = seed_of_commit() if given.seed is None else given.seed
    with tempfile.TemporaryDirectory(prefix="modeldeck-ci-", ignore_cleanup_errors=True) as work:
        run = Run(ROOT, Path(work), seed, whole=given.steps == ["all"])
        ended = carry_out(run, chosen(given.steps))
        process.end_descendants()
        found = report.read(sorted(Path(work).glob("*.xml")))
        for line in report.closing(ended, found, Path(work), time.monotonic() - run.started, seed):
            print(line)
    return 1 if any(step.outcome in (report.Outcome.FAILED, report.Outcome.CUT) for step in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
