"""Plug-ins that log in: kept away from the terminal, ended when they do not end, and run no more often than needed."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.environments import Secret
from modeldeck.domain.failures import Failure, TooLarge, Unauthorized, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.kubernetes import exec_plugin
from modeldeck.sources.kubernetes.exec_plugin import Plugin, _ends
from modeldeck.sources.kubernetes.kubeconfig import ExecPlugin
from tests.sources.kubernetes.waiting import until

V1 = "client.authentication.k8s.io/v1"


def plugin(script: str, **parts: Any) -> Plugin:
    values: dict[str, Any] = {"env": (), "api_version": V1, "hint": "install it", "needs_terminal": False}
    return Plugin(ExecPlugin(command=sys.executable, args=("-c", script), **(values | parts)))


def answers(status: str) -> str:
    return f"import json, os, sys; print(json.dumps({{'apiVersion': '{V1}', 'kind': 'ExecCredential', 'status': {status}}}))"


def counting(folder: Path, more: str = "") -> Plugin:
    """Answers the token t1, t2, … each time that it is run."""
    script = f"""
import json, pathlib
runs = pathlib.Path({str(folder / "runs")!r}); n = int(runs.read_text()) + 1 if runs.exists() else 1; runs.write_text(str(n))
print(json.dumps({{"apiVersion": {V1!r}, "status": {{"token": f"t{{n}}"{more}}}}}))
"""
    return plugin(script)


async def test_a_plugin_has_no_terminal_and_is_told_who_asks() -> None:
    status = "{'token': json.dumps([sys.stdin.read(), os.environ['PROFILE'], json.loads(os.environ['KUBERNETES_EXEC_INFO'])])}"
    found = await plugin(answers(status), env=(("PROFILE", "prod"),), cluster={"server": "https://one"}).credential()
    assert found.token is not None
    stdin, profile, told = json.loads(found.token.reveal())
    assert (stdin, profile) == ("", "prod")
    assert told["spec"] == {"interactive": False, "cluster": {"server": "https://one"}}


async def test_a_plugin_cannot_reach_the_terminal() -> None:
    script = "import os\ntry: os.open('/dev/tty', os.O_RDWR); tty = 'yes'\nexcept OSError: tty = 'no'\n" + answers("{'token': tty}")
    found = await plugin(script).credential()
    assert found.token == Secret("no")


@pytest.mark.parametrize(
    ("made", "kind", "message"),
    [
        (lambda: plugin("import sys; sys.exit('Token has expired: run login')"), Unauthorized, "Token has expired: run login"),
        (lambda: plugin("print('hello')"), Unreachable, "ExecCredential"),
        (lambda: plugin(answers("{}")), Unreachable, "without a token"),
        (lambda: plugin(answers("{'token': 'x'}"), api_version="client.authentication.k8s.io/v1beta1"), Unreachable, "asks for"),
        (lambda: plugin("", needs_terminal=True), Unreachable, "terminal"),
        (lambda: Plugin(ExecPlugin("/nowhere/login", (), (), V1, "install it", False)), Unreachable, "cannot be started"),
    ],
)
async def test_what_a_plugin_does_wrong(made: Any, kind: type[Failure], message: str) -> None:
    with pytest.raises(kind) as caught:
        await made().credential()
    assert message in caught.value.message
    assert caught.value.hint


async def test_a_plugin_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "PATIENCE", 0.2)
    with pytest.raises(Unreachable, match="no credentials within"):
        await plugin("import time; time.sleep(600)").credential()


async def test_a_cancelled_wait_ends_the_plugin(tmp_path: Path) -> None:
    script = f"import os, pathlib, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(plugin(script).credential())
    pid = int(await until("the plug-in runs", lambda: _text(tmp_path / "pid")))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def test_a_plugin_that_does_not_end_its_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "CREDENTIALS", 100_000)
    with pytest.raises(TooLarge):
        await plugin("import sys\nwhile True: sys.stdout.write('x' * 65536)").credential()


async def test_a_plugin_that_does_not_end_its_complaint_is_not_kept() -> None:
    script = "import sys\nfor n in range(100): sys.stderr.write('x' * 65536)\nsys.exit('\\nlog in first')"
    with pytest.raises(Unauthorized, match="log in first"):
        await plugin(script).credential()


@pytest.mark.parametrize("answer", ["'[' * 300000", "'9' * 5000"])
async def test_a_plugin_that_answers_absurdly(answer: str) -> None:
    with pytest.raises(Unreachable, match="ExecCredential"):
        await plugin(f"print({answer})").credential()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00", "99999-01-01T00:00:00Z", "9" * 5000])
async def test_a_plugin_whose_credential_expires_at_no_moment(moment: str) -> None:
    answer = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": moment}}
    with pytest.raises(Unreachable, match="ExecCredential"):
        await plugin(f"print({json.dumps(json.dumps(answer))})").credential()


async def test_a_plugin_whose_command_cannot_be_written() -> None:
    with pytest.raises(Unreachable, match="cannot be started"):
        await Plugin(ExecPlugin("a\0b", (), (), V1, "", False)).credential()


async def test_a_plugin_whose_answers_are_refused_is_not_run_again_and_again(tmp_path: Path) -> None:
    at = 0.0
    runs = counting(tmp_path)
    runs._monotonic = lambda: at
    credential = None
    for second in range(120):
        at = float(second)
        credential = await runs.credential(refused=credential)
    assert int((tmp_path / "runs").read_text()) <= 9


async def test_a_plugin_that_fails_is_asked_once_by_many(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'runs')!r}, 'a').write('x'); raise SystemExit('no')"
    failing = plugin(script)
    found = await asyncio.gather(*(failing.credential() for _ in range(30)), return_exceptions=True)
    assert {type(failure) for failure in found} == {Unauthorized}
    assert len((tmp_path / "runs").read_text()) == exec_plugin.QUICK_RUNS


async def test_a_plugin_may_leave_a_helper_behind_that_goes_on_talking(capfd: pytest.CaptureFixture[str]) -> None:
    talks = "import os, time\nos.write(2, b'ready')\nwhile True: time.sleep(0.01); os.write(2, b'x' * 65536)"
    script = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {talks!r}], stdout=subprocess.DEVNULL)\n"
    found = await asyncio.wait_for(plugin(script + answers("{'token': 't'}")).credential(), 30)
    assert found.token == Secret("t")
    gc.collect()  # a pipe that was left open would complain now, on the terminal
    assert capfd.readouterr().err == ""


def test_the_whole_message_of_a_plug_in_is_told_and_of_a_flood_both_ends() -> None:
    assert _ends("login expired / run: cloud login") == "login expired / run: cloud login"
    cut = _ends("a" * 5000 + "z")
    assert (cut[0], cut[-1], len(cut)) == ("a", "z", 603)
