"""Which fast tests have to do with what is changed against a commit: those that changed themselves, that are named after a changed module,
or that import one."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable
from pathlib import Path

from checks.run import Run
from checks.steps import environment

SOURCES = "tui"
"""The folder of the import packages."""
SLOW = ("tests/conformance", "tests/crash", "tests/bench")
ALWAYS = ("tests/architecture",)
"""What may break whatever is changed."""
SECONDS = 40
"""After which no further test is begun."""


def tests_of_changes(run: Run) -> None:
    """Run them, those that have most to do with the change first, as long as there is time for a quick look."""
    found = select(changed_files(), Path("tests").rglob("test_*.py"))
    run.say(f"tests of what has changed: {' '.join(found)}")
    run.pytest(environment(run) / "python", "-n", "2", "-x", "--seconds", str(SECONDS), *found)


def changed_files(base: str = "HEAD") -> list[str]:
    """Paths that differ from a commit, and those that git does not track yet; of the newest commit where nothing does."""
    asked = (["diff", "--name-only", base], ["ls-files", "--others", "--exclude-standard"])
    found = [line for message in asked for line in _git(*message)]
    return found or _git("diff", "--name-only", "HEAD~1", "HEAD")


def _git(*message: str) -> list[str]:
    done = subprocess.run(["git", *message], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def select(changed: Iterable[str], tests: Iterable[Path]) -> list[str]:
    """The paths of tests, of `tests`, that have to do with the changed paths; the closest first."""
    paths = [Path(each) for each in changed if each.endswith(".py")]
    modules = {".".join(path.with_suffix("").parts).removeprefix(f"{SOURCES}.").removesuffix(".__init__") for path in paths}
    named = {mirrored(path) for path in paths if path.parts[0] != "tests"}
    fast = sorted(test for test in tests if not str(test).startswith(SLOW))
    itself = [test for test in fast if test in paths or test in named]
    always = [test for test in fast if str(test).startswith(ALWAYS)]
    importing = [test for test in fast if modules & _imported(test)]
    return list(dict.fromkeys(map(str, (*itself, *always, *importing))))


def mirrored(path: Path) -> Path:
    """The console's tests stand at the top of tests/, those of other packages in folders of their own."""
    folders = path.parts[1:-1]
    return Path("tests", *(folders[1:] if folders[:1] == ("modeldeck",) else folders), f"test_{path.stem}.py")


def _imported(test: Path) -> set[str]:
    """Modules that a file imports, also inside of functions; of `from a import b`, both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(test.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return found
