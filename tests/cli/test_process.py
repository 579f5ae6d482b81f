"""The process around a verb: broken streams, other character sets, bugs. The exit code tells the outcome in all of them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modeldeck.cli import process
from modeldeck.domain.operations.exit_code import ExitCode
from tests.cli.conftest import Shell

PROMOTE = ("promote", "iris", "2", "--deployment", "serving/iris", "--yes")


def shell_line(line: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """A line of shell in which `$M` is the command, with nothing configured."""
    variables = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    variables |= {"M": f"{sys.executable} -m modeldeck", **environ}
    return subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=False, env=variables)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("$M config show >/dev/full", ExitCode.UNTOLD),
        ("$M config show -o json <&- >&- 2>&-", ExitCode.UNTOLD),
        ("$M --help >/dev/full 2>/dev/full", ExitCode.UNTOLD),
        ("$M sandbox --help >/dev/full", ExitCode.UNTOLD),
        ("$M sandbox --nonsense 2>/dev/full", ExitCode.USAGE),
        ("$M config show 2>/dev/full | cat; exit ${PIPESTATUS[0]}", ExitCode.DONE),
        ("{ sleep 1; $M operations list; } | true; exit ${PIPESTATUS[0]}", 141),
        ("$M nonsense -o json >/dev/full", ExitCode.USAGE),
        ("$M <&-", ExitCode.USAGE),
        ("$M promote a 1 --deployment b/c --yes <&- >&- 2>/dev/full", ExitCode.UNREACHABLE),
        ("$M status $'\\xff'", ExitCode.USAGE),
    ],
)
def test_a_broken_stream_ends_nothing_in_a_traceback(line: str, code: int, tmp_path: Path) -> None:
    told = shell_line(line, tmp_path)
    assert b"Traceback" not in told.stderr
    assert b"bug" not in told.stderr
    assert told.returncode == code, told.stderr


@pytest.mark.parametrize(
    ("does", "where", "code"),
    [
        ("sys.stdout.write('x' * 100_000)", ">/dev/full", ExitCode.UNTOLD),
        ("sys.stderr.write('x' * 100_000)", "2>/dev/full", ExitCode.USAGE),
        ("sys.stdout.write('x' * 1_000_000)", "| true; exit ${PIPESTATUS[0]}", 141),
        ("open('/dev/null/absent')", "", ExitCode.BUG),
        ("open('/dev/null/absent')", ">/dev/full", ExitCode.BUG),
    ],
)
def test_a_streams_own_error_is_none_of_ours(does: str, where: str, code: int, tmp_path: Path) -> None:
    """argparse lets it through in the first releases of Python 3.11."""
    program = f"import sys; from modeldeck.cli.process import run_process; sys.exit(run_process(lambda: int(bool({does}))))"
    assert shell_line(f'{sys.executable} -c "{program}" {where}', tmp_path).returncode == code


@pytest.mark.parametrize(("where", "why"), [("/dev/full", b"No space left on device"), ("&-", b"Bad file descriptor")])
def test_why_an_answer_could_not_be_written_is_said(where: str, why: bytes, tmp_path: Path) -> None:
    told = shell_line(f"$M config show >{where}", tmp_path)
    assert told.stderr == b"modeldeck: the answer could not be written: " + why + b"\n"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_other_character_sets_get_ascii_signs_and_json_that_is_json(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[environments."ü"]\nchampion = "模型"\n', encoding="utf-8")
    told = shell_line("$M config show --config $HOME/config.toml", tmp_path, PYTHONIOENCODING=encoding)
    assert told.returncode == 0, told.stderr
    assert b"\\u6a21\\u578b" in told.stdout
    told = shell_line("$M config show --config $HOME/config.toml -o json", tmp_path, PYTHONIOENCODING=encoding)
    assert json.loads(told.stdout.decode(encoding))["environments"]["ü"]["champion"] == "模型"


class Broken(io.TextIOWrapper):
    """A standard output onto a disk that is full."""

    def __init__(self) -> None:
        super().__init__(io.FileIO(os.open("/dev/full", os.O_WRONLY), "w"), write_through=True)


@pytest.mark.parametrize("flags", [(), ("-o", "json"), ("--detach",)])
def test_a_promotion_that_was_done_ends_with_0_on_a_full_disk(
    flags: tuple[str, ...], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.lost.clear()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", Broken())
        assert shell(*PROMOTE, *flags).code == ExitCode.DONE
    assert process.lost == []
    if flags != ("--detach",):
        assert shell.fake.champion == "2"


def test_a_look_whose_answer_is_lost_is_remembered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    process.lost.clear()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", Broken())
        shell("operations", "list")
    assert process.lost
    process.lost.clear()


def test_a_bug_has_a_code_of_its_own_and_says_where(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(process, "mend_streams", lambda: None)

    def broken() -> int:
        raise KeyError("x\x1b[2J")

    assert process.run_process(broken) == ExitCode.BUG
    said = capsys.readouterr().err
    assert "bug of modeldeck: KeyError" in said
    assert f"{Path(__file__).name}" in said
    assert "Traceback" not in said
    assert "\x1b" not in said
