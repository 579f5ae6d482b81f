"""The process that model servers are forked from: it has imported everything once, so that a fork needs only to load its model.

`python -m modeldeck.sandbox.model_server.zygote FD` where FD is one end of a Unix stream socket. Lines of JSON, in:
    {"op": "start", "id", "environment", "arguments", "folder", "faults", "deployment"}   + one file descriptor: its output
    {"op": "signal", "id", "signal"}
and out:
    {"event": "up"}   {"event": "started", "id", "port"}   {"event": "ended", "id", "code"}   code: exit code, or 128 + signal
The process is single-threaded, which is what makes fork safe. When the other end of the socket closes, everything ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from modeldeck.sandbox.processes.parent_death import die_with_parent, prepare

SETTINGS = {
    # Threads of native libraries would be lost in the fork; they are told to have none. One core a model is plenty here.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # By default MLflow's client tries for minutes: a pod that cannot reach its registry should say so, and be restarted.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass
class _Zygote:
    control: socket.socket
    wakeup: int
    pids: dict[int, str] = field(default_factory=dict)  # pid -> container id
    received: bytes = b""
    descriptors: list[int] = field(default_factory=list)  # outputs that came along, in the order of their start lines

    def serve(self) -> None:
        """Handle requests and ended children until the other end closes."""
        self.tell({"event": "up"})
        while True:
            readable, _, _ = select.select([self.control.fileno(), self.wakeup], [], [])
            if self.wakeup in readable:
                os.read(self.wakeup, 4096)
                self.reap()
            if self.control.fileno() in readable and not self.receive():
                return

    def tell(self, message: dict[str, Any]) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self.control, 65536, 32)
        self.descriptors += descriptors
        *lines, self.received = (self.received + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["op"] == "start":
                self.start(message)
            else:
                self.kill(message["id"], message["signal"])
        return bool(data)

    def start(self, message: dict[str, Any]) -> None:
        output = self.descriptors.pop(0)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))  # the child listens once its model is loaded; until then connections are refused
        zygote, pid = os.getpid(), os.fork()
        if pid == 0:
            self.become_model_server(zygote, message, output, listener)
        self.pids[pid] = message["id"]
        port = listener.getsockname()[1]
        listener.close()
        os.close(output)
        self.tell({"event": "started", "id": message["id"], "port": port})

    def become_model_server(self, zygote: int, message: dict[str, Any], output: int, listener: socket.socket) -> NoReturn:
        code = 1
        try:
            for other in self.descriptors:  # outputs of containers that wait to be started
                os.close(other)
            detach(zygote, output, self.control, self.wakeup)
            from modeldeck.sandbox.model_server import server

            environment = prepare_environment(message["environment"], Path(message["folder"]))
            faults = Path(message["faults"]) if message["faults"] else None
            server.run(environment, message["arguments"], listener, faults, message["deployment"])
            code = 0
        finally:  # whatever happened: a child must never go on as a second zygote
            error = sys.exc_info()[1]
            if error is not None:
                report(error, Path(message["folder"]))
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError):
                    stream.flush()
            os._exit(code)

    def kill(self, container: str, number: int) -> None:
        for pid, name in self.pids.items():  # only children that were not reaped yet: their pids cannot be somebody else's
            if name == container:
                os.kill(pid, number)

    def reap(self) -> None:
        while self.pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            self.tell({"event": "ended", "id": self.pids.pop(pid), "code": code if code >= 0 else 128 - code})


def detach(zygote: int, output: int, control: socket.socket, wakeup: int) -> None:
    """Make the fork a process of its own: own session, own output, default signals, nothing of the zygote's left open."""
    os.setsid()
    die_with_parent()
    if os.getppid() != zygote:  # it died before the kernel was asked to tell
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    control.close()
    os.close(wakeup)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # they are text files here
    random.seed()
    threading.Thread(target=_end_with, args=(_lifeline(),), daemon=True).start()


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


_pipe: tuple[int, int] | None = None


def _lifeline() -> int:
    """The reading end of a pipe whose only writer is the zygote: it ends with the zygote, on every system."""
    assert _pipe is not None
    os.close(_pipe[1])
    return _pipe[0]


def prepare_environment(container: dict[str, str], folder: Path) -> dict[str, str]:
    """The container's variables over the zygote's own; temporary files go into the container's folder, which is removed with it."""
    os.environ.update(container)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    os.chdir(folder)
    return dict(os.environ)


def report(error: BaseException, folder: Path) -> None:
    """The traceback to the log, the last line also as Kubernetes' termination message (folder/termination-log)."""
    traceback.print_exception(error)
    message = "".join(traceback.format_exception_only(error)).strip()
    with contextlib.suppress(OSError):
        (folder / "termination-log").write_text(message[-4096:])


def main() -> None:
    """Import everything, then fork on demand."""
    global _pipe
    control = socket.socket(fileno=int(sys.argv[1]))
    os.environ.update(SETTINGS)
    prepare()
    from modeldeck.sandbox.model_server import server

    with tempfile.TemporaryDirectory() as folder:
        server.warm_up(Path(folder))
    if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("sqlite:"):  # read without a server: that takes much more of MLflow
        import mlflow.store.model_registry.sqlalchemy_store
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
    _pipe = os.pipe()
    wakeup, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    gc.collect()
    gc.freeze()  # a collection in a child would write to every shared page
    with contextlib.suppress(BrokenPipeError):
        _Zygote(control, wakeup).serve()


if __name__ == "__main__":
    main()
