"""The folder in which a sandbox keeps its state: what lies where, who owns it, which ports it had."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modeldeck import private
from modeldeck.sandbox.common.files import read_json

NAMESPACE = "serving"


@dataclass(frozen=True, slots=True)
class StateDir:
    """Where each part of one sandbox keeps its files."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def kubeconfig(self) -> Path:
        return self.cluster / "admin.kubeconfig"

    @property
    def gate(self) -> Path:
        return self.root / "gate.toml"

    @property
    def node(self) -> Path:
        return self.root / "node"

    @property
    def proxy(self) -> Path:
        return self.node / "proxy.json"

    @property
    def targets(self) -> Path:
        return self.node / "targets.json"

    @property
    def faults(self) -> Path:
        return self.node / "faults.json"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def metrics(self) -> Path:
        return self.root / "metrics"

    @property
    def traffic(self) -> Path:
        return self.root / "traffic"

    @property
    def rows(self) -> Path:
        return self.traffic / "rows.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def environment(self) -> Path:
        return self.root / "environment.json"

    @property
    def pids(self) -> Path:
        """A folder with a file a part, which holds the process id of what runs it."""
        return self.root / "pids"

    @property
    def progress(self) -> Path:
        return self.root / "progress.jsonl"

    @property
    def supervisor_log(self) -> Path:
        return self.root / "supervisor.log"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def create(self) -> None:
        """Make the folders, for this user alone: kubeconfigs with credentials lie in them."""
        for folder in (self.root, self.cluster, self.node, self.mlflow, self.metrics, self.traffic, self.logs, self.pids):
            os.close(private.folder(folder))

    def empty(self) -> None:
        """Remove all state but the lock and the log that whoever calls this holds open."""
        for entry in self.root.iterdir():
            if entry in (self.lock, self.supervisor_log):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@dataclass(frozen=True, slots=True)
class StateDirOwner:
    """The supervisor that runs a state folder."""

    pid: int
    started_at: float
    user: str

    def alive(self) -> bool:
        """Whether it still runs. If not, its reapers hold the lock until they have ended its parts: seconds."""
        if self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def message(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.started_at))
        return f"process {self.pid} of {self.user}, since {since}"


def take_lock(state_dir: StateDir, patience: float = 0.0) -> int | StateDirOwner:
    """The lock's descriptor, or who holds it after `patience` seconds.

    The descriptor is handed down to the reapers, so the lock outlives a killed supervisor until the last of its parts is gone:
    no second sandbox ever meets the first one's remains.
    """
    state_dir.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state_dir.lock, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.1)
                continue
            os.close(descriptor)
            return read_owner(state_dir)
        return descriptor


def write_owner(descriptor: int) -> None:
    """Put down in the lock who holds it: this process."""
    text = json.dumps({"pid": os.getpid(), "started_at": time.time(), "user": user_name()})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def user_name() -> str:
    """The user's name; a number where the machine (a container, mostly) knows no name for it."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def read_owner(state_dir: StateDir) -> StateDirOwner:
    """Who wrote the lock last; process 0 where whoever holds it has not said yet who it is."""
    values = read_json(state_dir.lock)
    if values is None:
        return StateDirOwner(0, time.time(), "somebody")
    return StateDirOwner(int(str(values.get("pid", 0))), float(str(values.get("started_at", 0))), str(values.get("user", "")))


def running(state_dir: StateDir) -> StateDirOwner | None:
    """Who runs this state folder at this moment; None when nobody does."""
    try:
        descriptor = os.open(state_dir.lock, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_owner(state_dir)
    finally:
        os.close(descriptor)
    return None


def wait_until_free(state_dir: StateDir, seconds: float) -> bool:
    """Wait until nobody runs the state folder; False when somebody still does after these seconds."""
    until = time.monotonic() + seconds
    while running(state_dir) is not None:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def bind(preferred: int | None) -> socket.socket:
    """A loopback socket that does not listen yet: on the preferred port where that is free, else on one of the kernel's choice."""
    for port in (preferred, 0) if preferred else (0,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("the loopback interface has no free port")


BACKENDS = ("MLFLOW_TRACKING_URI", "KUBECONFIG", "PROMETHEUS_URL")


def exports(environment: Mapping[str, object]) -> dict[str, str]:
    """The part of environment.json that other programs read from their environment variables."""
    return {name: str(environment[name]) for name in (*BACKENDS, "MODELDECK_GATE") if name in environment}
