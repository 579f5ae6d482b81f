"""One run of all tests under coverage tells which lines each of them runs. Also a plugin of pytest, for that run."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import coverage
import pytest

from tests.mutation.reach import Reach, function_of

DATA, SECONDS = "coverage.db", "seconds.json"


def read(folder: Path) -> Reach:
    """What a run in that folder left."""
    data = coverage.CoverageData(str(folder / DATA))
    data.read()
    lines = {
        str(Path(name).relative_to(folder)): {
            line: {function_of(context) for context in contexts if context} for line, contexts in data.contexts_by_lineno(name).items()
        }
        for name in data.measured_files()
    }
    return Reach(json.loads((folder / SECONDS).read_text()), lines)


class Watch:
    """A plugin of pytest: keeps which lines each test runs, and how many seconds of the processor it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seconds, self.began = folder, dict[str, float](), 0.0
        self.coverage = coverage.Coverage(data_file=str(folder / DATA), source=[str(folder / "tui" / "modeldeck")], config_file=False)
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        _forget()
        self.began = time.process_time()
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        test = function_of(nodeid)
        self.seconds[test] = self.seconds.get(test, 0.0) + time.process_time() - self.began

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        (self.folder / SECONDS).write_text(json.dumps(self.seconds))


def _forget() -> None:
    """What is remembered from one test to the next would hide lines that the next one rests on."""
    ours = [module for name, module in sys.modules.items() if name.startswith("modeldeck.")]
    for value in (value for module in ours for value in vars(module).values() if hasattr(value, "cache_clear")):
        value.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(Path.cwd()))
