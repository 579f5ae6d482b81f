from __future__ import annotations

import os
import stat
from pathlib import Path

import pyte

from tui import instant


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


def test_the_frame_says_its_age_at_the_end_of_the_first_line() -> None:
    screen = pyte.Screen(80, 24)
    lines = [f"{'modeldeck  prod':80}", f"runs{'日本':>20}   7", *[""] * 21, "x" * 80]
    picture = instant.frame(instant.Kept(lines, "0;38;5;245;48;5;17", 125.0), 80)
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
