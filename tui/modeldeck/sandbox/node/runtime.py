"""The container runtime: model server processes, forked on demand from one preloaded zygote."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modeldeck.sandbox.processes.parent_death import die_with_parent, prepare
from modeldeck.sandbox.processes.process import python

_LOG = logging.getLogger(__name__)
_LOST = 137  # the exit code of containers whose zygote was killed: they got SIGKILL with it


@dataclass(frozen=True)
class ContainerConfig:
    """What a container runs: its variables and arguments, a folder of its own, and where fault switches for its deployment are."""

    environment: Mapping[str, str]
    arguments: Sequence[str]
    folder: Path
    faults: Path | None
    deployment: str


@dataclass
class ContainerProcess:
    """A container's process. `port` resolves when it was forked, `ended` with its exit code (128 + signal when killed by one)."""

    identity: str
    port: asyncio.Future[int]
    ended: asyncio.Future[int]
    runtime: Runtime

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended already."""
        self.runtime.tell({"op": "signal", "id": self.identity, "signal": number})


@dataclass
class Runtime:
    """Owns the zygote; restarts it when it dies (its children die with it, and their containers are restarted as usual)."""

    environment: Mapping[str, str]
    log: Path
    processes: dict[str, ContainerProcess] = field(default_factory=dict)
    _control: socket.socket | None = None
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _number: int = 0

    async def run(self) -> None:
        """Keep a zygote running until cancelled."""
        prepare()
        while True:
            await self._one_zygote()
            _LOG.error("the model server zygote ended; starting another")
            await asyncio.sleep(1)

    async def start(self, config: ContainerConfig, output: int) -> ContainerProcess:
        """Fork a model server that writes to `output`, a file descriptor that is closed here. While the zygote loads, it waits its turn."""
        await self._connected.wait()
        loop = asyncio.get_running_loop()
        self._number += 1
        process = ContainerProcess(f"c{self._number}", loop.create_future(), loop.create_future(), self)
        self.processes[process.identity] = process
        message = {
            "op": "start",
            "id": process.identity,
            "environment": dict(config.environment),
            "arguments": list(config.arguments),
            "folder": str(config.folder),
            "faults": str(config.faults) if config.faults else None,
            "deployment": config.deployment,
        }
        self.tell(message, output)
        os.close(output)
        return process

    def tell(self, message: Mapping[str, object], *descriptors: int) -> None:
        """Send one line to the zygote; where there is none, a container that should start has ended."""
        try:
            if self._control is None:
                raise BrokenPipeError
            socket.send_fds(self._control, [json.dumps(message).encode() + b"\n"], list(descriptors))
        except OSError:
            self._ended(str(message["id"]), _LOST)

    async def _one_zygote(self) -> None:
        ours, theirs = socket.socketpair()
        zygote = self._spawn(theirs)
        theirs.close()
        self._control = ours.dup()
        self._control.settimeout(5)
        self._connected.set()
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            while line := await reader.readline():
                self._heard(json.loads(line))
        finally:
            self._connected.clear()
            control, self._control = self._control, None
            control.close()
            writer.close()
            zygote.kill()
            zygote.wait()
            for process in list(self.processes.values()):
                self._ended(process.identity, _LOST)

    def _spawn(self, control: socket.socket) -> subprocess.Popen[bytes]:
        # The agent's main thread calls this, and lives as long as the agent: the kernel's signal is tied to the thread.
        with self.log.open("ab") as log:
            return subprocess.Popen(
                python("modeldeck.sandbox.model_server.zygote", str(control.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[control.fileno()],
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def _heard(self, message: Mapping[str, object]) -> None:
        process = self.processes.get(str(message.get("id")))
        if process is None:
            return
        if message["event"] == "started" and not process.port.done():
            process.port.set_result(int(str(message["port"])))
        elif message["event"] == "ended":
            self._ended(process.identity, int(str(message["code"])))

    def _ended(self, identity: str, code: int) -> None:
        process = self.processes.pop(identity, None)
        if process is None:
            return
        if not process.port.done():
            process.port.set_result(0)
        process.ended.set_result(code)


async def end(process: ContainerProcess, grace: float) -> int:
    """SIGTERM, and SIGKILL after `grace` seconds; the exit code."""
    process.signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(grace):
            return await asyncio.shield(process.ended)
    except TimeoutError:
        process.signal(signal.SIGKILL)
        return await process.ended
