"""`python -m modeldeck.sandbox.stack.supervisor --state DIR`: bring the sandbox's parts up side by side, keep them up, take them down.

It ends, and everything with it, when its standard input ends (whoever started it holds the other end of that pipe), or on SIGTERM,
SIGINT or SIGHUP. Killed outright, its reapers end the parts. Progress goes to progress.jsonl in the state folder, one JSON object a
line; the addresses to environment.json.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from modeldeck.domain.failures import Failure
from modeldeck.sandbox.common.files import read_json
from modeldeck.sandbox.common.progress import WHOLE, PartProgress, PartState, parse_line
from modeldeck.sandbox.common.state_dir import StateDir, StateDirOwner, take_lock, write_owner
from modeldeck.sandbox.control_plane import control_plane
from modeldeck.sandbox.deployments import manifests
from modeldeck.sandbox.deployments.deployer import Deployer
from modeldeck.sandbox.node.api import DynamicClient
from modeldeck.sandbox.processes.process import Program
from modeldeck.sandbox.prometheus import installed
from modeldeck.sandbox.stack.programs import Programs
from modeldeck.sandbox.stack.restarter import Restarter
from modeldeck.sandbox.traffic.__main__ import SERVICES

READY_SECONDS = 300.0
POLL_SECONDS = 0.25
TRAFFIC_SECONDS = 15.0
FLOWING = 'count(sum by (deployment) (rate(http_requests_total{handler="/invocations"}[20s])) > 0)'
"""How many deployments are requested, by the metrics."""
LOCK_PATIENCE = 15.0


class Reporter:
    """Writes progress to the file that everybody follows."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("w", encoding="utf-8", buffering=1)
        self._since: dict[str, float] = {WHOLE: time.monotonic()}

    def begin(self, part: str, message: str = "") -> None:
        self.restart(part)
        self.say(part, "starting", message)

    def restart(self, part: str) -> None:
        """Count the part's seconds from now on."""
        self._since[part] = time.monotonic()

    def say(self, part: str, state: PartState, message: str) -> None:
        seconds = time.monotonic() - self._since.setdefault(part, time.monotonic())
        self.pass_on(PartProgress(part, state, round(seconds, 2), message))

    def pass_on(self, event: PartProgress) -> None:
        self._file.write(event.line() + "\n")


class Supervisor:
    """The parts of one sandbox, and what they need from each other."""

    def __init__(self, state_dir: StateDir, lock: int, *, cluster: str, prometheus: str | None) -> None:
        self.state_dir = state_dir
        self.report = Reporter(state_dir.progress)
        self.stopped = asyncio.Event()
        self.trained = asyncio.Event()
        self.deployed = asyncio.Event()
        self.deployer = Deployer(state_dir)
        self.programs = Programs(state_dir, lock, cluster=cluster, prometheus=prometheus)
        self.mlflow = self.keep("MLflow", self.programs.mlflow, self.heard_registry)
        self.control = self.keep("cluster", self.programs.cluster)
        self.node = self.keep("pods", self.programs.node)
        self.metrics = self.keep("metrics", self.programs.metrics)
        self.traffic = self.keep("traffic", self.programs.traffic)

    def keep(self, part: str, make: Callable[[], Program], heard: Callable[[str], None] = lambda _: None) -> Restarter:
        """A restarter whose program's ends, and returns from them, are reported; its first start is `bring_up`'s to tell of."""
        ended_before = False

        def ended(message: str, was_ready: bool) -> None:
            nonlocal ended_before
            ended_before = ended_before or was_ready
            self.report.say(part, "ended" if was_ready else "failed", message)
            self.report.restart(part)

        def ready(said: str) -> None:
            if ended_before:
                self.report.say(part, "ready", said)

        return Restarter(make, heard, ended, ready)

    def heard_registry(self, line: str) -> None:
        if line.startswith("trained "):
            self.deployer.add(line.removeprefix("trained "))
            return
        event = parse_line(line)
        if event is None:
            return
        self.report.pass_on(event)
        if event.state == "ready":
            self.trained.set()

    # Coming up ------------------------------------------------------------------------------------------------------------------

    async def bring_up(self) -> None:
        """All parts, each as soon as what it needs is there; then the whole is ready."""
        self.report.begin(WHOLE)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.up("MLflow", self.mlflow))
            group.create_task(self.up_models())
            group.create_task(self.up("cluster", self.control))
            group.create_task(self.up("metrics", self.metrics))
            group.create_task(self.up_pods())
            group.create_task(self.up_traffic())
        self.report.say(WHOLE, "ready", str(self.state_dir.root))

    async def up(self, part: str, restarter: Restarter) -> None:
        self.report.begin(part)
        restarter.start()
        await restarter.ready.wait()
        self.report.say(part, "ready", restarter.said)

    async def up_models(self) -> None:
        kept = read_json(self.state_dir.mlflow / "seeded.json")
        if kept is not None:
            self.report.begin("models trained")
            self.report.say("models trained", "ready", f"{kept['message']}, kept")
            for model in manifests.MODELS:
                self.deployer.add(model)
            self.trained.set()
        await self.trained.wait()

    async def ask_prometheus(self) -> None:
        """A real Prometheus does not print that it is ready: ask it, also after each time that it was started again."""
        while True:
            url = str(self.programs.environment.get("PROMETHEUS_URL", ""))
            if not self.metrics.ready.is_set() and url and await installed.ready(url):
                self.metrics.mark_ready(url)
            await asyncio.sleep(POLL_SECONDS)

    async def up_pods(self) -> None:
        await self.control.ready.wait()
        self.report.begin("pods")
        self.deployer.forget_targets()
        self.node.start()
        api = DynamicClient(self.state_dir.kubeconfig)
        shown = ""
        try:
            while True:
                try:
                    message, complete = await self.deployer.step(api)
                except Failure as failure:
                    message, complete = str(failure), False
                if message != shown:
                    self.report.say("pods", "ready" if complete else "starting", message)
                    shown = message
                if complete:
                    self.deployed.set()
                    return
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await api.close()

    async def up_traffic(self) -> None:
        """Every deployment is requested, and that has reached the metrics: two scrapes that differ."""
        await self.node.ready.wait()
        self.report.begin("traffic")
        self.traffic.start()
        await self.metrics.ready.wait()
        deadline = float("inf")
        while True:
            flowing = int(await installed.number(str(self.programs.environment["PROMETHEUS_URL"]), FLOWING) or 0)
            if self.deployed.is_set():
                # One that was left broken in a kept state answers nobody: no reason not to come up.
                deadline = min(deadline, time.monotonic() + TRAFFIC_SECONDS)
            if flowing >= len(SERVICES) or (flowing and time.monotonic() > deadline):
                break
            await asyncio.sleep(POLL_SECONDS)
        self.report.say("traffic", "ready", f"to {flowing} deployments")

    # Running and going down -----------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until somebody ends it. Parts that end meanwhile are started again; the sandbox stays for as long as it is wanted."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopped.set)
        await watch_input(self.stopped)
        rising = asyncio.create_task(self.rise())
        asked = asyncio.create_task(self.stopped.wait())
        asking = [asyncio.create_task(self.ask_prometheus())] if self.programs.prometheus else []
        await asyncio.wait((rising, asked, *asking), return_when=asyncio.FIRST_COMPLETED)
        error = rising.exception() if rising.done() else None
        if error is None:
            await asked
        else:
            self.report.say(WHOLE, "failed", f"{type(error).__name__}: {error}")
        for task in (rising, asked, *asking):
            task.cancel()
        await asyncio.wait((rising, asked, *asking))
        await self.take_down()
        if error is not None:
            raise error
        return 0

    async def rise(self) -> None:
        """Bring everything up, however long it takes; say so when it takes too long for somebody who waits."""
        rising = asyncio.create_task(self.bring_up())
        try:
            _, late = await asyncio.wait((rising,), timeout=READY_SECONDS)
            if late:
                self.report.say(WHOLE, "failed", f"not everything is ready after {READY_SECONDS:g} s")
            await rising
        finally:
            rising.cancel()

    async def take_down(self) -> None:
        self.state_dir.environment.unlink(missing_ok=True)
        # Who asks first, then who is asked: nothing is reported as failed only because its backend went first.
        await asyncio.gather(self.traffic.stop(), self.metrics.stop(), self.node.stop())
        await asyncio.gather(self.mlflow.stop(), self.control.stop())
        self.report.say(WHOLE, "ended", "everything has been taken down")


async def watch_input(ended: asyncio.Event) -> None:
    """Set the event when standard input ends: then whoever started this is gone."""
    loop = asyncio.get_running_loop()

    class InputWatch(asyncio.Protocol):
        def connection_lost(self, _: Exception | None) -> None:
            ended.set()

    try:
        await loop.connect_read_pipe(InputWatch, sys.stdin)
    except ValueError:
        return  # a regular file or a device such as /dev/null, which is nobody's life line: signals have to do


def choose_prometheus(wanted: str) -> str | None:
    """The real Prometheus to use, None for the stand-in. Raises FileNotFoundError where only a real one will do."""
    found = None if wanted == "embedded" else installed.find()
    if wanted == "real" and found is None:
        raise FileNotFoundError("--metrics real needs prometheus on PATH (or MODELDECK_PROMETHEUS_BIN)")
    return found


def check_cluster(wanted: str) -> None:
    if wanted != "real":
        return
    missing = control_plane.missing()
    if missing:
        raise FileNotFoundError(f"--cluster real needs {', '.join(missing)} on PATH or in KUBEBUILDER_ASSETS")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m modeldeck.sandbox.stack.supervisor")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--cluster", choices=("simulator", "real"), default="simulator")
    parser.add_argument("--metrics", choices=("auto", "real", "embedded"), default="auto")
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    state_dir = StateDir(arguments.state.resolve())
    # A supervisor that was killed leaves the lock with its reapers for as long as they need to end its parts.
    lock = take_lock(state_dir, LOCK_PATIENCE)
    if isinstance(lock, StateDirOwner):
        print(f"{state_dir.root} is in use by {lock.message()}", file=sys.stderr)
        return 3
    write_owner(lock)
    if arguments.fresh:
        state_dir.empty()
    state_dir.create()
    for left in (*state_dir.logs.iterdir(), *state_dir.pids.iterdir()):
        left.unlink()
    try:
        check_cluster(arguments.cluster)
        binary = choose_prometheus(arguments.metrics)
    except FileNotFoundError as error:
        Reporter(state_dir.progress).say(WHOLE, "failed", str(error))
        return 2

    async def run() -> int:
        return await Supervisor(state_dir, lock, cluster=arguments.cluster, prometheus=binary).run()

    return asyncio.run(run())


if __name__ == "__main__":
    raise SystemExit(main())
