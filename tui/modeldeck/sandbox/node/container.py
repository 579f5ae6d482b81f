"""The life of one container of a pod: pull, start, probe, end, back off, start again."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from modeldeck.sandbox.node import spec
from modeldeck.sandbox.node.api import Object
from modeldeck.sandbox.node.events import Recorder, now
from modeldeck.sandbox.node.logs import ContainerLog
from modeldeck.sandbox.node.probing import probe
from modeldeck.sandbox.node.runtime import ContainerConfig, ContainerProcess, Runtime, end
from modeldeck.sandbox.node.state import ContainerRunning, ContainerTerminated, ContainerWaiting, ReportedContainer, earlier_life

_HEALTHY_SECONDS = 60.0  # a container that ran this long starts its back-off anew
_STARTING_PERIOD = 0.05  # seconds between the probes of a container that has not answered yet


@dataclass(frozen=True)
class RestartBackoff:
    """Delays between attempts, in seconds: the kubelet's doubling, but livelier (10 s to 300 s there)."""

    base: float = 1.0
    most: float = 30.0

    def after(self, failures: int) -> float:
        """The delay after so many failures in a row; the first restart is at once, as the kubelet's is."""
        return 0.0 if failures <= 1 else min(self.base * 2.0 ** min(failures - 2, 16), self.most)


@dataclass(frozen=True)
class Node:
    """What containers share: the runtime, the events' recorder, folders, delays."""

    runtime: Runtime
    recorder: Recorder
    folder: Path
    faults: Path
    backoff: RestartBackoff


@dataclass
class ContainerLife:
    """Runs one container until its task is cancelled; `status` is always current, `report` is called when it changed."""

    node: Node
    pod: Object
    name: str
    report: Callable[[], None]
    status: ReportedContainer = field(init=False)
    port: int = 0  # 0: not running
    log: ContainerLog | None = None
    previous_log: ContainerLog | None = None
    _process: ContainerProcess | None = None
    _failures: int = 0

    def __post_init__(self) -> None:
        self.status = earlier_life(self.pod, self.name, self._spec()["image"], now())

    async def run(self) -> None:
        """Start and restart as the pod's restartPolicy says; returns when there is nothing left to restart."""
        policy = self.pod["spec"].get("restartPolicy", "Always")
        while True:
            await self._pull()
            ended = await self._live()
            if policy == "Never" or (policy == "OnFailure" and ended.exit_code == 0):
                return
            await self._back_off(ended)
            self._set(restarts=self.status.restarts + 1)

    async def stop(self, grace: float) -> None:
        """End the process: SIGTERM, SIGKILL after `grace` seconds. To be called once `run` was cancelled."""
        if self._process is None:
            return
        self._say("Normal", "Killing", f"Stopping container {self.name}")
        started = self.status.state.started_at if isinstance(self.status.state, ContainerRunning) else now()
        code = await end(self._process, grace)
        self._set(state=await self._terminated(code, started), ready=False)

    # -- phases

    async def _pull(self) -> None:
        """Wait until the image is one that this node has: the image of a pod's container may be changed in place."""
        attempt = 0
        while not spec.can_run(image := self._spec()["image"]):
            attempt += 1
            self._say("Normal", "Pulling", f'Pulling image "{image}"')
            message = f'failed to pull and unpack image "{image}": not found: this node only has {spec.IMAGE}'
            self._say("Warning", "Failed", f'Failed to pull image "{image}": {message}')
            self._say("Warning", "Failed", "Error: ErrImagePull")
            self._set(state=ContainerWaiting("ErrImagePull", message), image=image)
            await asyncio.sleep(self.node.backoff.base)
            self._say("Normal", "BackOff", f'Back-off pulling image "{image}"')
            self._say("Warning", "Failed", "Error: ImagePullBackOff")
            self._set(state=ContainerWaiting("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {message}'))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.node.backoff.after(attempt + 2)):
                    while self._spec()["image"] == image:  # noqa: ASYNC110 - the pod may be replaced by a newer copy meanwhile
                        await asyncio.sleep(0.2)
        if self.status.image != image or attempt:
            self._set(image=image, state=ContainerWaiting("ContainerCreating"))
        self._say("Normal", "Pulled", f'Container image "{image}" already present on machine')

    async def _live(self) -> ContainerTerminated:
        """One life, from start to end."""
        while True:
            try:
                process = await self._start()
                break
            except spec.BadConfiguration as error:
                self._set(state=ContainerWaiting("CreateContainerConfigError", str(error)))
                self._say("Warning", "Failed", f"Error: {error}")
                await asyncio.sleep(self.node.backoff.most)
        started = now()
        self._process = process
        self.port = await process.port
        self._set(state=ContainerRunning(started), container_id=f"modeldeck://{uuid.uuid4().hex}")
        self._say("Normal", "Created", f"Container created: {self.name}")
        self._say("Normal", "Started", "Container started")
        begun = asyncio.get_running_loop().time()
        probes = [asyncio.create_task(self._probe_readiness()), asyncio.create_task(self._probe_liveness(process))]
        try:
            code = await asyncio.shield(process.ended)
        finally:
            for task in probes:
                task.cancel()
        ended = await self._terminated(code, started)
        healthy = asyncio.get_running_loop().time() - begun >= _HEALTHY_SECONDS
        self._failures = 1 if healthy else self._failures + 1
        self._set(state=ended, ready=False)
        return ended

    async def _start(self) -> ContainerProcess:
        container = self._spec()
        variables = spec.environment(self.pod, container)
        folder = self._folder()
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        (folder / "termination-log").unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        log = ContainerLog(folder / f"{self.status.restarts}.log")
        config = ContainerConfig(variables, spec.arguments(container, variables), folder, self.node.faults, spec.deployment(self.pod))
        self._rotate(log)
        return await self.node.runtime.start(config, await log.open_pipe())

    async def _back_off(self, ended: ContainerTerminated) -> None:
        """The kubelet's CrashLoopBackOff; the first restart is immediate."""
        delay = self.node.backoff.after(self._failures)
        if delay == 0:
            self._set(last=ended)
            return
        where = f"{self.name} in pod {self._pod_words()}"
        self._say("Warning", "BackOff", f"Back-off restarting failed container {where}")
        message = f"back-off {delay:g}s restarting failed container={self.name} pod={self._pod_words()}"
        self._set(state=ContainerWaiting("CrashLoopBackOff", message), last=ended)
        await asyncio.sleep(delay)

    async def _terminated(self, code: int, started: str) -> ContainerTerminated:
        self._process, self.port = None, 0
        if self.log is not None:
            with contextlib.suppress(TimeoutError):  # a grandchild may hold the pipe open
                async with asyncio.timeout(1):  # Python 3.11's wait_for swallows a cancellation that comes as the log ends
                    await self.log.until_ended()
        reason = "Completed" if code == 0 else "Error"
        return ContainerTerminated(code, reason, self._last_words(code), started, now(), self.status.container_id)

    def _last_words(self, code: int) -> str:
        """The termination message: what the container left in its file, or the log's end where the spec asks for that."""
        with contextlib.suppress(FileNotFoundError):
            return (self._folder() / "termination-log").read_text(errors="replace").strip()
        wants_log = self._spec().get("terminationMessagePolicy") == "FallbackToLogsOnError"
        return self.log.tail(80, 2048) if code and wants_log and self.log else ""

    # -- probes

    async def _probe_readiness(self) -> None:
        wanted = spec.readiness(self._spec())
        await asyncio.sleep(wanted.delay)
        answered, good, bad, quiet_until = False, 0, 0, asyncio.get_running_loop().time() + wanted.period
        while True:
            failure = await self._ask(wanted)
            answered = answered or failure is None
            good, bad = (good + 1, 0) if failure is None else (0, bad + 1)
            if failure is None and good >= wanted.successes:
                self._set(ready=True)
            elif failure is not None and bad >= (wanted.failures if self.status.ready else 1):
                self._set(ready=False)
            # While it starts it is asked often, so that it serves as soon as it can; that does not count as unhealthy.
            if failure is not None and asyncio.get_running_loop().time() >= quiet_until:
                self._say("Warning", "Unhealthy", f"Readiness probe failed: {failure}")
                quiet_until = asyncio.get_running_loop().time() + wanted.period
            await asyncio.sleep(wanted.period if answered else min(_STARTING_PERIOD, wanted.period))

    async def _probe_liveness(self, process: ContainerProcess) -> None:
        wanted = spec.liveness(self._spec())
        if wanted is None:
            return
        await asyncio.sleep(wanted.delay)
        bad = 0
        while bad < wanted.failures:
            await asyncio.sleep(wanted.period)
            failure = await self._ask(wanted)
            bad = 0 if failure is None else bad + 1
            if failure is not None:
                self._say("Warning", "Unhealthy", f"Liveness probe failed: {failure}")
        self._say("Normal", "Killing", f"Container {self.name} failed liveness probe, will be restarted")
        self._set(ready=False)
        process.signal(signal.SIGTERM)
        await asyncio.sleep(float(self.pod["spec"].get("terminationGracePeriodSeconds") or 30))
        process.signal(signal.SIGKILL)

    async def _ask(self, asked: spec.Probe) -> str | None:
        return await probe(self.port, asked.path, asked.timeout)

    # -- helpers

    def _set(self, **changes: object) -> None:
        changed = dataclasses.replace(self.status, **changes)  # type: ignore[arg-type]  # names are those of ReportedContainer
        if changed != self.status:
            self.status = changed
            self.report()

    def _rotate(self, log: ContainerLog) -> None:
        """Keep this life's log and the one before, as the kubelet does."""
        if self.previous_log is not None:
            for path in (self.previous_log.path, self.previous_log.rotated):
                path.unlink(missing_ok=True)
        self.previous_log, self.log = self.log, log

    def _spec(self) -> Object:
        found: Object = next(each for each in self.pod["spec"]["containers"] if each["name"] == self.name)
        return found

    def _folder(self) -> Path:
        return self.node.folder / str(self.pod["metadata"]["uid"]) / self.name

    def _pod_words(self) -> str:
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"

    def _say(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self.node.recorder.say(self.pod, self.name, kind, reason, message)
