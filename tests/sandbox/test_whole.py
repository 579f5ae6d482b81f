"""The whole sandbox, once: what a newcomer finds in it, and that nothing of it is left when it goes."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from modeldeck.sandbox import cli
from modeldeck.sandbox.common.files import read_json
from modeldeck.sandbox.common.progress import PARTS, WHOLE, parse_line
from modeldeck.sandbox.common.state_dir import running
from modeldeck.sandbox.deployments import manifests
from modeldeck.sandbox.stack.stack import Sandbox, SandboxInUse
from modeldeck.sandbox.traffic.__main__ import SERVICES
from tests.sandbox.conftest import Running, bring_up
from tests.support.documents import commands
from tests.support.eventually import eventually, eventually_true
from tests.support.processes import lives

CLASSIC = Path(__file__).with_name("classic_train.py")
SCRIPTS = {CLASSIC.name: CLASSIC.read_text(), **{command.document: command.stdin for command in commands() if command.stdin}}
"""MLflow's example, and what the documents give to a Python to read."""
DEPLOYMENTS = sorted(each["metadata"]["name"] for each in manifests.deployments(Path("/")))


def mlflow(whole: Running, path: str, **body: object) -> Any:
    url = f"{whole.environment['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{path}"
    answer = httpx.post(url, json=body, timeout=30) if body else httpx.get(url, params={"max_results": 100}, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


async def query(whole: Running, text: str) -> dict[str, float]:
    """The values of an instant query by deployment."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"{whole.environment['PROMETHEUS_URL']}/api/v1/query", params={"query": text})
    return {row["metric"].get("deployment", ""): float(row["value"][1]) for row in answer.json()["data"]["result"]}


def test_every_part_comes_up_and_says_how_long_it_took(whole: Running) -> None:
    ready = {event.part: event.seconds for event in whole.events if event.state == "ready"}
    assert set(ready) == {*PARTS, WHOLE}
    assert all(0 <= seconds <= ready[WHOLE] for seconds in ready.values())
    assert not [event for event in whole.events if event.state in ("failed", "ended")]


def test_the_environment_is_private_and_names_the_three_backends(whole: Running) -> None:
    assert set(whole.environment) == {"MLFLOW_TRACKING_URI", "KUBECONFIG", "PROMETHEUS_URL", "MODELDECK_GATE"}
    for file in (whole.state_dir.environment, Path(whole.environment["KUBECONFIG"])):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_there_are_runs_with_all_that_belongs_to_them(whole: Running) -> None:
    experiments = mlflow(whole, "experiments/search")["experiments"]
    names = {each["name"] for each in experiments}
    assert {"iris-training", "wine-training", "breast-cancer-training", "digits-training"} <= names
    ids = [each["experiment_id"] for each in experiments]
    runs = mlflow(whole, "runs/search", experiment_ids=ids, max_results=200)["runs"]
    assert len(runs) >= 40
    assert {run["info"]["status"] for run in runs} == {"FINISHED", "FAILED", "KILLED", "RUNNING"}
    (champion,) = (run for run in runs if run["info"]["run_name"] == "calm-owl-40")
    tags = {tag["key"]: tag["value"] for tag in champion["data"]["tags"]}
    assert len(tags["mlflow.source.git.commit"]) == 40
    (used,) = champion["inputs"]["dataset_inputs"]
    assert used["dataset"]["name"] == "iris-train"
    assert used["dataset"]["digest"]
    run_id = champion["info"]["run_id"]
    url = f"{whole.environment['MLFLOW_TRACKING_URI']}/api/2.0/mlflow"
    history = httpx.get(f"{url}/metrics/get-history", params={"run_id": run_id, "metric_key": "accuracy"}, timeout=60).json()["metrics"]
    assert len({point["step"] for point in history}) >= 4
    files = {each["path"] for each in httpx.get(f"{url}/artifacts/list", params={"run_id": run_id}, timeout=60).json()["files"]}
    assert {"confusion_matrix.json", "confusion_matrix.txt", "confusion_matrix.png"} <= files
    assert any(tag["key"] == "mlflow.parentRunId" for run in runs for tag in run["data"]["tags"])


def test_there_are_models_with_versions_and_aliases(whole: Running) -> None:
    models = {each["name"]: each for each in mlflow(whole, "registered-models/search")["registered_models"]}
    aliases = {
        name: {alias["alias"]: alias["version"] for alias in each.get("aliases", [])} for name, each in models.items() if name != "taught"
    }
    assert {name: found["champion"] for name, found in aliases.items()} == {"iris": "3", "wine": "2", "breast-cancer": "3", "digits": "2"}
    versions = mlflow(whole, "model-versions/search")["model_versions"]
    assert len(versions) >= 12
    assert all(version["status"] == "READY" for version in versions)


async def test_every_deployment_is_requested_measured_and_without_errors(whole: Running) -> None:
    selected = 'http_requests_total{handler="/invocations",status="2xx"}'

    async def all_move() -> bool:
        rates = await query(whole, f"sum by (deployment) (rate({selected}[10s]))")
        return sorted(rates) == DEPLOYMENTS and all(rate > 0 for rate in rates.values())

    await eventually_true(all_move, within=90)
    quantile = "histogram_quantile(0.99, sum by (le, deployment) (rate(http_request_duration_highr_seconds_bucket[1m])))"
    assert all(0 < seconds < 10 for seconds in (await query(whole, quantile)).values())
    predictions = await query(whole, "sum by (deployment) (increase(model_prediction_value_count[1m]))")
    assert sorted(predictions) == DEPLOYMENTS
    assert await query(whole, 'sum by (deployment) (rate(http_requests_total{status="5xx"}[1m])) > 0') == {}


async def test_pods_say_which_version_they_serve(whole: Running) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"{whole.environment['PROMETHEUS_URL']}/api/v1/query", params={"query": "model_info"})
    rows = [row["metric"] for row in answer.json()["data"]["result"]]
    found = {row["deployment"]: (row["model"], row.get("version")) for row in rows}
    assert found["iris"] == ("iris", "3")
    assert found["wine"] == ("wine", "2")
    assert found["breast-cancer"] == ("breast-cancer", "2")
    assert found["digits"] == ("digits", "2")
    assert found["legacy-scorer"][1] is None
    assert len(rows) == 9


async def test_injected_errors_show_and_go_away(whole: Running) -> None:
    failing = 'sum by (deployment) (rate(http_requests_total{deployment="digits",status="5xx"}[5s])) > 0'
    assert cli.main(["inject", "--state", str(whole.sandbox.state), "--deployment", "digits", "--errors", "1"]) == 0

    async def fails() -> bool:
        return await query(whole, failing) != {}

    async def works() -> bool:
        return not await fails()

    await eventually_true(fails, within=60)
    assert cli.main(["inject", "--state", str(whole.sandbox.state), "--clear"]) == 0
    await eventually_true(works, within=60)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_plain_training_script_works_against_it(script: str, whole: Running) -> None:
    environment = {**os.environ, **whole.environment}
    done = subprocess.run(
        [sys.executable, "-"], input=script, env=environment, cwd=whole.sandbox.state, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    # MLflow prints links to the run as well.
    run_id = next(word for word in reversed(done.stdout.split()) if re.fullmatch("[0-9a-f]{32}", word))
    run = httpx.get(f"{whole.environment['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/runs/get", params={"run_id": run_id}, timeout=60).json()[
        "run"
    ]
    assert run["info"]["status"] == "FINISHED"
    assert {metric["key"] for metric in run["data"]["metrics"]} >= {"accuracy"}
    assert run["outputs"]["model_outputs"]


def test_a_second_one_attaches_and_cannot_start_afresh(whole: Running, capsys: pytest.CaptureFixture[str]) -> None:
    state = whole.sandbox.state
    second = Sandbox.launch(state)
    assert second.attached
    assert second.environment == whole.sandbox.environment
    with pytest.raises(SandboxInUse, match="is run by process"):
        Sandbox.launch(state, fresh=True)
    assert cli.main(["env", "--state", str(state)]) == 0
    assert f"export MLFLOW_TRACKING_URI={whole.environment['MLFLOW_TRACKING_URI']}\n" in capsys.readouterr().out
    asyncio.run(second.stop())
    assert running(whole.state_dir) is not None


def test_a_command_runs_with_its_environment_and_gives_its_exit_code(whole: Running, capfd: pytest.CaptureFixture[str]) -> None:
    command = 'test -r "$KUBECONFIG" && echo $PROMETHEUS_URL && exit 7'
    assert cli.main(["--state", str(whole.sandbox.state), "--exec", command]) == 7
    out, err = capfd.readouterr()
    assert out == f"{whole.environment['PROMETHEUS_URL']}\n"
    assert "attached" in err
    assert running(whole.state_dir) is not None


async def test_mlflow_is_started_again_at_its_address_when_it_ends(whole: Running) -> None:
    url = whole.environment["MLFLOW_TRACKING_URI"]
    pid_file = whole.state_dir.pids / "mlflow"
    before = pid_file.read_text()
    os.kill(int(before), 9)

    async def answers_again() -> bool:
        try:
            async with httpx.AsyncClient(timeout=60) as client:
                return pid_file.read_text() != before and (await client.get(f"{url}/health")).is_success
        except httpx.HTTPError:
            return False

    await eventually_true(answers_again, within=180)
    runs = mlflow(whole, "runs/search", experiment_ids=["1"], max_results=5)["runs"]
    assert len(runs) == 5
    said = [parse_line(line) for line in whole.state_dir.progress.read_text().splitlines()]
    assert [event.state for event in said if event and event.part == "MLflow"] == ["starting", "ready", "ended", "ready"]


async def test_killed_outright_nothing_is_left_and_the_state_is_kept(whole: Running) -> None:
    owner = running(whole.state_dir)
    assert owner is not None
    supervisor = psutil.Process(owner.pid)
    family = supervisor.children(recursive=True)
    assert len(family) > 15, [" ".join(each.cmdline()) for each in family]
    supervisor.kill()
    await eventually(lambda: not [each for each in family if lives(each)], within=60)
    await eventually(lambda: running(whole.state_dir) is None)
    again = await bring_up(whole.sandbox.state)
    try:
        assert again.events[-1].state == "ready", [event.line() for event in again.events]
        assert again.environment == whole.environment
        (trained,) = [event for event in again.events if event.part == "models trained" and event.state == "ready"]
        assert trained.message.endswith("kept")
        counts = read_json(again.state_dir.traffic / "counts.json")
        assert counts is not None
        assert set(counts) == set(SERVICES)
    finally:
        family = psutil.Process(running(again.state_dir).pid).children(recursive=True)  # type: ignore[union-attr]
        await again.sandbox.stop()
    assert not [each for each in family if lives(each)]
    assert running(again.state_dir) is None
    assert again.sandbox.environment is None
