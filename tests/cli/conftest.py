from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from modeldeck.backends import Backends, open_sightings
from modeldeck.cli import change, deciding, gate, here, history, metrics, operations, register, slo, status
from modeldeck.cli.changes import changes
from modeldeck.cli.doctor import doctor
from modeldeck.cli.drift import verb as drift_verb
from modeldeck.cli.live import live
from modeldeck.cli.main import main
from modeldeck.config.values import Flags
from modeldeck.domain.environments import Environment
from modeldeck.operations.history.remembering import RememberingRegistry
from modeldeck.operations.history.sightings import registry_id
from tests.support.fakes.clients import FakeClients, fake_clients
from tests.support.fakes.journals import MemoryJournal
from tests.support.in_process_runner import InProcessRunner


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        assert found["schema"] == 1
        return found


@dataclass
class Shell:
    """The command line on a fake world. `opened` are the consoles and sandboxes that would have been opened."""

    fake: FakeClients
    journal: MemoryJournal
    opened: list[Any]
    say: Callable[..., Said]

    def __call__(self, *message: str) -> Said:
        return self.say(*message)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("PROMETHEUS_URL", "MODELDECK_CONFIG", "MODELDECK_SANDBOX_STATE", "MODELDECK_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    (tmp_path / "kubeconfig").write_text("{}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    fake, journal = fake_clients(), MemoryJournal()
    opened: list[Any] = []

    def connect(environment: Environment) -> Backends:
        async def own() -> str:
            return "serving"

        fake.environment = environment
        remembering = RememberingRegistry(fake.registry, open_sightings(environment), registry_id(environment.mlflow), fake.clock)
        clients = replace(fake.clients, environment=environment, registry=remembering)
        return Backends(clients, None, (remembering.aclose,), own)

    for module in (change, changes, deciding, doctor, drift_verb, gate, here, history, live, metrics, register, slo, status):
        monkeypatch.setattr(module, "connect", connect)
    for module in (change, changes, doctor, history, operations):
        monkeypatch.setattr(module, "open_journal", lambda environment: journal)
    for module in (change, changes, deciding, operations):
        monkeypatch.setattr(module, "SystemClock", lambda: fake.clock)
    for module in (change, deciding):
        monkeypatch.setattr(module, "start_runner", lambda clients: lambda: InProcessRunner(clients, journal, fake.clock))  # type: ignore[arg-type]

    def open_console(flags: Flags, wall: bool) -> int:
        opened.append((flags, "wall") if wall else flags)
        return 0

    def open_sandbox(flags: Flags, rest: list[str]) -> int:
        opened.append((flags, rest))
        return 0

    def say(*message: str) -> Said:
        capsys.readouterr()
        code = main(message, open_console, open_sandbox)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return Shell(fake, journal, opened, say)
