"""`python -m tests.crash [--cluster simulator|real] [--only WORDS] [--jobs N] [--sample N] [--minutes N] [--seed N]`: runs the matrix,
prints its table."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from modeldeck.sandbox.processes.process import PACKAGES
from tests.conformance.node.conftest import Registry
from tests.conformance.registry_server import registry_server
from tests.crash.cases import SCENARIOS, Case, cases, drawn, dry
from tests.crash.crash import Told, crash
from tests.crash.disk import allowed
from tests.crash.faults import Deed
from tests.crash.ground import Ground, ground, missing
from tests.crash.report import sign, summary, table

_REQUIRED = "MODELDECK_CONFORMANCE_REQUIRED"
_CLOCK = Path(__file__).parent / "clock"


class Matrix:
    """Runs cases on one ground, each told as it ends. `seconds`: cases beyond `sure` that have not begun by then are left out."""

    def __init__(self, on: Ground, clocks: Path, seconds: float) -> None:
        self._on, self._clocks, self._number, self._seconds = on, clocks, 0, seconds
        self.began = time.monotonic()
        self.sure: frozenset[Case] = frozenset()
        """What has to be run, however long it takes."""

    def _left_out(self, case: Case) -> bool:
        return case not in self.sure and time.monotonic() - self.began > self._seconds

    async def run_all(self, chosen: Sequence[Case], jobs: int) -> list[Told]:
        """The rough ones first, as they disturb all others."""
        rough = [case for case in chosen if case.fault.deed is Deed.RESTART]
        calm = [case for case in chosen if case.fault.deed is not Deed.RESTART]
        return [*await self.run_together(rough, jobs), *await self.run(calm, jobs)]

    async def run(self, chosen: Sequence[Case], jobs: int) -> list[Told]:
        room = asyncio.Semaphore(jobs)

        async def one(case: Case) -> Told | None:
            async with room:
                return None if self._left_out(case) else await self._one(case, None)

        return [told for told in await asyncio.gather(*(one(case) for case in chosen)) if told is not None]

    async def run_together(self, chosen: Sequence[Case], jobs: int) -> list[Told]:
        """What befalls one of them befalls all."""
        told: list[Told] = []
        for first in range(0, len(chosen), jobs):
            batch = [case for case in chosen[first : first + jobs] if not self._left_out(case)]
            if not batch:
                break
            together = asyncio.Barrier(len(batch))
            told += await asyncio.gather(*(self._one(case, together) for case in batch))
        return told

    async def _one(self, case: Case, together: asyncio.Barrier | None) -> Told:
        self._number += 1
        told = await crash(case, self._number, self._on, self._clocks, together)
        message = f"  {'; '.join(told.wrong)}" if told.wrong else ""
        print(f"{time.monotonic() - self.began:6.1f} s  {sign(told)}  {told.seconds:5.1f} s  {case.name}{message}", flush=True)
        return told


async def _matrix(options: argparse.Namespace, folder: Path, registry: Registry, mlflow: str) -> int:
    began = time.monotonic()
    clocks = folder / "clocks"
    clocks.mkdir()
    os.environ["MODELDECK_CRASH_CLOCKS"] = str(clocks)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(_CLOCK), str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    fillable = allowed(folder / "trial")
    if not fillable:
        print("no full disks: this user may not mount a small one")
        if os.environ.get(_REQUIRED) == "1":
            return 1
    async with ground(options.cluster, folder / "ground", registry, mlflow) as on:
        print(f"everything is up after {time.monotonic() - began:.1f} s", flush=True)
        matrix = Matrix(on, clocks, options.minutes * 60)
        recorded = await matrix.run([dry(scenario) for scenario in SCENARIOS], options.jobs)
        everything = [case for one in recorded for case in cases(one.case.scenario, one.recorded)]
        chosen = [case for case in everything if options.only in case.name and (fillable or case.fault.deed is not Deed.FILL)]
        if options.list:
            print("\n".join(case.name for case in chosen), f"\n{len(chosen)} cases")
            return 0
        first, others = drawn(chosen, options.seed)
        first = first[: options.sample or None]
        others = others[: max(0, options.sample - len(first)) if options.sample else None]
        matrix.sure = frozenset(first)
        print(f"{len(first)} cases of as many kinds, and as many as there is time for of {len(others)} others; --seed {options.seed}")
        ended = [one for part in (first, others) for one in await matrix.run_all(part, options.jobs)]
        told = [*recorded, *sorted(ended, key=lambda one: chosen.index(one.case))]
        print()
        for line in (*table(told), "", *summary(told, time.monotonic() - began, left_out=len(chosen) - len(ended))):
            print(line)
    return 0 if all(one.good for one in told) else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--cluster", choices=("simulator", "real"), default="simulator")
    parser.add_argument("--only", default="", help="cases whose name holds these words")
    parser.add_argument("--sample", type=int, default=0, help="only so many of them, of different kinds first")
    parser.add_argument("--minutes", type=float, default=math.inf, help="after so long begin no case of a kind that was seen")
    parser.add_argument("--seed", type=int, default=0, help="which of them come first: the same ones each time")
    parser.add_argument("--jobs", type=int, default=12, help="cases at the same time")
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--keep", type=Path, help="folder for everything, kept")
    options = parser.parse_args()
    message = missing(options.cluster)
    if message is not None:
        print(f"skipped: {message}")
        return 1 if os.environ.get(_REQUIRED) == "1" else 0
    with tempfile.TemporaryDirectory(prefix="modeldeck-crash-", ignore_cleanup_errors=True) as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with registry_server(folder / "registry") as (registry, mlflow):
            return asyncio.run(_matrix(options, folder, registry, mlflow))


if __name__ == "__main__":
    sys.exit(main())
