"""The verbs that only tell: status, history, operations, doctor, register, config; and how arguments are taken apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modeldeck.cli.main import split_at_sandbox
from modeldeck.cli.telling import operation_story, operation_text, plan_text, progress_teller
from modeldeck.domain.failures import Forbidden, Unreachable
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.workloads import Container, EnvVar, OtherWorkload, PodTemplate
from modeldeck.domain.operations.plan import Target
from tests.cli.conftest import Shell
from tests.support import operations as ops
from tests.support.fakes.clock import FakeClock


def test_status_is_the_contract(shell: Shell) -> None:
    body = shell("status", "--output", "json").json
    (row,) = body["rows"]
    assert row == {
        "environment": "default",
        "namespace": "serving",
        "deployment": "iris",
        "model": "iris",
        "link": {"how": "env-uri", "where": "/spec/template/spec/containers/0/env/1/value"},
        "references": [{"how": "env-uri", "places": ["server/env/MODEL_URI"], "text": "models:/iris/1"}],
        "unread": [],
        "server_calls_it": [],
        "spec_version": "1",
        "alias": {"name": "champion", "version": "1"},
        "live_versions": [{"version": "1", "pods": 2, "ready": 2}],
        "replicas": {"desired": 2, "updated": 2, "ready": 2, "available": 2},
        "rollout": 'deployment "iris" successfully rolled out',
        "latency": {"p50": None, "p99": None},
        "error_ratio": None,
        "requests_per_second": None,
        "disagreements": [],
        "operation": None,
    }
    assert {name: source["state"] for name, source in body["sources"].items()} == {
        "mlflow": "live",
        "kubernetes": "live",
        "prometheus": "unavailable",
    }


def test_status_names_what_is_not_handled(shell: Shell) -> None:
    server = Container("server", "x", env=(EnvVar("MODEL_URI", "models:/iris/1"),))
    shell.fake.cluster.others += [
        OtherWorkload("StatefulSet", "serving", "iris-sts", PodTemplate(containers=(server,))),
        OtherWorkload("DaemonSet", "serving", "logs", PodTemplate()),
    ]
    body = shell("status", "-o", "json").json
    assert body["not_handled"] == [{"kind": "StatefulSet", "namespace": "serving", "name": "iris-sts"}]
    said = shell("status", "serving/iris-sts")
    assert said.code == 3
    assert "serving/iris-sts is a StatefulSet, which is not handled yet" in said.err
    assert "is called" not in said.err


def test_status_flags_what_disagrees(shell: Shell) -> None:
    shell.fake.registry.aliases["iris"]["champion"] = "3"
    said = shell("status")
    assert said.code == 0
    assert said.out.splitlines()[1].startswith("!  serving/iris")
    assert "! serving/iris: alias champion says v3, the template says v1" in said.out
    (row,) = shell("status", "iris", "-o", "json").json["rows"]
    assert [found["code"] for found in row["disagreements"]] == ["alias-differs"]


def test_status_without_mlflow_goes_on_without_its_part(shell: Shell) -> None:
    shell.fake.traps.fail("registry", Unreachable("connection refused", backend="MLflow"), times=9)
    said = shell("status", "-o", "json")
    assert said.code == 0
    assert said.json["sources"]["mlflow"] == {"state": "unavailable", "age": None, "message": "MLflow: connection refused"}
    assert said.json["rows"][0]["alias"]["version"] is None
    assert "connection refused" in said.err


def test_status_without_the_cluster_ends_with_6(shell: Shell) -> None:
    shell.fake.traps.fail("fleet", Unreachable("connection refused", backend="Kubernetes"))
    said = shell("status", "-o", "json")
    assert said.code == 6
    assert said.json["rows"] == []
    assert said.json["error"]["code"] == "unreachable"


def test_status_of_nobody(shell: Shell) -> None:
    said = shell("status", "serving/nobody")
    assert said.code == 3
    assert "nobody" in said.err


def later(shell: Shell, seconds: float) -> None:
    assert isinstance(shell.fake.clock, FakeClock)
    shell.fake.clock.at += seconds


def test_history_tells_own_moves_and_those_of_others(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "--reason", "better")
    later(shell, 7200)
    shell.fake.cluster.set_env("serving/iris", "MODEL_URI", "models:/iris/3")
    shell.fake.cluster.roll_out("serving/iris")
    entries = shell("history", "iris", "-o", "json").json["entries"]
    assert [(one["kind"], one["from_version"], one["to_version"], one["actor"], one["source"]) for one in entries] == [
        ("move", "2", "3", "kubectl-set", "cluster"),
        ("promote", "1", "2", entries[1]["actor"], "journal"),
    ]
    assert entries[1]["actor"]
    assert entries[1]["reason"] == "better"
    text = shell("history").out
    assert "better" in text
    assert shell("history", "wine").out.strip() == "nothing is known to have been moved"


def test_history_tells_an_alias_that_somebody_else_moved_and_ours_once(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes")
    later(shell, 7200)
    assert shell("status").code == 0
    shell.fake.registry.aliases["iris"]["champion"] = "3"
    later(shell, 100)
    assert shell("status").code == 0
    shell.fake.registry.aliases["iris"].pop("champion")
    later(shell, 100)
    entries = shell("history", "serving/iris", "-o", "json").json["entries"]
    assert [(one["kind"], one["from_version"], one["to_version"], one["source"]) for one in entries] == [
        ("move", "3", None, "registry"),
        ("move", "2", "3", "registry"),
        ("promote", "1", "2", "journal"),
    ]
    assert (entries[0]["actor"], entries[0]["namespace"], entries[0]["deployment"], entries[0]["deployments"]) == (None, None, None, [])
    assert (entries[1]["alias"], entries[1]["state"], entries[1]["outcome"], entries[1]["reason"]) == ("champion", "ended", "done", None)
    assert entries[1]["finished_at"] == entries[0]["started_at"]
    assert len({one["id"] for one in entries}) == 3
    first = shell("history").out.splitlines()[1]
    assert "iris@champion" in first
    assert "nothing" in first
    assert "by no operation known here" in first


def test_history_without_a_journal_to_write_says_so(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no database " * 100)
    monkeypatch.setenv("MODELDECK_JOURNAL", str(tmp_path / "file"))
    assert shell("status").code == 0
    said = shell("history")
    assert said.code == 0
    assert "what others did to aliases is missing" in said.err


def test_history_goes_on_without_the_cluster(shell: Shell) -> None:
    shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes")
    shell.fake.traps.fail("fleet", Unreachable("connection refused", backend="Kubernetes"))
    said = shell("history", "-o", "json")
    assert said.code == 0
    assert len(said.json["entries"]) == 1
    assert "its part of the history is missing" in said.err


def test_operations_of_other_clusters_are_left_out_and_told_with_all(shell: Shell) -> None:
    done = shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "-o", "json").json
    assert done["cluster"] == "uid:uid-of-kube-system"
    assert [one["id"] for one in shell("operations", "list", "-o", "json").json["operations"]] == [done["id"]]
    shell.fake.cluster.id = ClusterId("uid of another kube-system", shell.fake.cluster.id.address)
    said = shell("operations", "list", "-o", "json")
    assert said.json["operations"] == []
    assert "1 operations of other clusters are left out: --all" in said.err
    assert [one["id"] for one in shell("operations", "list", "--all", "-o", "json").json["operations"]] == [done["id"]]


def test_operations_list_show_and_undo(shell: Shell) -> None:
    assert shell("operations").out.strip() == "no operations yet"
    done = shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "-o", "json").json
    assert [entry["id"] for entry in shell("operations", "list", "-o", "json").json["operations"]] == [done["id"]]
    assert shell("operations", "show", done["id"], "-o", "json").json == done
    assert "alias champion of iris: 1 → 2" in shell("operations", "show", done["id"]).out
    assert shell("operations", "show").code == 2
    assert shell("operations", "show", "nobody").code == 3
    assert shell("operations", "undo", done["id"]).code == 2
    refused = shell("operations", "undo", done["id"], "--yes", "-o", "json")
    assert refused.code == 3
    assert refused.json["error"]["code"] == "conflict"


def test_register_makes_a_version(shell: Shell) -> None:
    said = shell("register", "abc123", "--model", "iris", "-o", "json")
    assert said.code == 0
    assert (said.json["model"], said.json["version"], said.json["run_id"]) == ("iris", "4", "abc123")
    assert shell("register", "abc123", "--model", "a/b").code == 3
    assert shell("register", "abc123", "--model", "iris", "--read-only", "-o", "json").json["error"]["code"] == "read_only"


def test_doctor_says_what_will_not_work(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_URL", "http://127.0.0.1:9")
    shell.fake.measured = True
    shell.fake.cluster.allowed = False
    said = shell("doctor", "-o", "json")
    backends = said.json["backends"]
    assert said.code == 6
    assert backends["mlflow"][0]["works"] is False
    assert backends["prometheus"][0]["works"] is True
    assert backends["kubernetes"][0]["message"].endswith("ms")
    patch = next(finding for finding in backends["kubernetes"] if finding["about"].startswith("patch deployments"))
    assert patch["works"] is False
    assert "promotions and roll-backs are refused" in patch["message"]
    text = shell("doctor").out
    assert "✘ patch deployments in serving" in text
    assert "✘ list resourcequotas in serving: not allowed: a plan does not tell whether the quota has room" in text
    assert text.count("✘ list nodes in the whole cluster: not allowed: a plan does not tell whether a node has room") == 1
    assert text.count("✘ list pods in the whole cluster: not allowed: a plan does not tell what the pods of other namespaces") == 1


def test_a_failure_anywhere_is_words_and_a_code(shell: Shell) -> None:
    shell.fake.traps.fail("create_version", Forbidden("no EDIT on iris", backend="MLflow"))
    said = shell("register", "abc", "--model", "iris", "-o", "json")
    assert said.code == 3
    assert said.json["error"]["code"] == "forbidden"


def test_config(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "deck.toml"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    config.write_text('[environments.prod]\nread_only = true\n[environments.prod.mlflow]\nuri = "http://user:hunter2@mlflow.example"\n')
    config.chmod(0o600)
    assert shell("config", "path", "--config", str(config)).out.strip() == str(config)
    shown = shell("config", "show", "--config", str(config), "-o", "json")
    assert shown.json["current"] == "prod"
    assert "hunter2" not in shown.out
    assert "hunter2" not in shell("config", "show", "--config", str(config)).out
    assert shell("config", "check", "--config", str(config)).out.strip() == "no problems"
    config.write_text("[environments.prod]\nread_onyl = true\n")
    checked = shell("config", "check", "--config", str(config), "-o", "json")
    assert checked.code == 2
    assert checked.json["problems"][0]["where"].endswith("deck.toml:2")
    said = shell("status", "--config", str(config), "-o", "json")
    assert said.code == 2
    assert said.json["error"]["code"] == "configuration"
    assert "deck.toml:2" in said.err


def test_no_verb_opens_the_console_with_its_flags(shell: Shell) -> None:
    assert shell("-e", "prod", "--theme", "light", "-n", "a", "-n", "b").code == 0
    (flags,) = shell.opened
    assert (flags.environment, flags.theme, flags.namespaces, flags.read_only) == ("prod", "light", ("a", "b"), None)


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


def test_a_plan_tells_each_deployment_with_its_own_model_and_versions() -> None:
    def target(name: str, model: str, before: str, after: str) -> Target:
        return replace(ops.TARGET, deployment=name, model=model, from_version=before, to_version=after)

    each = (target("dev", "dev.iris", "7", "9"), target("staging", "dev.iris", "7", "9"), target("iris", "prod.iris", "4", "5"))
    told = plan_text(replace(ops.PLAN, targets=each)).splitlines()[0]
    assert told == "plan: promote dev.iris 7 → 9 in serving/dev, then serving/staging, then prod.iris 4 → 5 in serving/iris (prod)"


def test_an_operation_tells_each_deployment_and_when_each_line_of_its_log_was_said() -> None:
    head, state, *_ = operation_text(ops.ROLLING_NEXT).splitlines()
    assert head == f"{ops.ID}  promote iris 8 → 9 in serving/iris-staging, then iris 7 → 9 in serving/iris"
    assert state.startswith("running")
    assert f"  2027-01-15T07:58:25.000Z  the lock of serving/iris is held by {ops.ID}" in operation_story(ops.ROLLING, ops.NOW).splitlines()


def test_progress_tells_the_words_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    progress_teller()(ops.ROLLING)
    told = capsys.readouterr().err.splitlines()
    assert [f"    {line.message}" for line in ops.ROLLING.log] == told[: len(ops.ROLLING.log)]
