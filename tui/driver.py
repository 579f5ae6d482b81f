"""Textual's driver on a terminal that is already ours, and that may disappear at any moment.

`tui.instant` has painted on the alternate screen and taken the keyboard before Textual was imported. And where Textual waits for ever on a
terminal that is gone (its writer has died, its queue is full), this one lets go, so that no orphan is left of a lost SSH session.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import termios
import time
from contextlib import suppress
from queue import Full
from typing import IO, Any, ClassVar, cast

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui.keyboard import Keyboard

_ALTERNATE = "\x1b[?1049h"
_PATIENCE = 0.2
"""Seconds between looks at whether the writer still lives, while a slow terminal keeps its queue full."""
_TICK, _SOON = 0.1, 0.02
"""Seconds without a key: until the reader looks whether it shall end, and whether what was held back is a key."""
_BURST = 1 << 16
"""Bytes that are read before they are looked at, where they come all at once."""
_LEAVE = b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"


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

    def end_now(self, number: int) -> None:
        """Ends the process with the terminal given back as far as it takes that: where nothing else has ended it in time."""
        with suppress(OSError, termios.error):
            if self.found is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.found)
            output = cast(IO[str], self._file).fileno()
            os.set_blocking(output, False)  # one that has stopped reading must not keep us
            try:
                os.write(output, _LEAVE)
            finally:
                os.set_blocking(output, True)
        os._exit(128 + number)

    def _sigcont_application(self, *_: object) -> None:
        """Only what was suspended is resumed: a second start would leave a reader and a writer that nobody ends. Whoever was stopped from
        outside finds the terminal as somebody else left it, and draws everything again."""
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._key_thread is not None and self._key_thread.is_alive():
            self._raw()
            self._loop.call_soon_threadsafe(self._app.post_message, self.SignalResume())

    def _raw(self) -> None:
        with suppress(termios.error):
            attributes = termios.tcgetattr(self.fileno)
            attributes[0] = self._patch_iflag(attributes[0])
            attributes[3] = self._patch_lflag(attributes[3])
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)

    def run_input_thread(self) -> None:
        try:
            self._listen()
        except OSError:
            # EIO: the terminal is gone. Whose it was is told so by the kernel; somebody else's goes without a word.
            os.kill(os.getpid(), signal.SIGHUP)

    def _listen(self) -> None:
        """Raises OSError where the terminal is gone."""
        keyboard, heard = Keyboard(), time.monotonic()
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _SOON if keyboard.waits else _TICK)[0]:
                found = keyboard.feed(self._burst())
                heard = time.monotonic()
            else:
                found = keyboard.quiet(time.monotonic() - heard)
            for event in found:
                self.process_message(event)

    def _burst(self) -> bytes:
        data = b""
        while len(data) < _BURST and (not data or select.select([self.fileno], [], [], 0)[0]):
            piece = os.read(self.fileno, _BURST)
            if not piece:
                raise OSError(errno.EIO, "the terminal is at its end")
            data += piece
        return data
