"""Instant on: the last screen of an environment, painted before anything heavy is imported.

What stood on the screen when the console closed is kept on disk, private to the user, one file per environment and terminal size. The
next start paints it in one colour with its age in the first line, in well under the time that Textual needs to be imported, and in a
third of a picture's bytes. Where nothing is kept, the frames of the panes are painted: a slow link has nothing else to carry meanwhile.
Nothing here imports anything but the standard library's lightest modules. A value from here is never shown without its age.
"""

from __future__ import annotations

import hashlib
import locale
import os
import re
import signal
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from modeldeck.render.deck_frame import empty_panes
from modeldeck.terminal.capabilities import ASK_WHETHER_IT_REPEATS
from modeldeck.terminal.raw_mode import raw

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[H"
_ASK = "\x1b[c"
"""What `modeldeck.terminal.pacing` asks: the first answer is there by the time that anybody waits for it."""
_DIM = "0;2"
FRAME_TRUE, FRAME_256 = "0;38;5;237;48;2;15;19;25", "0;38;5;237;48;5;16"
"""What the default theme draws the frame of a pane in, in true colour and in 256 colours: written out, as themes are read much later."""
DEFAULT_THEME = "dark"
_RESET = "\x1b[0m"
_LEAVE = b"\x1b[?1049l\x1b[?25h"
_CODES = re.compile(r"[0-9;]{1,80}")
_BLANKS = re.compile(" {6,}")
_RULES = re.compile("─{6,}")
_FORMAT = "modeldeck-screen-3"
MAX_AGE = 7 * 86400.0
"""Seconds after which a last screen is not worth showing any more."""
ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""The signals that ask us to end."""


Environ = Mapping[str, str]


def folder(environ: Environ) -> str:
    """`$XDG_CACHE_HOME/modeldeck/screens`, by hand: platformdirs costs more to import than this whole module."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "modeldeck", "screens")


def path_of(place: str, identity: str, columns: int, rows: int) -> str:
    """`identity` names the environment with its addresses: another cluster behind the same name has another screen."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:20]
    return os.path.join(place, f"{digest}-{columns}x{rows}")


_CLUSTER = re.compile(rb"""["']?\b(server|certificate-authority|certificate-authority-data)["']?\s*:\s*["']?([^\s"',}]+)""")
_LARGEST = 1 << 20


def identity_of(identity: str, kubeconfig: str | None) -> str:
    """`identity` with the clusters that the kubeconfig leads to now: the same file and context may mean another one since. `kubeconfig` ""
    is the default place, None no cluster at all. Tokens that change in it change nothing."""
    if kubeconfig is None:
        return identity
    digest = hashlib.sha256(identity.encode())
    for path in (kubeconfig or os.path.join("~", ".kube", "config")).split(os.pathsep):
        place = os.path.expanduser(path)
        for kind, value in _CLUSTER.findall(_bytes(place)):
            digest.update(b"\0".join((kind, value, b"")))
            if kind == b"certificate-authority":
                digest.update(_bytes(os.path.join(os.path.dirname(place), os.fsdecode(value))))
    return digest.hexdigest()


def _bytes(path: str) -> bytes:
    """b"" for anything but a file that can be read at once."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""


class Kept(NamedTuple):
    """A screen as it stood. `lines` is its text, `style` what to paint it in (as SGR takes it), `age` in seconds."""

    lines: list[str]
    style: str
    age: float


def save(path: str, lines: list[str], style: str, now: float) -> None:
    """Keep a screen. Replaces the file in one step, so that a start at the same moment never reads half a screen."""
    import tempfile  # 11 ms, and only wanted when the console closes

    from modeldeck import private

    for place in (os.path.dirname(os.path.dirname(path)), os.path.dirname(path)):
        os.close(private.folder(place))
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write("\n".join([_FORMAT, repr(now), str(len(lines)), *lines, style]))
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def load(path: str, now: float) -> Kept | None:
    """What was kept; None where there is nothing, or nothing that can be trusted."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            form, saved, count, *rest = file.read().split("\n")
        age, height = now - float(saved), int(count)
    except (OSError, ValueError):
        return None
    if form != _FORMAT or not 0 <= age <= MAX_AGE or len(rest) != height + 1 or "\x1b" in "".join(rest[:height]):
        return None
    if not _CODES.fullmatch(rest[height]):
        return None
    return Kept(rest[:height], rest[height], age)


def speaks_utf8() -> bool:
    """Whether the user's locale, and so the terminal, is UTF-8. Python's own UTF-8 mode, which LC_ALL=C turns on, says nothing about it."""
    return "utf" in locale.getencoding().lower()


def age_words(age: float) -> str:
    for unit, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if age >= unit:
            return f"{int(age // unit)} {letter}"
    return f"{int(age)} s"


def title(columns: int, environment: str) -> str:
    """The first line of all, which a slow link can carry before anything else is known."""
    shown = "".join(character for character in environment if character.isprintable())
    return f"{_ENTER}{ASK_WHETHER_IT_REPEATS}\x1b[H\x1b[{_DIM}m" + f" modeldeck  {shown}   connecting …"[:columns] + _RESET


def last_screen(kept: Kept, columns: int) -> str:
    """The bytes that paint the kept screen; its age comes first, where the eye looks first."""
    note = f" as it stood {age_words(kept.age)} ago · connecting … "[:columns]
    first, *others = kept.lines or [""]
    noted = f"{_blanks_stepped_over(first)}\x1b[1;{columns - len(note) + 1}H\x1b[0;7m{note}\x1b[{kept.style}m"
    return f"\x1b[{kept.style}m\x1b[H\x1b[2J" + "\r\n".join([noted, *map(_blanks_stepped_over, others)]) + _RESET


def frames(lines: list[str], style: str) -> str:
    """The bytes that paint empty panes below the first line."""
    return f"\x1b[2H\x1b[{style}m\x1b[J" + "\r\n".join(map(_blanks_stepped_over, lines[1:])) + _RESET


def _blanks_stepped_over(line: str) -> str:
    """Of a line that was erased before."""
    return _BLANKS.sub(lambda found: f"\x1b[{len(found.group())}C", line.rstrip())


def fitting(style: str, environ: Environ, *, no_color: bool) -> str:
    """A kept style for this terminal: without its colours where there are to be none, or where this one knows fewer than were used."""
    term, true = environ.get("TERM", ""), environ.get("COLORTERM", "") in ("truecolor", "24bit")
    beyond = not true and ("8;2;" in style or ("8;5;" in style and "256" not in term))
    return _DIM if no_color or beyond else style


def in_ascii(text: str) -> str:
    """Our own words where nothing else is understood."""
    return text.replace("·", "-").replace("…", "~").encode("ascii", "replace").decode()


class Painted(NamedTuple):
    """What stands on the terminal now, but for its first line, all in one style (as SGR takes it)."""

    lines: list[str]
    style: str


def paint(
    environ: Environ, identity: str, environment: str, *, theme: str = "", no_color: bool = False, deck: bool = True
) -> Painted | None:
    """Paint the last screen of this environment at this terminal's size, or where there is none, that we are coming. `deck`: False where
    another screen comes first, and the deck's own would only be in the way."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return None
    utf8 = speaks_utf8()
    first = title(columns, environment)
    _write(_ASK + (first if utf8 else in_ascii(first)))
    if not deck:
        return None
    kept = load(path_of(folder(environ), identity, columns, rows), time.time())
    if kept is not None and (utf8 or "".join(kept.lines).isascii()):
        kept = kept._replace(lines=_for_link(kept.lines, environ), style=fitting(kept.style, environ, no_color=no_color))
        picture = last_screen(kept, columns)
        _write(picture if utf8 else in_ascii(picture))
        return Painted(kept.lines, kept.style)
    style = "" if no_color or not utf8 or theme not in ("", DEFAULT_THEME) else _frame_style(environ)
    lines = _for_link(empty_panes(columns, rows), environ) if style else []
    if not lines:
        return None
    _write(frames(lines, style))
    return Painted(lines, style)


def _for_link(lines: list[str], environ: Environ) -> list[str]:
    """Over SSH without long rules: a third of the bytes, and soon hardly any, where the terminal repeats characters."""
    return [_RULES.sub(lambda found: " " * len(found.group()), line) for line in lines] if "SSH_CONNECTION" in environ else lines


def _frame_style(environ: Environ) -> str:
    """Empty where the terminal has too few colours for it."""
    if environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return FRAME_TRUE
    return FRAME_256 if environ.get("TERM", "").endswith("256color") else ""


def _write(text: str) -> None:
    data = text.encode(errors="replace")
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


@contextmanager
def held_terminal() -> Iterator[list[object]]:
    """Raw keys from now on, as Textual will have them, so that nothing typed is echoed or lost; yields the terminal's own attributes.

    At the end the terminal is as it was found: Textual would give back the attributes that it met, which are ours. So it is where a signal
    ends the process, until the console takes signals itself.
    """
    fd = sys.stdin.fileno()
    found = termios.tcgetattr(fd)

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        """Ends the process here and now. An exception would have to travel through whatever was interrupted, and Python swallows it in a
        finaliser or a weak reference's callback. Nothing is lost: what is ours in other processes ends with this one, however it ends."""
        signal.signal(number, signal.SIG_DFL)  # where the terminal takes nothing any more, a second one ends us by force
        _give_back(fd, found)
        os._exit(128 + number)

    # What ends a process by default would leave the terminal as it is.
    before = [(number, signal.signal(number, end)) for number in ENDING]
    try:
        termios.tcsetattr(fd, termios.TCSANOW, raw(found))
        yield found
    finally:
        _give_back(fd, found)
        for number, handler in before:
            signal.signal(number, handler)


def _give_back(fd: int, found: list[Any]) -> None:
    """A terminal that has gone away cannot be given back."""
    with suppress(OSError, termios.error):
        os.write(sys.stdout.fileno(), _LEAVE)
        termios.tcsetattr(fd, termios.TCSANOW, found)
