"""The two clusters that every case runs against, and kubectl to look at them with: the tool whose answers operators compare ours with."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from modeldeck.sandbox.processes.parent_death import die_with_parent, prepare
from modeldeck.sandbox.processes.process import python
from tests.conformance.controlplane import launch

REQUIRED = "MODELDECK_CONFORMANCE_REQUIRED"
NAMES = ("simulator", "real")


def skip(reason: str) -> NoReturn:
    """Skip, unless nothing may be skipped (CI sets MODELDECK_CONFORMANCE_REQUIRED=1): then fail with the same words."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Cluster:
    """A running cluster: `name` is simulator or real; `folder` holds {admin,view,op}.kubeconfig (namespace serving)."""

    name: str
    folder: Path

    def kubeconfig(self, user: str = "admin") -> Path:
        """The kubeconfig of admin, view or op."""
        return self.folder / f"{user}.kubeconfig"

    def command(self, *arguments: str, user: str = "admin") -> list[str]:
        """A kubectl command line."""
        kubectl = launch.binary("kubectl")
        if kubectl is None:
            skip("no kubectl on PATH, and none built by tests/conformance/controlplane/build.py")
        return [str(kubectl), f"--kubeconfig={self.kubeconfig(user)}", *arguments]

    def kubectl(self, *arguments: str, user: str = "admin", given: str | None = None) -> str:
        """Run kubectl; its standard output. Raises CalledProcessError with what it said."""
        done = subprocess.run(self.command(*arguments, user=user), input=given, capture_output=True, text=True, timeout=200)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, " ".join(arguments), done.stdout, done.stderr)
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """`kubectl get … -o json`, decoded."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *documents: dict[str, Any]) -> None:
        """`kubectl apply` of some objects."""
        self.kubectl("apply", "-f", "-", given="\n---\n".join(map(json.dumps, documents)))


def until(what: str, condition: Callable[[], Any], seconds: float = 60) -> Any:
    """The first truthy answer of `condition`, asked again and again; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)


@contextlib.contextmanager
def process(command: Sequence[str], log: Path) -> Iterator[str]:
    """Run a part of the sandbox until the block ends; what it printed after `ready`. Ends with this process, however that ends."""
    prepare()
    with log.open("wb") as errors:
        part = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, preexec_fn=die_with_parent)
    try:
        assert part.stdout
        line = part.stdout.readline()
        assert line.startswith("ready"), f"{' '.join(command[1:4])}: {log.read_text()[-2000:]}"
        yield line.removeprefix("ready").strip()
    finally:
        part.terminate()
        try:
            part.wait(20)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()
        assert part.stdout
        part.stdout.close()


@contextlib.contextmanager
def running(name: str, folder: Path) -> Iterator[Cluster]:
    """Bring a cluster up, ready; skips the case in words where the real one cannot be."""
    if name == "real":
        if message := launch.missing():
            skip(message)
        control_plane = launch.start(folder)
        try:
            yield Cluster(name, folder)
        finally:
            control_plane.stop()
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with process(python("kubesim", "--state", str(folder)), folder / "simulator.log"):
            yield Cluster(name, folder)
