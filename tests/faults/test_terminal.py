"""The real command in a terminal of its own: how it starts, what it writes where terminals can do less, and how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import re
import select
import signal
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.processes import lives
from tests.support.terminals import Terminal, nowhere, opened

COLOURS = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the console where nothing listens: `start(columns, rows, **environment)`. With `program`, that piece of Python instead."""
    with contextlib.ExitStack() as stack:

        def start(columns: int = 120, rows: int = 40, program: str = "", **environ: str) -> Terminal:
            message = ("-c", program) if program else ("-m", "modeldeck")
            return stack.enter_context(opened([sys.executable, *message], {**nowhere(tmp_path), **environ}, tmp_path, columns, rows))

        yield start


def test_q_ends_it_and_gives_the_terminal_back(start: Start) -> None:
    terminal = start()
    terminal.painted()
    assert termios.tcgetattr(terminal.slave) != terminal.before
    terminal.type("q")
    assert terminal.ended() == 0
    terminal.given_back()
    assert terminal.log.read_text() == ""


def test_keys_that_are_typed_before_it_stands_are_not_lost(start: Start) -> None:
    terminal = start()
    terminal.until("the first paint", lambda: b"\x1b[?1049h" in terminal.written)
    terminal.type("?")
    terminal.until("the help", lambda: "esc closes" in terminal.text)
    terminal.type("\x1b")
    terminal.until("no help", lambda: "esc closes" not in terminal.text)
    terminal.type("q")
    assert terminal.ended() == 0
    terminal.given_back()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_ends_it_and_gives_the_terminal_back(start: Start, number: signal.Signals) -> None:
    terminal = start()
    terminal.painted()
    terminal.process.send_signal(number)
    assert terminal.ended() == 128 + number
    terminal.given_back()
    assert terminal.log.read_text() == ""


def test_a_signal_while_it_starts_gives_the_terminal_back(start: Start) -> None:
    terminal = start()
    terminal.until("the first paint", lambda: b"\x1b[?1049h" in terminal.written)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 128 + signal.SIGTERM
    terminal.given_back()
    assert "Traceback" not in terminal.log.read_text()


SWALLOWED = """
import signal, weakref
from modeldeck.terminal import instant

class Thing:
    if {finaliser}:
        def __del__(self):
            signal.raise_signal(signal.{name})

with instant.held_terminal():
    thing = Thing()
    kept = weakref.ref(thing, lambda gone: signal.raise_signal(signal.{name}))
    del thing
    print("it goes on")
"""
"""A signal that comes where Python swallows exceptions: in a finaliser, or in the callback of a weak reference."""


@pytest.mark.parametrize("finaliser", [True, False])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_where_python_swallows_exceptions(start: Start, number: signal.Signals, finaliser: bool) -> None:
    terminal = start(program=SWALLOWED.format(name=number.name, finaliser=finaliser))
    assert terminal.ended() == 128 + number
    terminal.given_back()
    assert b"it goes on" not in terminal.written
    assert terminal.log.read_text() == ""


def test_a_hang_up_ends_it(start: Start) -> None:
    terminal = start()
    terminal.painted()
    terminal.process.send_signal(signal.SIGHUP)
    assert terminal.ended() == 128 + signal.SIGHUP
    terminal.given_back()
    assert terminal.log.read_text() == ""


def test_a_terminal_that_disappears_ends_it_without_an_orphan(start: Start) -> None:
    terminal = start()
    terminal.painted()
    own = psutil.Process(terminal.process.pid)
    family = [own, *own.children(recursive=True)]
    os.close(terminal.slave)
    os.close(terminal.master)
    assert terminal.gone() == 128 + signal.SIGHUP
    assert not [member for member in family if lives(member)]
    assert terminal.log.read_text() == ""


def test_a_terminal_that_disappears_while_it_starts_ends_it(start: Start) -> None:
    terminal = start()
    terminal.until("the first paint", lambda: b"\x1b[?1049h" in terminal.written)
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.gone()
    assert "Traceback" not in terminal.log.read_text()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 20)])
def test_a_small_terminal_shows_one_pane_with_its_state(start: Start, columns: int, rows: int) -> None:
    terminal = start(columns, rows)
    terminal.painted()
    for key, title in (("3", "3 Deployments"), ("4", "4 Live"), ("2", "2 Versions"), ("1", "1 Runs")):
        terminal.type(key)
        terminal.until(title, lambda title=title: title in terminal.text and "unavailable" in terminal.text)  # type: ignore[misc]
    terminal.type("q")
    assert terminal.ended() == 0


def test_no_color_means_none_not_even_in_the_last_screen(start: Start) -> None:
    coloured = start(80, 24)
    coloured.painted()
    coloured.type("q")
    assert coloured.ended() == 0
    assert COLOURS.search(coloured.written)
    plain = start(80, 24, NO_COLOR="1")
    plain.painted()
    plain.type("q")
    assert plain.ended() == 0
    assert b"as it stood" in plain.written
    assert not COLOURS.search(plain.written)


def test_a_terminal_without_utf_8_gets_ascii_even_in_the_last_screen(start: Start) -> None:
    before = start(80, 24)
    before.painted()
    before.type("q")
    assert before.ended() == 0
    assert not before.written.isascii()
    for _ in range(2):  # the second time there is a last screen in ASCII
        terminal = start(80, 24, LC_ALL="C")
        terminal.painted()
        terminal.type("q")
        assert terminal.ended() == 0
        assert terminal.written.isascii()
    assert b"as it stood" in terminal.written


def test_sixteen_colours_are_enough(start: Start) -> None:
    terminal = start(80, 24, TERM="screen", COLORTERM="")
    terminal.painted()
    terminal.type("q")
    assert terminal.ended() == 0
    assert not re.search(rb"[34]8;[25];", terminal.written)
    terminal.given_back()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_without_a_screen_is_refused_in_one_line(start: Start, term: str) -> None:
    terminal = start(80, 24, TERM=term)
    assert terminal.ended() == 2
    assert terminal.written == b""
    (line,) = terminal.log.read_text().splitlines()
    assert "modeldeck status" in line
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_a_late_answer_in_pieces_does_nothing_and_the_keys_go_on(start: Start) -> None:
    terminal = start(80, 24)
    terminal.painted()
    for answer in (b"\x1b[?64;1;2;22c", b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\", b"\x1bP>|XTerm(380)\x1b\\", b"\x1b[?1u", b"\x1b[24;80R"):
        for byte in answer:
            os.write(terminal.master, bytes([byte]))
            terminal.pump(answer=False)  # no terminal says one thing in the middle of another
    terminal.type("z?")
    terminal.until("the help", lambda: "esc closes" in terminal.text)
    assert b"\x1b]52;" not in terminal.written
    terminal.type("\x1bq")  # in one packet: the help is left, and then the console
    assert terminal.ended() == 0
    terminal.given_back()


def test_a_storm_of_sizes_leaves_it_alive_and_whole(start: Start) -> None:
    terminal = start()
    terminal.painted()
    for columns, rows in [(301, 79), (120, 40)] * 60 + [(1, 1), (4, 2), (301, 79), (80, 24), (30, 3), (120, 40)]:
        fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if select.select([terminal.master], [], [], 0.008)[0]:
            terminal.pump()
    terminal.screen.reset()
    terminal.type("?")
    terminal.until("the help", lambda: "esc closes" in terminal.text)
    terminal.type("\x1b")
    terminal.until("no help", lambda: "esc closes" not in terminal.text)
    terminal.type("q")
    assert terminal.ended() == 0
    terminal.given_back()
    assert terminal.log.read_text() == ""


@pytest.mark.parametrize("leave", ["q", "SIGTERM"])
def test_a_stray_sigcont_leaves_one_that_can_be_ended(start: Start, leave: str) -> None:
    terminal = start()
    terminal.painted()
    threads = psutil.Process(terminal.process.pid).num_threads()
    for _ in range(3):
        terminal.process.send_signal(signal.SIGCONT)
        terminal.pump()
    terminal.type("?")
    terminal.until("the help", lambda: "esc closes" in terminal.text)
    assert psutil.Process(terminal.process.pid).num_threads() <= threads + 1  # what the help needed may have begun one
    terminal.type("\x1b")
    terminal.until("no help", lambda: "esc closes" not in terminal.text)
    if leave == "q":
        terminal.type("q")
    else:
        terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == (0 if leave == "q" else 128 + signal.SIGTERM)
    terminal.given_back()


def test_a_paste_full_of_escapes_types_nothing_and_blocks_no_key(start: Start) -> None:
    terminal = start()
    terminal.painted()
    data = b"\x1b[200~" + b"\x1b[31mq\x1b]52;c;aa\x07\x03" * 5000 + b"\x1b[201~?"
    while data:
        data = data[os.write(terminal.master, data[:512]) :]
        terminal.pump()
    terminal.until("the help", lambda: "esc closes" in terminal.text)
    terminal.type("\x1b")
    terminal.until("no help", lambda: "esc closes" not in terminal.text)
    terminal.type("q")
    assert terminal.ended() == 0
    assert terminal.log.read_text() == ""


@pytest.mark.parametrize("leave", ["q", "qq", "SIGTERM"])
def test_it_ends_where_the_terminal_takes_nothing_any_more(start: Start, leave: str) -> None:
    terminal = start()
    terminal.painted()
    for columns in (301, 300) * 40:  # more than a terminal's buffer holds
        fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 79, columns, 0, 0))
        select.select([], [], [], 0.01)
    if leave == "SIGTERM":
        terminal.process.send_signal(signal.SIGTERM)
    else:
        terminal.type(leave)
    assert terminal.gone() == (128 + signal.SIGTERM if leave == "SIGTERM" else 0)
    assert termios.tcgetattr(terminal.slave) == terminal.before


@pytest.mark.parametrize("seed", [1, 2])
def test_sizes_signals_and_input_at_random_leave_it_one_that_ends(start: Start, seed: int) -> None:
    chance = random.Random(seed)
    terminal = start()
    terminal.painted()
    message = [
        b"\x1b",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\xff\xc3",
        b"\x1b[<35;9;9M",
        b"\x1b[99999999999u",
        b"\x1b[48;9;9;9;9t",
        b"\t",
        b"?",
        b"1",
        b"z",
        b"/a",
        b"\r",
    ]
    for _ in range(150):
        match chance.randrange(4):
            case 0:
                size = struct.pack("HHHH", chance.randint(1, 90), chance.randint(1, 320), 0, 0)
                fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, size)
            case 1:
                terminal.process.send_signal(chance.choice([signal.SIGCONT, signal.SIGWINCH]))
            case _:
                os.write(terminal.master, b"".join(chance.choices(message, k=chance.randint(1, 9))))
        terminal.pump()
    assert terminal.process.poll() is None, terminal.log.read_text()[-3000:]
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 128 + signal.SIGTERM
    terminal.given_back()
    assert terminal.log.read_text() == ""
