from __future__ import annotations

import pytest

from modeldeck.terminal.capabilities import draws_links, erases_on_its_ground, why_no_screen


def test_a_terminal_that_can_draw_nothing_is_told_from_others() -> None:
    assert why_no_screen({"TERM": "dumb"}) == "TERM=dumb"
    assert why_no_screen({"TERM": "unknown"}) == "TERM=unknown"
    assert why_no_screen({}) == why_no_screen({"TERM": ""}) == "TERM is not set"
    for term in ("xterm", "linux", "screen", "vt100", "dumb-emacs-ansi"):
        assert not why_no_screen({"TERM": term})


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "foot-extra"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "5202"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "7"}, True),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4205"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "6.2"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0", "VTE_VERSION": "7600"}, False),
        ({"TERM": "screen", "STY": "1.a", "TERM_PROGRAM": "WezTerm"}, False),
        ({}, False),
    ],
)
def test_links_are_drawn_where_the_terminal_is_known_to(environ: dict[str, str], known: bool) -> None:
    assert draws_links(environ) is known


@pytest.mark.parametrize(
    ("environ", "does"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux,1,0"}, True),
        ({"TERM": "screen-256color", "STY": "1.a"}, False),
        ({"TERM": "screen"}, False),
        ({"TERM": "xterm-256color", "STY": "1.a"}, False),
        ({"TERM": "vt220"}, False),
        ({"TERM": "linux"}, True),
    ],
)
def test_what_is_erased_gets_the_ground_that_is_written_on_nearly_everywhere(environ: dict[str, str], does: bool) -> None:
    assert erases_on_its_ground(environ) is does
