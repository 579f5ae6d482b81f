"""`python -m tests.mutation [--sample N] [--seed N] [MODULE ...]`: does a test notice when the code is another?

Draws random changes of the rules and the operations, makes each in a copy of the tree, and runs the tests that reach the changed line. What
no test notices is told with its place, or with the reason for which it does no harm (harmless.toml).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.harmless import Change, Harmless, harmless, reason
from tests.mutation.mutants import Mutant, draw
from tests.mutation.reach import Reach
from tests.mutation.running import passes, watched

FLOORS = {"tui/modeldeck/domain": "tests/domain", "tui/modeldeck/operations": "tests/operations"}
"""What is changed, and the tests that are to notice."""


@dataclass(frozen=True)
class Tried:
    mutant: Mutant
    change: Change
    survived: bool
    reason: str

    def __str__(self) -> str:
        told = "killed" if not self.survived else f"harmless: {self.reason}" if self.reason else "SURVIVED"
        return f"{self.mutant.module}:{self.mutant.position[0]} {self.mutant.function or 'module'}: {self.change.message} · {told}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=150, metavar="N", help="so many changes (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="draws the same ones again")
    parser.add_argument(
        "modules", nargs="*", type=Path, default=[Path(floor) for floor in FLOORS], metavar="MODULE", help="files or folders"
    )
    return parser.parse_args()


def copied(folder: Path) -> None:
    """What git knows of the tree, so that nothing is changed in place."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in filter(os.path.isfile, filter(None, listed.stdout.split("\0"))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, folder / name)


def files(modules: Iterable[Path]) -> list[Path]:
    return sorted({file for module in modules for file in ([module] if module.is_file() else module.rglob("*.py"))})


def attempt(mutant: Mutant, reach: Reach, known: list[Harmless]) -> Tried:
    """Change the file in the copy, run the tests that reach it, change it back."""
    path = Path(mutant.module)
    source = path.read_text()
    changed, change = mutant.apply(source)
    tests = reach.tests(mutant.module, source, mutant.position[0])
    path.write_text(changed)
    try:
        survived = passes(tests, reach.cost(tests))
    finally:
        path.write_text(source)
    return Tried(mutant, change, survived, reason(change, known))


def table(tried: list[Tried], seed: int) -> str:
    modules = sorted({each.mutant.module for each in tried})
    width = max(map(len, modules), default=0)
    lines = [f"{'module':{width}}  mutants  killed  harmless  survived"]
    for module in (*modules, ""):
        of = [each for each in tried if module in ("", each.mutant.module)]
        survivors = [each for each in of if each.survived]
        explained = sum(bool(each.reason) for each in survivors)
        counts = f"{len(of):7}  {len(of) - len(survivors):6}  {explained:8}  {len(survivors) - explained:8}"
        lines.append(f"{module or 'together':{width}}  {counts}")
    lines += [str(each) for each in tried if each.survived]
    noticed = sum(not each.survived or bool(each.reason) for each in tried)
    return "\n".join([*lines, f"{noticed / max(1, len(tried)):.1%} killed or harmless · --seed {seed}"])


def main() -> int:
    given = arguments()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    floors = [tests for floor, tests in FLOORS.items() if any(str(file).startswith(f"{floor}/") for file in files(given.modules))]
    with tempfile.TemporaryDirectory(prefix="modeldeck-mutation-") as folder:
        copied(Path(folder))
        with contextlib.chdir(folder):
            print(f"which tests of {' and '.join(floors)} reach which line …", flush=True)
            reach = watched(Path(folder), floors)
            known, tried = harmless(), list[Tried]()
            for mutant in draw(files(given.modules), given.sample, seed):
                tried.append(attempt(mutant, reach, known))
                print(tried[-1], flush=True)
    print(f"\n{table(tried, seed)}")
    return int(any(each.survived and not each.reason for each in tried))


if __name__ == "__main__":
    sys.exit(main())
