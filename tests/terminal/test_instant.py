from __future__ import annotations

import fcntl
import os
import re
import select
import stat
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pyte
import pytest

from modeldeck.render.deck_frame import empty_panes
from modeldeck.terminal import instant
from tests.support import emulator


def test_a_saved_screen_comes_back_with_its_age(tmp_path: Path) -> None:
    path = instant.path_of(str(tmp_path / "screens"), "prod|http://mlflow", 80, 24)
    instant.save(path, ["head", "body"], "0;2", now=1000.0)
    assert instant.load(path, now=1090.0) == instant.Kept(["head", "body"], "0;2", 90.0)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_another_environment_or_size_has_another_screen(tmp_path: Path) -> None:
    place = str(tmp_path)
    paths = {instant.path_of(place, who, *size) for who in ("prod", "staging") for size in ((80, 24), (120, 40))}
    assert len(paths) == 4


def test_nothing_is_shown_that_is_too_old_from_the_future_or_broken(tmp_path: Path) -> None:
    path = str(tmp_path / "screen")
    instant.save(path, ["a"], "0;2", now=1000.0)
    assert instant.load(path, now=1000.0 + instant.MAX_AGE + 1) is None
    assert instant.load(path, now=900.0) is None
    whole = Path(path).read_text()
    for broken in ("something else", whole[: len(whole) // 2], whole.replace("\na\n", "\na\x1b[2J\n", 1), whole + "m\x1b[2J", ""):
        Path(path).write_text(broken)
        assert instant.load(path, now=1001.0) is None
    assert instant.load(str(tmp_path / "nowhere"), now=0.0) is None


def test_the_last_screen_says_its_age_at_the_end_of_the_first_line() -> None:
    screen = pyte.Screen(80, 24)
    lines = [f"{'modeldeck  prod':80}", f"runs{'日本':>20}   7", *[""] * 21, "x" * 80]
    picture = instant.last_screen(instant.Kept(lines, "0;38;5;245;48;5;17", 125.0), 80)
    pyte.Stream(screen).feed(picture)
    assert screen.display[0].startswith("modeldeck  prod")
    assert screen.display[0].endswith(" as it stood 2 m ago · connecting … ")
    assert screen.display[1].rstrip() == lines[1]
    assert screen.display[23] == "x" * 80
    assert {cell.bg for row in range(1, 24) for cell in screen.buffer[row].values()} == {"00005f"}


def test_a_kept_style_has_only_colours_that_this_terminal_has() -> None:
    true, few = "0;38;2;1;2;3;48;5;17", "0;38;5;245"
    assert instant.fitting(true, {"COLORTERM": "truecolor"}, no_color=False) == true
    assert instant.fitting(few, {"TERM": "xterm-256color"}, no_color=False) == few
    gone = [(true, {"TERM": "xterm-256color"}, False), (few, {"TERM": "xterm"}, False), (true, {"COLORTERM": "truecolor"}, True)]
    assert {instant.fitting(style, environ, no_color=no_color) for style, environ, no_color in gone} == {"0;2"}


KUBECONFIG = (
    "clusters:\n- cluster:\n    server: {server}\n    certificate-authority: ca.crt\n  name: default\nusers:\n- user: {{token: {token}}}\n"
)


def test_another_cluster_behind_the_same_names_has_another_screen(tmp_path: Path) -> None:
    config, authority = tmp_path / "config", tmp_path / "ca.crt"

    def identity(server: str = "https://10.0.0.1:6443", token: str = "one", ca: str = "first") -> str:
        config.write_text(KUBECONFIG.format(server=server, token=token))
        authority.write_text(ca)
        return instant.identity_of("default", str(config))

    first = identity()
    assert identity(token="two") == first
    assert len({first, identity(server="https://10.0.0.2:6443"), identity(ca="second"), instant.identity_of("prod", str(config))}) == 4
    config.write_text('{"clusters":[{"name":"default","cluster":{"server":"https://10.0.0.9","certificate-authority-data":"QQ=="}}]}')
    in_json = instant.identity_of("default", str(config))
    config.write_text(config.read_text().replace("QQ==", "Qg=="))
    assert len({first, in_json, instant.identity_of("default", str(config))}) == 3


def test_a_kubeconfig_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = {instant.identity_of("default", str(tmp_path / name)) for name in ("pipe", "nowhere", "")}
    assert len(found) == 1
    assert instant.identity_of("default", None) == "default"


Shown = tuple[pyte.Screen, bytes]


def painted(monkeypatch: pytest.MonkeyPatch, folder: Path, environ: dict[str, str], **given: Any) -> tuple[instant.Painted | None, Shown]:
    """What `paint` answers, and what a terminal of 120 × 40 shows then."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with os.fdopen(slave, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(instant, "speaks_utf8", lambda: True)
        told = instant.paint({"XDG_CACHE_HOME": str(folder), **environ}, "id", "prod", **given)
        data = b""
        while select.select([master], [], [], 0)[0]:
            data += os.read(master, 1 << 16)
    os.close(master)
    screen = emulator.Screen(120, 40)
    emulator.ByteStream(screen).feed(data)
    return told, (screen, data)


TRUE = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}


def keep(folder: Path, lines: list[str]) -> None:
    place = instant.folder({"XDG_CACHE_HOME": str(folder)})
    instant.save(instant.path_of(place, "id", 120, 40), lines, "0;38;5;245;48;5;17", time.time() - 125)


def test_where_nothing_is_kept_the_frames_are_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, (screen, _) = painted(monkeypatch, tmp_path, TRUE)
    assert told == instant.Painted(empty_panes(120, 40), instant.FRAME_TRUE)
    assert screen.display[0].rstrip() == " modeldeck  prod   connecting …"
    assert screen.display[1:] == told.lines[1:]
    assert {cell.bg for row in range(1, 40) for cell in screen.buffer[row].values()} == {"0f1319"}


@pytest.mark.parametrize(
    ("environ", "given", "style"),
    [
        ({"TERM": "xterm-256color"}, {}, instant.FRAME_256),
        ({"TERM": "xterm-256color"}, {"theme": "dark"}, instant.FRAME_256),
        ({"TERM": "xterm"}, {}, None),
        (TRUE, {"no_color": True}, None),
        (TRUE, {"theme": "ember"}, None),
    ],
)
def test_frames_are_only_painted_in_their_own_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], given: dict[str, Any], style: str | None
) -> None:
    told, (screen, _) = painted(monkeypatch, tmp_path, environ, **given)
    assert (told and told.style) == style
    assert screen.display[0].startswith(" modeldeck  prod")
    assert ("│" in screen.display[5]) == (style is not None)


def test_where_another_screen_comes_first_nothing_of_the_deck_is_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, [f"{'modeldeck  prod':120}", *["iris  v7  champion".ljust(120)] * 39])
    told, (screen, _) = painted(monkeypatch, tmp_path, TRUE, deck=False)
    assert told is None
    assert screen.display[0].rstrip() == " modeldeck  prod   connecting …"
    assert not "".join(screen.display[1:]).strip()


def test_what_is_kept_comes_after_its_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{'modeldeck  prod':120}", *["iris  v7  champion".ljust(120)] * 39]
    keep(tmp_path, lines)
    told, (screen, data) = painted(monkeypatch, tmp_path, TRUE)
    assert told == instant.Painted(lines, "0;38;5;245;48;5;17")
    assert screen.display[0].endswith(" as it stood 2 m ago · connecting … ")
    assert screen.display[1:] == lines[1:]
    assert data.index(b"as it stood") < data.index(b"champion")


@pytest.mark.parametrize("kept", [[], [" " * 120, f"╭ 1 Runs ─ all {'─' * 101} 7 ╮", *["│" + " " * 118 + "│"] * 38]])
def test_over_ssh_no_long_rule_is_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: list[str]) -> None:
    if kept:
        keep(tmp_path, kept)
    told, (screen, data) = painted(monkeypatch, tmp_path, {**TRUE, "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"})
    assert told is not None
    assert screen.display[1:] == told.lines[1:], "what stands there is known"
    assert told.lines == [re.sub("─{6,}", lambda rule: " " * len(rule.group()), line) for line in kept or empty_panes(120, 40)]
    assert len(data) < 1500
