"""What is felt on a link of 8 KB/s and 150 ms each way, told by bytes and by what stands on the screen; seconds are in tests/bench."""

from __future__ import annotations

import signal

import pytest

from tests.ssh.conftest import Connect, Far

FEW = 12_000
"""Bytes that may come after a key was let go: one screen, and not the hundred pictures that lie between."""


HELD = 120 * 40 * 8
"""Bytes that tmux holds for a terminal that is behind before it begins to leave out (its tty.c); it answers us in the terminal's place, and
so does screen."""


def hold(far: Far, key: str, times: int) -> None:
    """As fast as a keyboard repeats, while the link carries what it can."""
    for _ in range(times):
        far.terminal.type(key)
        far.terminal.pump()


@pytest.mark.parametrize(("inside", "most"), [("", FEW), ("tmux", FEW + HELD), ("screen", FEW + HELD)])
def test_a_held_key_stops_with_the_finger(connect: Connect, inside: str, most: int) -> None:
    far = connect(inside=inside)
    far.rows()
    far.terminal.type("jjjg")
    far.terminal.until("the first row", lambda: far.row() == 0)
    hold(far, "j", 150)
    released = far.link.carried
    far.terminal.until("the last row", lambda: far.row() == 150)
    assert far.link.carried - released <= most


def test_a_storm_of_sizes_does_not_keep_q_waiting(connect: Connect) -> None:
    far = connect()
    far.rows()
    for turn in range(30):
        far.resize(*((100, 30) if turn % 2 else (120, 40)))
        far.terminal.pump()
    before = far.link.carried
    far.terminal.type("q")
    assert far.terminal.ended() == 0
    assert far.link.carried - before <= 2 * FEW


def test_a_console_that_nobody_reads_any_more_ends_by_a_signal(connect: Connect) -> None:
    far = connect()
    far.rows()
    console = far.console
    far.link.freeze()
    hold(far, "j", 50)
    console.send_signal(signal.SIGTERM)
    far.gone(console)


@pytest.mark.parametrize("how", ["cut", "freeze"])
def test_a_lost_connection_leaves_no_orphan(connect: Connect, how: str) -> None:
    far = connect()
    far.rows()
    console = far.console
    family = [console, *console.children(recursive=True)]
    getattr(far.link, how)()  # the server gives up one that is silent
    for process in family:
        far.gone(process)


@pytest.mark.parametrize("inside", ["", "tmux", "screen"])
def test_q_gives_the_terminal_back_and_leaves_no_answer_to_the_shell(connect: Connect, inside: str) -> None:
    far = connect(inside=inside)
    far.rows()
    far.terminal.type("jq")
    assert far.terminal.ended() == 0
    assert b"\x1b[?1049l" in far.terminal.written
