"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, one of each.

`python -m modeldeck.sandbox.control_plane.control_plane --state DIR` starts them, writes DIR/{admin,view,op}.kubeconfig, prints `ready https://127.0.0.1:PORT`
and supervises: when one component ends, or the process given by --parent, or on SIGTERM/SIGINT/SIGHUP, everything ends. The state in DIR
survives: certificates, tokens, ports (where they are still free) and etcd's data. No pods run: that is the node agent's part.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from modeldeck.sandbox.common import files
from modeldeck.sandbox.control_plane import components
from modeldeck.sandbox.processes.certificates import ensure
from modeldeck.sandbox.processes.parent_death import die_with_parent, parent_gone, prepare
from modeldeck.sandbox.processes.process import python

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
ASSETS = "KUBEBUILDER_ASSETS"
_RESOURCES = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
_NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-1", "labels": {"kubernetes.io/hostname": "node-1"}},
    "status": {
        "capacity": _RESOURCES,
        "allocatable": _RESOURCES,
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "no agent yet"}],
    },
}
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "serving"}}


class ControlPlaneError(RuntimeError):
    """The control plane did not come up, or one of its components ended; says which and its last words."""


class _PortTaken(ControlPlaneError):
    """Somebody else took a port between our choosing it and the component's binding it."""


def find(binary: str) -> Path | None:
    """Where a component's binary is: in the folder that KUBEBUILDER_ASSETS names, otherwise on PATH."""
    assets = os.environ.get(ASSETS)
    found = (shutil.which(binary, path=assets) if assets else None) or shutil.which(binary)
    return Path(found) if found else None


def missing() -> tuple[str, ...]:
    """The components whose binaries are neither in KUBEBUILDER_ASSETS nor on PATH."""
    return tuple(name for name in COMPONENTS if find(name) is None)


class ControlPlane:
    """A control plane that runs under a supervisor of its own; ends with this process, however this process ends."""

    def __init__(self, folder: Path, supervisor: subprocess.Popen[str], url: str) -> None:
        self.folder, self.url, self._supervisor = folder, url, supervisor

    def kubeconfig(self, user: str = "admin") -> Path:
        """The kubeconfig of `admin` (system:masters), `view` (user viewer) or `op` (user operator)."""
        return self.folder / f"{user}.kubeconfig"

    def stop(self) -> None:
        """End all components and wait for them."""
        self._supervisor.terminate()
        try:
            self._supervisor.wait(15)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()  # the components get the kernel's signal
            self._supervisor.wait()
        if self._supervisor.stdout:
            self._supervisor.stdout.close()


def start(folder: Path, assets: Path | None = None) -> ControlPlane:
    """Start a control plane with its state in `folder`, ready when this returns (about 5 s). Raises ControlPlaneError.

    `assets`: a folder of binaries to look into before KUBEBUILDER_ASSETS and PATH.
    """
    command = python("modeldeck.sandbox.control_plane.control_plane", "--state", str(folder), "--parent", str(os.getpid()))
    folder.mkdir(parents=True, exist_ok=True)
    folders = [str(each) for each in (assets, os.environ.get(ASSETS)) if each]
    environment = {**os.environ, **({ASSETS: os.pathsep.join(folders)} if folders else {})}
    with (folder / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,
        )
    line = supervisor.stdout.readline() if supervisor.stdout else ""
    if not line.startswith("ready "):
        supervisor.wait(15)
        raise ControlPlaneError(_tail(folder / "supervisor.log") or "the control plane's supervisor ended without a word")
    return ControlPlane(folder, supervisor, line.split()[1])


# -- the supervisor ---------------------------------------------------------------------------------------------------------------


class ControlPlaneSupervisor:
    """The components of one control plane, as children of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificates = ensure(folder / "certificates", "kube-apiserver")
        self.tokens = components.tokens(folder)
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self._ports: components.Ports | None = None

    async def up(self) -> str:
        """Start everything; the API server's address. A port that was taken meanwhile is not an error: others are chosen."""
        ports = components.remembered_ports(self.folder)
        for attempt in range(4):
            if ports is None:
                ports = components.free_ports()
            try:
                return await self._up_on(ports)
            except _PortTaken:
                await self.down()
                ports = None
                if attempt == 3:
                    raise
        raise AssertionError("unreachable")

    async def _up_on(self, ports: components.Ports) -> str:
        url = f"https://127.0.0.1:{ports.api}"
        await self._start("etcd", components.etcd(self.folder, self.certificates, ports))
        await self._start("kube-apiserver", components.api_server(self.folder, self.certificates, ports))
        await self._until_ready(url)
        for name, token in self.tokens.items():
            config = components.kubeconfig(name, url, token, self.certificates)
            files.write(self.folder / f"{name}.kubeconfig", config.encode())
        await self._start("kube-controller-manager", components.controller_manager(self.folder))
        await self._start("kube-scheduler", components.scheduler(self.folder))
        for path, body in (("/api/v1/namespaces", _NAMESPACE), ("/api/v1/nodes", _NODE)):
            await asyncio.to_thread(self._request, "POST", url + path, body)
        files.write_json(self.folder / "ports.json", vars(ports))
        self._ports = ports
        return url

    async def restart_api_server(self) -> None:
        """Kill the API server without warning and start it again; ready when this returns. What it knew is in etcd."""
        if self._ports is None:
            raise ControlPlaneError("kube-apiserver was never up")
        process = self.running["kube-apiserver"]
        process.kill()
        await process.wait()
        await self._start("kube-apiserver", components.api_server(self.folder, self.certificates, self._ports))
        await self._until_ready(f"https://127.0.0.1:{self._ports.api}")

    async def _start(self, name: str, arguments: Sequence[str]) -> None:
        binary = find(name)
        if binary is None:
            raise ControlPlaneError(f"{name} is neither in ${ASSETS} nor on PATH")
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                binary, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent
            )

    async def _until_ready(self, url: str) -> None:
        try:
            async with asyncio.timeout(60):
                while await asyncio.to_thread(self._request, "GET", url + "/readyz") != 200:
                    self._check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            message = _tail(self.folder / "kube-apiserver.log")
            raise ControlPlaneError(f"kube-apiserver is not ready after 60 s: {message}") from None

    def _request(self, method: str, url: str, body: object = None) -> int:
        """The status of one request as admin; 0 where nobody answers. 409 (exists already) is as good as 201 here."""
        headers = {"Authorization": f"Bearer {self.tokens['admin']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        context = ssl.create_default_context(cafile=self.certificates.authority)
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def _check(self) -> None:
        for name, process in self.running.items():
            if process.returncode is not None:
                message = _tail(self.folder / f"{name}.log")
                kind = _PortTaken if "address already in use" in message else ControlPlaneError
                raise kind(f"{name} ended with {process.returncode}: {message}")

    async def until_one_ends(self) -> None:
        """Return never; raise ControlPlaneError when a component ends."""
        waits = [asyncio.ensure_future(process.wait()) for process in self.running.values()]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._check()

    async def down(self) -> None:
        """End the components, those that write to etcd before etcd."""
        for name in reversed(COMPONENTS):
            process = self.running.pop(name, None)
            if process is None or process.returncode is not None:
                continue
            process.terminate()
            try:
                # The API server waits for open watches when it is asked politely: nobody here needs that.
                async with asyncio.timeout(5 if name == "etcd" else 1):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _tail(log: Path, size: int = 600) -> str:
    return log.read_text(errors="replace")[-size:].strip()


async def _supervise(folder: Path, parent: int | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = ControlPlaneSupervisor(folder)

    async def work() -> None:
        print("ready", await supervisor.up(), flush=True)
        await supervisor.until_one_ends()

    ends = [asyncio.ensure_future(each) for each in (work(), stop.wait(), parent_gone(parent))]
    try:
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        failed = ends[0] in done and ends[0].exception()
        print(failed or "", end="", file=sys.stderr)
        return 1 if failed else 0
    finally:
        for each in ends:
            each.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        await supervisor.down()


def main() -> int:
    """The supervisor's command line."""
    parser = argparse.ArgumentParser(
        prog="python -m modeldeck.sandbox.control_plane.control_plane", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for everything that is kept")
    parser.add_argument("--parent", type=int, help="process id to end with")
    given = parser.parse_args()
    given.state.mkdir(parents=True, exist_ok=True)
    prepare()
    return asyncio.run(_supervise(given.state.resolve(), given.parent))


if __name__ == "__main__":
    sys.exit(main())
