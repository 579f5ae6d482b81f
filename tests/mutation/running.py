"""How pytest is run on the copy: as lean as it can be, and each time the same."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from cosmic_ray.testing import run_tests
from cosmic_ray.work_item import TestOutcome

from tests.mutation.reach import Reach
from tests.mutation.watching import read

LEAN = ("-q", "-x", "--tb=short", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "-p", "pytest_asyncio.plugin")
"""Without the plugins that these tests do not need: to load them all takes longer than most tests."""
LEFT_OUT = ("tests/operations/test_machine.py",)
"""Each of its runs is a story of many operations: the minutes that it takes belong to CI."""
PATIENCE = 20.0
"""Times what the tests take when nothing is changed: beyond it the change made something endless."""


def environ() -> dict[str, str]:
    """CI: properties try the same examples each time."""
    return {"PYTHONPATH": str(Path.cwd()), "CI": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def watched(folder: Path, tests: list[str]) -> Reach:
    """Run the tests as they are. Raises SystemExit where one fails: then a failure says nothing about a change."""
    ignored = (f"--ignore={path}" for path in LEFT_OUT)
    outcome, output = _run("-p", "tests.mutation.watching", *ignored, *tests, timeout=None)
    if outcome is not TestOutcome.SURVIVED:
        raise SystemExit(f"{output}\nthe tests fail as they are")
    return read(folder)


def passes(tests: list[str], seconds: float) -> bool:
    """Whether all tests pass; also where there is none."""
    return not tests or _run(*tests, timeout=30 + PATIENCE * seconds)[0] is TestOutcome.SURVIVED


def _run(*message: str, timeout: float | None) -> tuple[TestOutcome, str]:
    os.environ.update(environ())
    outcome, output = run_tests(shlex.join((sys.executable, "-m", "pytest", *LEAN, *message)), timeout)
    if outcome is TestOutcome.INCOMPETENT:
        raise SystemExit(output)
    return outcome, output
