"""What is typed at a terminal in raw mode, as a program reads it there."""

from __future__ import annotations

import os
import select
import termios
from collections.abc import Iterator

import pytest

from modeldeck.terminal.raw_mode import raw

TYPED = b"q\r\x03\x04\x11\x13\x16\x1a\x1c"
"""Enter, ctrl+c, ctrl+d, ctrl+q, ctrl+s, ctrl+v, ctrl+z and ctrl+backslash among it: all mean something to a terminal as it is found."""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def test_each_key_is_read_as_it_was_pressed_and_nothing_is_echoed(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    termios.tcsetattr(slave, termios.TCSANOW, raw(termios.tcgetattr(slave)))
    os.write(master, TYPED)
    assert select.select([slave], [], [], 10)[0] == [slave], "the terminal has kept it to itself"
    assert os.read(slave, 100) == TYPED
    assert select.select([master], [], [], 0)[0] == []


def test_what_was_found_can_be_given_back(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    found = termios.tcgetattr(slave)
    termios.tcsetattr(slave, termios.TCSANOW, raw(found))
    assert termios.tcgetattr(slave) != found
    termios.tcsetattr(slave, termios.TCSANOW, found)
    assert termios.tcgetattr(slave) == found


def test_a_single_byte_is_worth_a_read(terminal: tuple[int, int]) -> None:
    """Where the terminal was found waiting for more."""
    _, slave = terminal
    found = termios.tcgetattr(slave)
    found[6][termios.VMIN] = 4
    assert raw(found)[6][termios.VMIN] == 1
    assert found[6][termios.VMIN] == 4
