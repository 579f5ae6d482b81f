"""Textual's driver on a terminal that is already ours, and that may disappear at any moment.

`tui.instant` has painted on the alternate screen and taken the keyboard before Textual was imported. And where Textual waits for ever on a
terminal that is gone (its writer has died, its queue is full), this one lets go, so that no orphan is left of a lost SSH session.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from queue import Full
from typing import IO, Any, ClassVar, cast

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

_ALTERNATE = "\x1b[?1049h"
_PATIENCE = 0.2
"""Seconds between looks at whether the writer still lives, while a slow terminal keeps its queue full."""


class Writer(WriterThread):
    """A writer that ends in silence with its terminal, and is never waited for after that."""

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            return  # EIO: the terminal is gone

    def write(self, text: str) -> None:
        while self.is_alive():
            try:
                self._queue.put(text, timeout=_PATIENCE)
            except Full:
                continue
            return

    def stop(self) -> None:
        while self.is_alive():
            try:
                self._queue.put(None, timeout=_PATIENCE)
            except Full:
                continue
            self.join()


class ConsoleDriver(LinuxDriver):
    """Does not enter the alternate screen a second time (some terminals clear it then), and suspends to the terminal as it was."""

    found: ClassVar[list[Any] | None] = None
    """The terminal's attributes before `instant.held_terminal`; set before the App starts."""

    _entered = False
    _writer: Writer | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.found is not None:
            # Textual draws on the standard error: `modeldeck 2>log` would leave the screen blank.
            self._file = cast(Any, sys.__stdout__)

    @property
    def _writer_thread(self) -> WriterThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: WriterThread | None) -> None:
        # Textual makes its own kind of writer, in the middle of a long method.
        self._writer = None if thread is None else Writer(cast(IO[str], self._file))

    def write(self, data: str) -> None:
        if data == _ALTERNATE and self.found is not None and not self._entered:
            self._entered = True
            return
        super().write(data)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self.found is not None:
            self.attrs_before = self.found

    def let_go(self) -> None:
        """If the terminal is gone, have nothing to do with it any more. Nothing happens where it is still there to be given back."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self.exit_event.set()  # at its end a read returns at once, for ever
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, cast(IO[str], self._file).fileno())  # what is still buffered for it must not fail when Python ends
            os.close(nowhere)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            # EIO: the terminal is gone. Whose it was is told so by the kernel; somebody else's goes without a word.
            os.kill(os.getpid(), signal.SIGHUP)
