"""What can be known of a terminal without asking it, and what asks for the rest."""

from __future__ import annotations

from collections.abc import Mapping

Environ = Mapping[str, str]

_NO_SCREEN = ("dumb", "unknown")
_OTHER_GROUND = ("screen", "vt", "ansi")
"""TERM of terminals in which an erased cell gets the terminal's own ground, not the one that is written on."""
_LINKING = ("kitty", "foot", "alacritty", "wezterm", "ghostty", "contour", "rio")
"""TERM of terminals that draw hyperlinks, with or without xterm- before and more behind."""
_LINKING_PROGRAMS = ("iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "mintty", "rio", "Tabby")
_LINKING_VTE = 5000
"""The first version of VTE (0.50) that draws them."""

ASK_WHETHER_IT_REPEATS, IT_REPEATS = "\x1b[2;1H─\x1b[3b\x1b[6n\r\x1b[K", "\x1b[2;5R"
"""Whether a terminal repeats a character when it is told to (REP), by where its cursor is then: TERM tells the name of one, and not what
stands between it and us. In the first row the answer could be a key."""


def why_no_screen(environ: Environ) -> str:
    """Why nothing can be drawn on this terminal; empty where it can."""
    term = environ.get("TERM", "")
    if not term:
        return "TERM is not set"
    return f"TERM={term}" if term in _NO_SCREEN else ""


def draws_links(environ: Environ) -> bool:
    """Whether it is known to draw hyperlinks (OSC 8). In a multiplexer nobody knows which terminal is attached."""
    if environ.get("TMUX") or environ.get("STY"):
        return False
    name = environ.get("TERM", "").removeprefix("xterm-")
    vte = environ.get("VTE_VERSION", "")
    return (
        name.partition("-")[0] in _LINKING
        or environ.get("TERM_PROGRAM", "") in _LINKING_PROGRAMS
        or bool(environ.get("WT_SESSION"))
        or bool(environ.get("KONSOLE_VERSION"))
        or (vte.isdecimal() and int(vte[:9]) >= _LINKING_VTE)
    )


def erases_on_its_ground(environ: Environ) -> bool:
    """Whether what is erased gets the colour of the ground that is written on (terminfo's bce), as nearly everywhere. tmux, whose TERM may
    be screen's, does so; GNU screen does not."""
    if environ.get("TMUX"):
        return True
    return not environ.get("STY") and not environ.get("TERM", "").startswith(_OTHER_GROUND)
