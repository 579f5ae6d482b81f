"""Keep one part of the sandbox, and everything that it starts, from outliving the process that asked for it.

    python -I -S process_reaper.py LIFELINE_FD GRACE_SECONDS PID_FILE GROUP COMMAND [ARGUMENT ...]

PID_FILE (empty for none) gets the command's pid. GROUP is `own` for a process group of the command's own, or `same` for a command that
stays in the terminal's foreground group. LIFELINE_FD is the reading end of a pipe whose only writer is the parent. However the parent
ends, SIGKILL included, the kernel closes the pipe, and the reaper ends the part: SIGTERM to the command, GRACE_SECONDS to leave by
itself, then SIGKILL to its process group and (on Linux, where orphans are handed to the nearest subreaper) to every descendant,
whatever session it moved to.

The program imports only small modules of the standard library and runs without site-packages: one reaper a part has to cost next to
nothing. It ends with the command's exit code, or 128 + the signal that ended it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
KILL_SECONDS = 5.0


def prctl(option: int, value: int) -> None:
    """Linux' prctl(2); elsewhere nothing, and the lifeline alone has to do."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def spawn(command: list[str], *, own_group: bool) -> int:
    """Start the command, as the leader of a process group where it is to have its own; its pid."""
    pid = os.fork()
    if pid:
        return pid
    # A reaper that is killed takes the command along: nothing else would know of it.
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if own_group:
        os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def children() -> list[int]:
    """The pids whose parent is this process, orphans that were handed to it included; nothing where there is no /proc."""
    me = os.getpid()
    found: list[int] = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The command's name, in parentheses, may hold spaces and parentheses itself.
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == me:
            found.append(int(name))
    return found


def send(pid: int, number: int, *, group: bool = False) -> None:
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


class Reaper:
    """Watches one command; `run` returns its exit code once nothing of it is left."""

    def __init__(self, lifeline: int, grace: float, command: list[str], *, own_group: bool) -> None:
        self.lifeline = lifeline
        self.grace = grace
        self.own_group = own_group
        self.status: int | None = None
        self.asked_to_end = False
        self.wakeup, writer = os.pipe()
        for end in (self.wakeup, writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self.end)
        # The terminal's signals reach the supervisor, which ends its parts in order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.pid = spawn(command, own_group=own_group)

    def end(self, *_: object) -> None:
        self.asked_to_end = True

    def reap(self) -> bool:
        """Collect what has ended; True while any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.pid:
                self.status = status

    def wait(self, seconds: float | None, *, watch_lifeline: bool) -> None:
        ends = [self.wakeup, self.lifeline] if watch_lifeline else [self.wakeup]
        ready = select.select(ends, [], [], seconds)[0]
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        if self.lifeline in ready and not os.read(self.lifeline, 4096):
            self.asked_to_end = True

    def run(self) -> int:
        while self.status is None and not self.asked_to_end:
            self.wait(None, watch_lifeline=True)
            self.reap()
        if self.status is None:
            send(self.pid, signal.SIGTERM)
            until = time.monotonic() + self.grace
            while self.reap() and self.status is None and time.monotonic() < until:
                self.wait(max(0.0, until - time.monotonic()), watch_lifeline=False)
        self.kill_all()
        return exit_code(self.status)

    def kill_all(self) -> None:
        """SIGKILL until no child is left; killing a parent hands its children over, so this goes in rounds."""
        until = time.monotonic() + KILL_SECONDS
        if self.own_group:
            send(self.pid, signal.SIGKILL, group=True)
        while self.reap() and time.monotonic() < until:
            for pid in children():
                send(pid, signal.SIGKILL)
            self.wait(0.02, watch_lifeline=False)


def exit_code(status: int | None) -> int:
    if status is None:
        return 128 + signal.SIGKILL
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def main(arguments: list[str]) -> int:
    lifeline, grace, pid_file, group, command = int(arguments[0]), float(arguments[1]), arguments[2], arguments[3], arguments[4:]
    # The command must not hold the pipe (nor the lock that the parent may have handed down): only what it was meant to get,
    # which the parent names in this variable.
    keep = {int(number) for number in os.environ.pop("MODELDECK_WARDEN_KEEP", "").split(",") if number}
    for name in os.listdir("/dev/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in keep:
            try:
                os.set_inheritable(descriptor, False)
            except OSError:
                continue  # the descriptor that listed the folder is closed by now
    reaper = Reaper(lifeline, grace, command, own_group=group == "own")
    if pid_file:
        with open(pid_file, "w") as file:
            file.write(f"{reaper.pid}\n")
    return reaper.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
