"""`modeldeck promote` and `rollback`: exit codes, JSON, consent, and that a refusal changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from modeldeck.cli import change
from modeldeck.domain.failures import Forbidden, Unreachable
from modeldeck.operations.common.text import from_iso
from tests.cli.conftest import Shell

PROMOTE = ("promote", "iris", "2", "--deployment", "serving/iris")


def test_promotes_and_tells_it_as_json(shell: Shell) -> None:
    said = shell(*PROMOTE, "--yes", "--reason", "better", "--output", "json")
    assert said.code == 0
    body = said.json
    assert (body["kind"], body["model"], body["from_version"], body["to_version"]) == ("promote", "iris", "1", "2")
    assert (body["namespace"], body["deployment"], body["reason"], body["state"], body["outcome"]) == (
        "serving",
        "iris",
        "better",
        "ended",
        "done",
    )
    assert from_iso(body["started_at"]) is not None
    assert body["started_at"].endswith("Z")
    assert body["gate"] is None
    for step in body["steps"]:
        assert {"name", "state", "before", "after", "started_at", "finished_at", "message"} <= step.keys()
    assert [step["state"] for step in body["steps"]] == ["done"] * 8
    assert "patch template" in said.err
    assert shell.fake.champion == "2"


def test_words_of_people_go_to_the_right_places(shell: Shell) -> None:
    said = shell(*PROMOTE, "--yes")
    assert said.code == 0
    assert "done: iris promoted: 1 → 2" in said.out
    assert "plan: promote iris v1 → v2 on serving/iris" in said.err
    assert "plan:" not in said.out


def test_without_a_terminal_a_change_needs_yes(shell: Shell) -> None:
    said = shell(*PROMOTE, "--output", "json")
    assert said.code == 2
    assert said.json["error"]["code"] == "usage"
    assert "--yes" in said.err
    assert shell.fake.env() == "models:/iris/1"


def test_a_plan_only_shows(shell: Shell) -> None:
    said = shell(*PROMOTE, "--plan")
    assert said.code == 0
    assert "2. patch template  models:/iris/1 → models:/iris/2" in said.out
    body = shell(*PROMOTE, "--plan", "-o", "json").json
    assert body["already_there"] is False
    assert [edit for edit in body["edits"] if edit["where"] == "/spec/template/spec/containers/0/env/1/value"] == [
        {
            "deployment": "serving/iris",
            "where": "/spec/template/spec/containers/0/env/1/value",
            "before": "models:/iris/1",
            "after": "models:/iris/2",
        }
    ]
    assert {check["verdict"] for check in body["checks"]} <= {"ok", "warn", "refuse", "unknown"}
    assert shell.fake.env() == "models:/iris/1"


def test_already_there_is_done(shell: Shell) -> None:
    said = shell("promote", "iris", "v1", "--deployment", "iris", "--output", "json")
    assert said.code == 0
    assert said.json["outcome"] == "nothing to do"


def test_broken_pods_end_with_1_and_their_words(shell: Shell) -> None:
    shell.fake.cluster.broken.add("models:/iris/2")
    said = shell(*PROMOTE, "--yes", "--output", "json")
    assert said.code == 1
    assert said.json["outcome"] == "undone"
    assert "cannot unpickle the model" in said.json["message"]
    assert "\x1b" not in said.out + said.err


def test_a_check_that_refuses_ends_with_3(shell: Shell) -> None:
    said = shell("promote", "iris", "9", "--deployment", "serving/iris", "--yes", "--output", "json")
    assert said.code == 3
    assert said.json["error"] == {
        "code": "refused",
        "message": "refused: version: version 9 of iris does not exist",
        "hint": "the versions pane shows those that do",
    }


def test_needs_attention_ends_with_5(shell: Shell) -> None:
    shell.fake.cluster.broken.add("models:/iris/2")
    shell.fake.traps.fail("patch_deployment", Forbidden("role was taken away"), skip=1, times=99)
    said = shell(*PROMOTE, "--yes")
    assert said.code == 5
    assert "modeldeck rollback serving/iris --to 1" in said.out


@pytest.mark.parametrize("call", ["deployment", "model"])
def test_a_backend_that_is_away_ends_with_6(shell: Shell, call: str) -> None:
    shell.fake.traps.fail(call, Unreachable("connection refused", backend="X"), times=99)
    said = shell(*PROMOTE, "--yes", "--output", "json")
    assert said.code == 6
    assert said.json["error"]["code"] == "unreachable"
    assert said.json["error"]["hint"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (("--gate", "nowhere.toml"), "nowhere.toml"),
        (("--gate", "none"), "--gate none needs a reason"),
        (("--reason", "a\x1b[2Jb"), "control characters"),
        (("--deadline", "soon"), "is no number of seconds"),
        (("--bogus",), "unrecognized arguments"),
        (("--output", "yaml"), "invalid choice"),
    ],
)
def test_usage_ends_with_2_and_changes_nothing(shell: Shell, message: tuple[str, ...], told: str) -> None:
    said = shell(*PROMOTE, "--yes", *message)
    assert said.code == 2
    assert told in said.err
    assert "\x1b" not in said.err
    assert shell.fake.env() == "models:/iris/1"


def test_gate_none_with_a_reason_is_accepted(shell: Shell) -> None:
    assert shell(*PROMOTE, "--yes", "--gate", "none", "--reason", "hotfix").code == 0


def test_rolls_back_to_what_served(shell: Shell) -> None:
    shell(*PROMOTE, "--yes")
    shell("promote", "iris", "3", "--deployment", "serving/iris", "--yes")
    said = shell("rollback", "serving/iris", "--yes", "--output", "json")
    assert (said.code, said.json["kind"], said.json["from_version"], said.json["to_version"]) == (0, "rollback", "3", "2")
    again = shell("rollback", "serving/iris", "--to", "v1", "--yes", "--output", "json")
    assert again.json["to_version"] == "1"


def test_nowhere_to_roll_back_to_is_refused(shell: Shell) -> None:
    said = shell("rollback", "serving/iris", "--yes", "-o", "json")
    assert said.code == 3
    assert said.json["error"]["code"] == "no_target"


def test_a_read_only_flag_refuses(shell: Shell) -> None:
    said = shell(*PROMOTE, "--yes", "--read-only")
    assert said.code == 3
    assert "read-only" in said.err


def test_a_protected_environment_wants_the_name_and_a_reason(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "modeldeck.toml"
    config.write_text('default = "prod"\n[environments.prod]\nprotected = true\n')
    monkeypatch.setenv("MODELDECK_CONFIG", str(config))
    said = shell(*PROMOTE, "--yes", "--reason", "better")
    assert said.code == 2
    assert "--confirm iris" in said.err
    assert shell(*PROMOTE, "--yes", "--confirm", "wine", "--reason", "better").code == 2
    unreasoned = shell(*PROMOTE, "--confirm", "iris")
    assert unreasoned.code == 3
    assert "a change needs a reason" in unreasoned.err
    assert shell.fake.env() == "models:/iris/1"
    assert shell(*PROMOTE, "--confirm", "iris", "--reason", "better").code == 0


def test_of_several_deployments_the_last_ones_name_is_wanted(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "modeldeck.toml"
    config.write_text('default = "prod"\n[environments.prod]\nprotected = true\n')
    monkeypatch.setenv("MODELDECK_CONFIG", str(config))
    uri = {"name": "MODEL_URI", "value": "models:/iris/1"}
    shell.fake.cluster.add("serving", "staging", [{"name": "server", "image": "modeldeck/model-server:1", "env": [uri]}])
    staged = ("promote", "iris", "2", "--deployment", "serving/staging", "--deployment", "serving/iris", "--reason", "better")
    refused = shell(*staged, "--confirm", "staging")
    assert refused.code == 2
    assert "--confirm iris" in refused.err
    assert shell.fake.env() == shell.fake.env(key="serving/staging") == "models:/iris/1"
    assert shell(*staged, "--confirm", "iris").code == 0
    assert shell.fake.env() == shell.fake.env(key="serving/staging") == "models:/iris/2"


async def test_a_slow_plan_is_told_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told = asyncio.Event()
    message: list[str] = []

    def say(text: str) -> None:
        message.append(text)
        told.set()

    monkeypatch.setattr(change, "say", say)
    monkeypatch.setattr(change, "QUIET", 0.0)

    async def plan() -> str:
        await told.wait()
        return "a plan"

    assert await change.told_wait(plan()) == "a plan"
    assert message == ["waiting for MLflow, the cluster or Prometheus to answer …"]


async def test_a_quick_plan_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def plan() -> str:
        return "a plan"

    assert await change.told_wait(plan()) == "a plan"
    assert capsys.readouterr().err == ""
