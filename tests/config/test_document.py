"""What a path of the configuration may lead to: pipes, endless devices, byte order marks, absurd numbers, keys and names."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from modeldeck import pipes
from modeldeck.config.document import LINE_LIMIT, Document
from modeldeck.config.kinds import InvalidValue
from modeldeck.config.secrets import Form, read, vault
from modeldeck.themes import ThemeError, load_theme
from tests.config.conftest import Machine


def problem_of(path: Path) -> str:
    document = Document(path)
    document.read(required=True)
    assert document.tables == {}
    (problem,) = document.problems
    return str(problem)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'\xef\xbb\xbfdefault = "a"\r\n', ":1: begins with a byte order mark; save it as UTF-8 without BOM"),
        ('default = "a"\n'.encode("utf-16"), ":1: begins with a byte order mark"),
        (b"\nrefresh = " + b"1" * 5000, ":2: expected a number of at most 64 bits"),
        (b"\n\nrefresh = 0x" + b"f" * 5000, ":3: refresh: expected a number of at most 64 bits"),
        (b"[gate]\nwindow = [1, 99999999999999999999]", ":2: gate.window.1: expected a number of at most 64 bits"),
        (b"x = 1e999999\n" + b"k" * 40_000 + b" = 1", f":2: expected lines of at most {LINE_LIMIT} characters, found one of 40004"),
        (b"x = " + b"[\n" * 3000 + b"]\n" * 3000, ": expected tables and arrays that are not nested so deeply"),
    ],
    ids=["bom", "utf-16", "digits", "hexadecimal", "64 bits", "long key", "nesting"],
)
def test_each_is_named_with_its_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    assert f"{path}{message}" in problem_of(path)
    assert isinstance(load_theme(path), ThemeError)


def test_a_pipe_is_read_to_its_end_and_a_silent_one_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('default = "a"',))
    writer.start()
    document = Document(pipe)
    document.read(required=True)
    writer.join()
    assert document.tables == {"default": "a"}
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.01)
    assert "it is no file, and gave nothing" in problem_of(pipe)
    with pytest.raises(InvalidValue, match="gave nothing"):
        read(vault(Form.FILE, str(pipe), tmp_path), {})


def test_what_never_ends_is_not_read_to_its_end() -> None:
    assert "at most 1 MiB" in problem_of(Path("/dev/zero"))
    with pytest.raises(InvalidValue, match="more than 64 kB"):
        read(vault(Form.FILE, "/dev/zero", Path("/")), {})


@pytest.mark.parametrize("name", ["a" * 5000, "~nobody-of-this-name/config.toml"])
def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there(name: str, machine: Machine) -> None:
    (problem,) = machine.bad(variables={"MODELDECK_CONFIG": name})
    assert problem.message in ("expected a TOML file, found no such file", "cannot be read: File name too long")
