"""From arguments to a verb: how they are taken apart, and that none imports more than it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modeldeck.cli.main import split_at_sandbox
from tests.cli.conftest import Shell


def test_no_verb_opens_the_console_with_its_flags(shell: Shell) -> None:
    assert shell("-e", "prod", "--theme", "light", "-n", "a", "-n", "b").code == 0
    (flags,) = shell.opened
    assert (flags.environment, flags.theme, flags.namespaces, flags.read_only) == ("prod", "light", ("a", "b"), None)


def test_the_wall_is_the_console_with_its_flags(shell: Shell) -> None:
    assert shell("watch", "-e", "prod").code == 0
    ((flags, message),) = shell.opened
    assert (flags.environment, message) == ("prod", "wall")


def test_the_sandbox_keeps_its_arguments(shell: Shell) -> None:
    assert shell("--theme", "light", "sandbox", "--exec", "true", "--help").code == 0
    ((flags, rest),) = shell.opened
    assert flags.theme == "light"
    assert rest == ["--exec", "true", "--help"]
    assert split_at_sandbox(["-e", "sandbox", "status"]) == (["-e", "sandbox", "status"], None)


def test_flags_stand_before_or_after_the_verb(shell: Shell) -> None:
    config = ["--config", "/nowhere.toml"]
    for message in ([*config, "status"], ["status", *config]):
        said = shell(*message)
        assert said.code == 2
        assert "/nowhere.toml" in said.err


def run(*message: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *message],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "HOME": "/nonexistent", **environ},
    )


def test_help_is_complete_and_light() -> None:
    script = (
        "import sys; sys.argv[1:] = ['--help']; from modeldeck.__main__ import main\ntry:\n main()\nfinally:\n print(sorted(sys.modules))"
    )
    told = run("-c", script)
    help_text, modules = told.stdout.rsplit("\n[", 1)
    for word in (
        "promote",
        "rollback",
        "status",
        "history",
        "operations",
        "doctor",
        "register",
        "config",
        "sandbox",
        "exit codes",
        "7 waiting",
    ):
        assert word in help_text
    for heavy in ("'textual'", "'httpx'", "'mlflow'", "'kubernetes'", "'rich'", "'msgspec'", "'asyncio'", "'sqlite3'"):
        assert heavy not in modules


@pytest.mark.parametrize("verb", ["status", "promote", "doctor", "history", "operations", "register"])
def test_no_verb_imports_textual_or_mlflow(verb: str) -> None:
    module = {"promote": "change"}.get(verb, verb)
    told = run(
        "-c",
        f"import sys, modeldeck.cli.{module}; print([m for m in ('textual', 'rich', 'mlflow', 'kubernetes') if m in sys.modules])",
    )
    assert told.stdout.strip() == "[]", told.stderr


def test_a_reader_that_goes_away_ends_it_without_a_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m modeldeck config show -o json | true; exit ${{PIPESTATUS[0]}}"
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in told.stderr
    assert told.returncode in (0, 141)


def test_as_a_whole_process(tmp_path: Path) -> None:
    told = run("-m", "modeldeck", "promote", "--output", "json", XDG_CONFIG_HOME=str(tmp_path))
    assert told.returncode == 2
    assert json.loads(told.stdout)["error"]["code"] == "usage"
    assert run("-m", "modeldeck", "--version").stdout.startswith("modeldeck ")
