"""A whole sandbox as a person at a terminal has it: its exported environment, `modeldeck`, kubectl, MLflow, and a client of its models."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from modeldeck.sandbox.common.files import read_json
from modeldeck.sandbox.common.state_dir import NAMESPACE, StateDir
from modeldeck.sandbox.stack.stack import Sandbox

PATIENCE = 120.0
"""Seconds that anything may take: machines that run these cases are often busy with others."""
SCRIPT = Path(__file__).parents[2] / "sandbox" / "classic_train.py"
OFTEN = 0.2
"""Seconds between two looks at an alias."""


@dataclass(frozen=True)
class Said:
    """How a `modeldeck` command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object of the contract and nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        assert found["schema"] == 1
        return found


@dataclass(frozen=True)
class Trained:
    """The run that the training script left behind."""

    id: str
    name: str


@dataclass(frozen=True)
class World:
    """A sandbox that is up, and the kubectl to look at it with."""

    sandbox: Sandbox
    kubectl_binary: str

    @property
    def state_dir(self) -> StateDir:
        return StateDir(self.sandbox.state)

    @property
    def variables(self) -> dict[str, str]:
        """What a shell has after `eval "$(modeldeck sandbox env)"`."""
        return {**os.environ, **(self.sandbox.environment or {})}

    # What people type

    def modeldeck(self, *message: str) -> Said:
        command = [sys.executable, "-m", "modeldeck", *message]
        done = subprocess.run(command, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * PATIENCE)
        return Said(done.returncode, done.stdout, done.stderr)

    def train(self) -> Trained:
        """Run the classic script from another folder, with nothing but the exported environment."""
        command = [sys.executable, str(SCRIPT)]
        folder = self.sandbox.state
        done = subprocess.run(command, env=self.variables, cwd=folder, capture_output=True, text=True, timeout=5 * PATIENCE)
        assert done.returncode == 0, done.stderr
        # MLflow prints links to the run as well.
        run_id = next(word for word in reversed(done.stdout.split()) if re.fullmatch("[0-9a-f]{32}", word))
        info = self.mlflow("runs/get", run_id=run_id)["run"]["info"]
        return Trained(run_id, info["run_name"])

    def kubectl(self, *message: str) -> str:
        done = subprocess.run([self.kubectl_binary, *message], env=self.variables, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # What stands where

    def mlflow(self, path: str, **parameters: str) -> Any:
        """A GET of MLflow's REST interface."""
        url = f"{self.variables['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{path}"
        answer = httpx.get(url, params=parameters, timeout=30, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def alias(self, model: str, alias: str = "champion") -> str:
        return str(self.mlflow("registered-models/alias", name=model, alias=alias)["model_version"]["version"])

    def version(self, model: str, version: str) -> Any:
        return self.mlflow("model-versions/get", name=model, version=version)["model_version"]

    def tags(self, model: str, version: str) -> dict[str, str]:
        return {tag["key"]: tag["value"] for tag in self.version(model, version).get("tags", [])}

    def versions(self, model: str) -> list[Any]:
        """Newest first."""
        found = self.mlflow("model-versions/search", filter=f"name='{model}'", max_results="100")["model_versions"]
        return sorted(found, key=lambda each: -int(each["version"]))

    def get(self, *message: str) -> Any:
        return json.loads(self.kubectl("get", *message, "-o", "json"))

    def deployment(self, name: str) -> Any:
        return self.get("deployment", name)

    def slots(self, name: str) -> dict[str, str]:
        """The environment of the only container of a deployment's template."""
        (container,) = self.deployment(name)["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each["value"] for each in container["env"]}

    def pod_uris(self, name: str) -> list[str]:
        """What each ready pod of a deployment was told to serve; pods that are on their way out do not count."""
        pods = [pod for pod in self.get("pods", "-l", f"app={name}")["items"] if "deletionTimestamp" not in pod["metadata"]]
        ready = [pod for pod in pods if any(each.get("ready") for each in pod["status"].get("containerStatuses", ()))]
        return [next(each["value"] for each in pod["spec"]["containers"][0]["env"] if each["name"] == "MODEL_URI") for pod in ready]

    def event_reasons(self, name: str) -> list[str]:
        """Why there are events about a deployment, oldest first."""
        selected = f"involvedObject.kind=Deployment,involvedObject.name={name}"
        found = self.get("events", "--field-selector", selected, "--sort-by=.metadata.creationTimestamp")
        return [each["reason"] for each in found["items"]]

    # Whoever uses the models

    @contextmanager
    def client(self, service: str) -> Iterator[Answers]:
        """Asks a service without a pause until the block ends, and looks at the alias of the model of the same name all the while."""
        answers, stop = Answers(), threading.Event()
        threads = [threading.Thread(target=work, args=(service, answers, stop)) for work in (self._ask, self._look)]
        for each in threads:
            each.start()
        try:
            yield answers
        finally:
            stop.set()
            for each in threads:
                each.join()

    def _ask(self, service: str, answers: Answers, stop: threading.Event) -> None:
        rows: Any = (read_json(self.state_dir.rows) or {})[service]
        body = {"dataframe_split": {"columns": rows["columns"], "data": rows["rows"][:5]}}
        url = f"{(read_json(self.state_dir.proxy) or {})['url']}/{NAMESPACE}/{service}/invocations"
        with httpx.Client(timeout=PATIENCE, trust_env=False) as http:
            while not stop.is_set():
                try:
                    answer = http.post(url, json=body)
                except httpx.HTTPError as error:
                    answers.failed.append(f"{type(error).__name__} {error}")
                    continue
                if answer.status_code != 200 or len(answer.json()["predictions"]) != 5:
                    answers.failed.append(f"{answer.status_code} {answer.text}")
                    continue
                answers.by_model[answer.headers["x-model"]] += 1

    def _look(self, model: str, answers: Answers, stop: threading.Event) -> None:
        while not stop.wait(OFTEN):
            answers.aliases.append(self.alias(model))


@dataclass
class Answers:
    """What a client met: answers by the model that gave them (`iris/3`), failures in words, what the alias pointed at in between."""

    by_model: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
