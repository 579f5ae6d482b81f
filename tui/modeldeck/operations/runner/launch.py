"""Starting the runner: a process of its own session, so that neither a hang-up nor the end of a console ends it.

It is started early, while a person still reads the plan: when the word comes everything is imported and every connection open. Through its
standard input it is handed the environment, then one order; without an order it ends by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from modeldeck import private
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.runner.runner import Order

COMMAND = ("-m", "modeldeck", "runner")
_LOG_TAIL = 2000


class Launched:
    """One runner. Keep it while it matters how it ended: a process that nobody waits for stays in the process table."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    def go(self, order: Order) -> None:
        """The word. Raises RunnerFailure where nobody is there to hear it."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(order.line())
            stdin.close()
        except OSError:
            raise RunnerFailure(f"the runner has ended already: {self.last_words() or 'nothing is known'}") from None

    def discard(self) -> None:
        """Nothing is to be done after all."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):
                self._process.stdin.close()
        self.ended()

    def ended(self) -> bool:
        """Whether it has, as the system tells; asked often, as it also takes the process out of the table."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The end of its log: "" where it said nothing."""
        try:
            return self.log.read_text(errors="replace")[-_LOG_TAIL:].strip()
        except OSError:
            return ""


def launch(environment: bytes, state: Path) -> Launched:
    """Start one. `environment` as tui/modeldeck/config/handover.py writes it; `state`: the folder for its log, private to the user.

    Raises RunnerFailure where no process can be started.
    """
    folder = state / "runners"
    try:
        for place in (state, folder):
            os.close(private.folder(place))
        _clean(folder)
        log = folder / f"{os.getpid()}-{os.urandom(4).hex()}.log"
        handle = os.open(log, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_APPEND, 0o600)
    except OSError as error:
        raise RunnerFailure(f"its log cannot be written: {error}", hint="free some disk space, or check who owns the folder") from error
    try:
        # Safe path: a folder `tui` where somebody happens to stand is not ours.
        process = subprocess.Popen(
            [sys.executable, "-P", *COMMAND], stdin=subprocess.PIPE, stdout=handle, stderr=handle, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(environment + b"\n")
        process.stdin.flush()
    except OSError as error:
        raise RunnerFailure(f"no process could be started: {error}") from error
    finally:
        os.close(handle)
    return Launched(process, log)


_KEPT = 50


def _clean(folder: Path) -> None:
    """Only the newest logs are kept."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    for old in logs[:-_KEPT]:
        old.unlink(missing_ok=True)
