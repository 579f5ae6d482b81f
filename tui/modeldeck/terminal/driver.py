"""Textual's driver on a terminal that is already ours, and that may disappear at any moment.

`terminal.instant` has painted on the alternate screen and taken the keyboard before Textual was imported. Nothing here waits for ever on a
terminal that takes nothing any more or is gone, where Textual would: no orphan is left of a lost SSH session.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Queue
from typing import IO, Any, ClassVar, Protocol, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from modeldeck.terminal.keyboard import Keyboard
from modeldeck.terminal.pacing import QUESTION, Pacing
from modeldeck.terminal.raw_mode import raw
from modeldeck.terminal.textual_private import is_suspended

_ALTERNATE = "\x1b[?1049h"
_LAST_WORDS = 0.5
"""Seconds that a terminal gets to take what is left for it, and to answer what it was asked, when the console ends."""
_RESIZING, _RESIZED = 0.25, 0.06
"""Seconds between pictures while a window is drawn to another size, and after which its size is taken for the last one."""
_TICK, _SOON = 0.1, 0.02
"""Seconds without a key: until the reader looks whether it shall end, and whether what was held back is a key."""
_BURST = 1 << 16
"""Bytes that are read before they are looked at, where they come all at once."""
_LEAVE = b"\x1b[0m\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"


class Writer(threading.Thread):
    """Takes all that it is given at once, and writes it as fast as the terminal takes it. Ends in silence with its terminal."""

    def __init__(self, file: IO[str], written: Callable[[], None]) -> None:
        """`written` is called, in this thread, whenever nothing is left to write."""
        super().__init__(daemon=True, name="textual-output")
        self._file = file
        self._queue: Queue[str | None] = Queue()  # without a bound: whoever writes much asks before whether there is room
        self._written = written
        self._given = self._taken = 0

    @property
    def busy(self) -> bool:
        return self._given != self._taken and self.is_alive()

    def write(self, text: str) -> None:
        self._given += 1
        self._queue.put(text)

    def run(self) -> None:
        with suppress(OSError):  # EIO: the terminal is gone
            while (text := self._queue.get()) is not None:
                self._file.write(text)
                empty = self._queue.empty()
                if empty:
                    self._file.flush()
                self._taken += 1
                if empty:
                    self._written()
            self._file.flush()

    def stop(self) -> None:
        """Ends it, whether the terminal takes what is left or not."""
        self._queue.put(None)
        self.join(_LAST_WORDS)
        if self.is_alive():
            with suppress(termios.error):
                termios.tcflush(self._file.fileno(), termios.TCOFLUSH)  # which lets a write that waits go on, too
            self.join(_LAST_WORDS)


class Resizes:
    """A window that is drawn to another size has a new one with every cell: only where it rests for a moment, and now and then on its way,
    is its size worth a picture."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Callable[[], object]) -> None:
        self._loop, self._tell = loop, tell
        self._waits: asyncio.TimerHandle | None = None
        self._since = 0.0

    def happened(self) -> None:
        """From a signal's handler."""
        self._loop.call_soon_threadsafe(self._again)

    def _again(self) -> None:
        now = self._loop.time()
        if self._waits is None:
            self._since = now
        else:
            self._waits.cancel()
        self._waits = self._loop.call_at(max(now, min(now + _RESIZED, self._since + _RESIZING)), self._rests)

    def _rests(self) -> None:
        self._waits = None
        self._tell()


class Paints(Protocol):
    """An app that wants to know how its terminal is getting on; called in its own loop."""

    def send_picture(self) -> None:
        """The terminal may take more."""

    def repeat_characters(self) -> None:
        """The terminal has shown that it repeats a character when it is told to."""


class ConsoleDriver(LinuxDriver):
    """Does not enter the alternate screen a second time (some terminals clear it then), and suspends to the terminal as it was."""

    found: ClassVar[list[Any] | None] = None
    """The terminal's attributes before `instant.held_terminal`; set before the App starts."""

    _entered = False
    _listens = False
    _writer: Writer | None = None

    def __init__(self, app: App[Any], **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._paints = cast(Paints, app)
        self._tell: Callable[[Message], object] = app.post_message
        self._running_loop = asyncio.get_running_loop()
        # Textual draws on the standard error: `modeldeck 2>log` would leave the screen blank.
        self._output = cast(IO[str], sys.__stderr__ if self.found is None else sys.__stdout__)
        self._asked = int(self.found is not None)  # `instant.paint` has asked once
        self._pacing = Pacing(self._asked)
        self._answers = 0
        self._heard = threading.Condition()

    @property
    def _writer_thread(self) -> Any:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: object | None) -> None:
        # Textual makes its own kind of writer, in the middle of a long method.
        self._writer = None if thread is None else Writer(self._output, self._written)

    def write(self, data: str) -> None:
        if data == _ALTERNATE and self.found is not None and not self._entered:
            self._entered = True
            return
        super().write(data)

    # -- how much the terminal takes

    @property
    def piece(self) -> int:
        return self._pacing.piece

    def room(self) -> int:
        found = self._pacing.room(time.monotonic(), writing=self._writer is not None and self._writer.busy)
        if not found and self._pacing.asks and self._writer is not None and not self._writer.busy:
            self.send("")  # nobody would tell when there is room again
        return found

    def due(self) -> float:
        return self._pacing.due(time.monotonic())

    def send(self, text: str) -> None:
        asks = self._pacing.asks
        data = text + QUESTION if asks else text
        self._asked += asks
        self._pacing.wrote(len(data.encode(errors="replace")), time.monotonic())
        self.write(data)

    def _hear(self) -> None:
        """The terminal has answered; in the reader's thread."""
        with self._heard:
            self._answers += 1
            self._heard.notify_all()
        now = time.monotonic()
        with suppress(RuntimeError):  # the loop has ended
            self._running_loop.call_soon_threadsafe(self._answered, now)

    def _answered(self, now: float) -> None:
        self._pacing.answered(now)
        self._paints.send_picture()

    def _written(self) -> None:
        """The system has taken all; in the writer's thread. Worth a look where no answers tell as much."""
        if not self._pacing.answers:
            with suppress(RuntimeError):
                self._running_loop.call_soon_threadsafe(self._paints.send_picture)

    def disable_input(self) -> None:
        """What was asked is answered before nobody listens any more: a shell would take the answer for something typed."""
        if self._pacing.answers and self._writer is not None and not self._writer.busy:
            with self._heard:
                self._heard.wait_for(lambda: self._answers >= self._asked, _LAST_WORDS)
        super().disable_input()

    # -- its life

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self.found is not None:
            self.attrs_before = self.found
        if threading.current_thread() is threading.main_thread():
            told = signal.getsignal(signal.SIGWINCH)
            if callable(told):
                resizes = Resizes(self._running_loop, lambda: told(signal.SIGWINCH, None))
                signal.signal(signal.SIGWINCH, lambda *_: resizes.happened())

    def stop_application_mode(self) -> None:
        self.write("\x1b[0m")  # pictures leave the style in which they ended
        super().stop_application_mode()

    def let_go(self) -> None:
        """If the terminal is gone, have nothing to do with it any more. Nothing happens where it is still there to be given back."""
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self.exit_event.set()  # at its end a read returns at once, for ever
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._output.fileno())  # what is still buffered for it must not fail when Python ends
            os.close(nowhere)

    def end_now(self, number: int) -> None:
        """Ends the process with the terminal given back as far as it takes that: where nothing else has ended it in time."""
        with suppress(OSError, termios.error):
            if self.found is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.found)
            output = self._output.fileno()
            os.set_blocking(output, False)  # one that has stopped reading must not keep us
            try:
                os.write(output, _LEAVE)
            finally:
                os.set_blocking(output, True)
        os._exit(128 + number)

    def _sigcont_application(self, *_: object) -> None:
        """Only what was suspended is resumed: a second start would leave a reader and a writer that nobody ends. Whoever was stopped from
        outside finds the terminal as somebody else left it, and draws everything again."""
        if is_suspended(self):
            super()._sigcont_application()
        elif self._listens:
            self._raw()
            self._running_loop.call_soon_threadsafe(self._tell, self.SignalResume())

    def _raw(self) -> None:
        with suppress(termios.error):
            termios.tcsetattr(self.fileno, termios.TCSANOW, raw(termios.tcgetattr(self.fileno)))

    def run_input_thread(self) -> None:
        self._listens = True
        try:
            self._listen()
        except OSError:
            # EIO: the terminal is gone. Whose it was is told so by the kernel; somebody else's goes without a word.
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            self._listens = False

    def _listen(self) -> None:
        """Raises OSError where the terminal is gone."""
        keyboard, heard, repeats = Keyboard(), time.monotonic(), False
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _SOON if keyboard.waits else _TICK)[0]:
                found = keyboard.feed(self._burst())
                heard = time.monotonic()
            else:
                found = keyboard.quiet(time.monotonic() - heard)
            for _ in range(keyboard.answers()):
                self._hear()
            if keyboard.repeats and not repeats:
                repeats = True
                with suppress(RuntimeError):
                    self._running_loop.call_soon_threadsafe(self._paints.repeat_characters)
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
