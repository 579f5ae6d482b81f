"""The way to the clipboard, through real tmux and screen where they are installed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.terminal import clipboard
from tests.support.terminals import opened

TEXT = "models:/iris/3"
LONG = "https://mlflow.example.com/#/" + "".join(f"{number:04}/" for number in range(400))
PROGRAM = """
import asyncio, os, pathlib, sys
from modeldeck.terminal.clipboard import copy
where = pathlib.Path(sys.argv[1])
def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()
said = asyncio.run(copy(os.environ["COPIED"], os.environ, write))
where.with_suffix(".new").write_text(said)
where.with_suffix(".new").rename(where)
"""
SENT = re.compile(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")


def test_a_plain_terminal_is_sent_it_and_nobody_knows_more() -> None:
    written: list[str] = []
    assert asyncio.run(clipboard.copy(TEXT, {}, written.append)) == "sent to the terminal"
    assert [b64decode(found).decode() for found in SENT.findall("".join(written).encode())] == [TEXT]


def test_screen_gets_no_sequence_that_it_would_cut() -> None:
    written: list[str] = []
    assert asyncio.run(clipboard.copy(LONG, {"STY": "1.a"}, written.append)) == "sent to the terminal through screen"
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", "".join(written), re.DOTALL)
    assert all(len(piece) + 4 <= 768 for piece in pieces)
    assert b64decode(SENT.findall("".join(pieces).encode())[0]).decode() == LONG


def test_a_tmux_that_is_not_there_any_more_is_no_reason_to_copy_nothing(tmp_path: Path) -> None:
    written: list[str] = []
    environ = {"TMUX": f"{tmp_path}/gone,1,0", "PATH": os.environ["PATH"]}
    assert asyncio.run(clipboard.copy(TEXT, environ, written.append)) == "sent to the terminal"
    assert SENT.search("".join(written).encode())


def environment() -> dict[str, str]:
    """Of a terminal emulator: in neither of the two."""
    return {name: value for name, value in os.environ.items() if name not in ("TMUX", "STY")} | {"TERM": "xterm-256color"}


def inside(where: Path, text: str) -> str:
    environ = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "COPIED": text}
    message = " ".join(f"{name}='{value}'" for name, value in environ.items())
    program = where.with_suffix(".py")
    program.write_text(PROGRAM)
    return f"env {message} {sys.executable} {program} {where}; exec sleep 1000"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    yield command
    subprocess.run([*command, "kill-server"], check=False, capture_output=True)


@pytest.mark.parametrize(("allowed", "said"), [("external", "in tmux's buffer and sent to the terminal"), ("off", "in tmux's buffer")])
def test_tmux_hands_it_on_as_it_is_set(tmux: list[str], allowed: str, said: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    start = ["new-session", "-d", "sleep 1000", ";", "set-option", "-g", "set-clipboard", allowed, ";", "attach"]
    with opened([*tmux, *start], environment(), tmp_path) as terminal:
        terminal.until("attached", lambda: b"\x1b[?1049h" in terminal.written)
        subprocess.run([*tmux, "respawn-pane", "-k", inside(told, TEXT)], check=True)
        terminal.until("told", told.exists)
        assert told.read_text() == said
        shown = subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True, text=True).stdout
        assert shown == TEXT
        if allowed != "off":
            terminal.until("sent", lambda: SENT.search(terminal.written))
            assert b64decode(SENT.findall(terminal.written)[-1]).decode() == TEXT


def test_tmux_without_anybody_attached_keeps_it(tmux: list[str], tmp_path: Path) -> None:
    told = tmp_path / "told"
    subprocess.run([*tmux, "new-session", "-d", inside(told, TEXT)], check=True)
    with opened(["cat"], environment(), tmp_path) as terminal:
        terminal.until("told", told.exists)
    assert told.read_text() == "in tmux's buffer"


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["short", "long"])
def test_screen_hands_it_on(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("screen") is None:
        pytest.skip("screen is not installed")
    folder = tmp_path / "screens"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("SCREENDIR", str(folder))
    told = tmp_path / "told"
    with opened(["screen", "-c", "/dev/null", "-S", "copies", "sh", "-c", inside(told, text)], environment(), tmp_path) as terminal:
        terminal.until("told", told.exists)
        assert told.read_text() == "sent to the terminal through screen"
        terminal.until("sent", lambda: SENT.search(terminal.written))
        assert b64decode(SENT.findall(terminal.written)[-1]).decode() == text
        subprocess.run(["screen", "-S", "copies", "-X", "quit"], check=False, capture_output=True)
