"""The process around a verb: its standard streams as they may be found (closed, full, gone, without our signs), and its exit code."""

from __future__ import annotations

import codecs
import errno
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

from modeldeck.domain.operations.exit_code import ExitCode

_ERRORS = "modeldeck"
"""Our error handler's name in `codecs`."""

lost: list[OSError] = []
"""Why the answer that was asked for could not be written; empty where it was."""


def run_process(run: Callable[[], int]) -> int:
    """The exit code of `run`, which is the outcome of what was done, told or not; without a traceback, whatever happens.

    Only where the answer is all that was wanted, and it could not be written, the code says so: as a shell expects it where the reader has
    gone, else `ExitCode.UNTOLD`.
    """
    mend_streams()
    lost.clear()
    try:
        code = run()
    except SystemExit as ended:  # argparse: `--help`, or wrong usage of the sandbox
        code = ended.code if isinstance(ended.code, int) else ExitCode.DONE if ended.code is None else ExitCode.USAGE
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except OSError as error:
        told = _untold(error)
        code = _tell_bug(error) if told is None else told
    except Exception as error:  # noqa: BLE001  the last place where a bug can be told
        code = _tell_bug(error)
    flush()
    if code == ExitCode.DONE and lost:
        if lost[0].errno == errno.EPIPE:
            return 128 + signal.SIGPIPE
        write(sys.stderr, f"modeldeck: the answer could not be written: {lost[0].strerror or lost[0]}\n")
        return ExitCode.UNTOLD
    return code


def _untold(error: OSError) -> int | None:
    """The code where argparse let a stream's own error through, as it does in the first releases of Python 3.11: it writes help to the
    standard output, and what is wrong with the command line to the other one."""
    for stream, code in ((sys.stdout, ExitCode.DONE), (sys.stderr, ExitCode.USAGE)):
        gone = error.errno == errno.EPIPE and _is_gone(stream)
        failed = write(stream, "")  # what could not be written is still held, and fails again
        if gone or (failed is not None and failed.errno == error.errno):
            if stream is sys.stdout:
                lost.append(error)
            return code
    return None


def _is_gone(stream: TextIO) -> bool:
    """Whether nobody reads a pipe any more."""
    found = select.poll()
    found.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in found.poll(0))


def _tell_bug(error: Exception) -> ExitCode:
    """In place of a traceback: where it broke, outermost first, as much as a report of it needs."""
    import traceback

    from modeldeck.cli.output import say

    places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-12:]]
    say(f"modeldeck: this is a bug of modeldeck: {type(error).__name__}: {error}"[:2000])
    say("\n".join(places))
    say("  please report these lines. What was begun goes on by itself, or can be taken back: modeldeck operations list")
    return ExitCode.BUG


def mend_streams() -> None:
    """A closed stream becomes one that can be used (and fails), so that no file of ours takes its number; what a stream's character set
    lacks is written in ASCII, and what cannot be decoded is read as a replacement character."""
    closed = [number for number in range(3) if not _is_open(number)]
    for number in closed:
        # The lowest free number is taken. The standard output can then not be written, which is noticed as on a full disk.
        os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(number, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  for as long as the process lives
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_ERRORS, _in_ascii)
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, _ERRORS), (sys.stderr, _ERRORS)):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Our own signs by their ASCII stand-ins, as on the console's screen; everything else by its number, so that nothing is lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from modeldeck.render.ascii import to_ascii

    found = error.object[error.start : error.end]
    return "".join(_plain(character, to_ascii(character)) for character in found), error.end


def _plain(character: str, ascii_sign: str) -> str:
    return ascii_sign if "?" not in ascii_sign else character.encode("ascii", "backslashreplace").decode()


def write(stream: TextIO, text: str) -> OSError | None:
    """Why it could not be written. From then on the stream leads nowhere: what it still holds must not fail again."""
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        return error if isinstance(error, OSError) else OSError(errno.EBADF, str(error))
    return None


def flush() -> None:
    """Nothing stays behind that could fail when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        failed = write(stream, "")
        if failed is not None and stream is sys.stdout:
            lost.append(failed)
