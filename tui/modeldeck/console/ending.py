"""How the console ends where nobody has typed q: by a signal, with its terminal, or by an error of ours."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, TypeVar

from textual.app import App
from textual.css.query import NoMatches
from textual.widget import Widget

from modeldeck.terminal import instant
from modeldeck.terminal.driver import ConsoleDriver
from modeldeck.terminal.textual_private import driver_of, handling, is_going

Result = TypeVar("Result")

SIGNALLED = 128
"""Exit codes above it name the signal that ended a program, as shells write it."""
ENDING_SECONDS = 1.5
"""How long the console may take to end after a signal."""


class EndingApp(App[Result]):
    """Ends by the signals that ask for it, where `takes_signals`, and knows whether it is `broken`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takes_signals = False
        self.broken = False
        """Whether it ends by an error of ours."""
        self._ending: threading.Timer | None = None

    def on_load(self) -> None:
        loop = asyncio.get_running_loop()
        for number in instant.ENDING if self.takes_signals else ():
            signal.signal(number, lambda number, _frame: self._signalled(number, loop))
        loop.set_exception_handler(_tell)

    def about_to_end(self) -> None:
        """Somebody ends it from outside: what is worth keeping is kept now."""

    def ended(self) -> None:
        """The terminal is given back: what the process still has to do may take its time."""
        if self._ending is not None:
            self._ending.cancel()

    def _signalled(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        """Takes effect in the middle of whatever keeps the loop busy, or cannot be ended: then the process ends without it."""
        driver = driver_of(self)
        if self._ending is None and isinstance(driver, ConsoleDriver):
            self._ending = threading.Timer(ENDING_SECONDS, driver.end_now, (number,))
            self._ending.daemon = True
            self._ending.start()
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._end_by, signal.Signals(number))

    def _end_by(self, number: signal.Signals) -> None:
        """Operations go on: each has a process of its own."""
        self.about_to_end()
        driver = driver_of(self)
        if number == signal.SIGHUP and isinstance(driver, ConsoleDriver):
            driver.let_go()
        self.exit(return_code=SIGNALLED + number)

    def _handle_exception(self, error: Exception) -> None:
        """A screen that was left before it stood has nothing in it for its own start to find. Everything else is a bug, and loud."""
        whose = handling()
        if not (isinstance(error, NoMatches) and isinstance(whose, Widget) and is_going(whose)):
            self.broken = True
            super()._handle_exception(error)


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A task broke, which is a bug. Its pane says so; its traceback is for who collects the standard error, never for the screen."""
    stderr, error = sys.__stderr__, context.get("exception")
    if stderr is not None and not stderr.isatty():
        print(context.get("message", ""), file=stderr)
        traceback.print_exception(error, file=stderr)
