"""OpenSSH's own server on loopback, for one test run: keys and configuration of its own, nobody else's files touched."""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

_PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_PATIENCE = 30.0
# Seconds for the server to listen, and for a first connection.


class NoServer(Exception):
    """Why there is none, in words."""


@dataclass(frozen=True)
class Sshd:
    port: int
    folder: Path

    def client(self, port: int, command: str, *options: str) -> list[str]:
        """The command that runs `command` at the far end, over whatever listens on `port`."""
        quiet = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes", "ControlPath=none")
        chosen = [word for option in quiet for word in ("-o", option)]
        key = str(self.folder / "user")
        return ["ssh", "-F", "/dev/null", "-i", key, *chosen, *options, "-p", str(port), f"{getpass.getuser()}@127.0.0.1", command]


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """Raises NoServer where OpenSSH is not installed, or lets nobody in."""
    server, keygen = shutil.which("sshd", path=_PATHS), shutil.which("ssh-keygen")
    if not server or not keygen or not shutil.which("ssh"):
        raise NoServer("OpenSSH's server and client are not installed (sshd, ssh, ssh-keygen)")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True, stdin=subprocess.DEVNULL)
    shutil.copyfile(folder / "user.pub", folder / "allowed")
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it gives up its rights, if it has any
    port = free_port()
    lines = (
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host'}",
        f"AuthorizedKeysFile {folder / 'allowed'}",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "PrintMotd no",
        "ClientAliveInterval 2",
        "ClientAliveCountMax 2",
    )
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([server, "-D", "-e", "-f", str(folder / "sshd_config")], stdin=subprocess.DEVNULL, stderr=log)
    try:
        found = Sshd(port, folder)
        _listens(found, process)
        tried = subprocess.run(
            found.client(port, "true", "-o", "BatchMode=yes"), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE
        )
        if tried.returncode:
            raise NoServer(f"sshd lets nobody in: {tried.stderr.strip()[:200] or tried.returncode}")
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _listens(found: Sshd, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoServer(f"sshd does not start: {(found.folder / 'sshd.log').read_text().strip()[:200]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", found.port), timeout=1):
            return
        time.sleep(0.05)
    raise NoServer("sshd does not listen")


def script(path: Path, environ: dict[str, str], command: Sequence[str]) -> str:
    """A command line for the far end that runs `command` in exactly this environment."""
    pairs = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environ.items())
    path.write_text(f"#!/bin/sh\n{pairs}\nexec {' '.join(map(shlex.quote, command))}\n")
    path.chmod(0o700)
    return shlex.quote(str(path))
