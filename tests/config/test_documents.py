from __future__ import annotations

import re
from pathlib import Path

import pytest

from modeldeck.cli.arguments import parser
from modeldeck.config.keys import KEYS, Key
from modeldeck.config.tables.gate_keys import GATE
from modeldeck.config.tables.gates import read_gate_file
from modeldeck.config.tables.profile_keys import PROFILE
from modeldeck.config.variables import flag_name
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from tests.config.conftest import Machine
from tests.support.documents import document

SETTINGS, METRICS = document("docs/configuration.md"), document("docs/metrics.md")
EXAMPLES, METRIC_EXAMPLES = (re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in (SETTINGS, METRICS))
GATES = METRICS[METRICS.index("## Gates") :]
SERVERS = METRICS[METRICS.index("### Servers of your own") : METRICS.index("## Gates")]
ROWS = [line for line in SETTINGS.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("key", KEYS, ids=[key.name for key in KEYS])
def test_every_setting_is_in_the_reference(key: Key) -> None:
    rows = [row for row in ROWS if f"`{key.name}`" in row.split("|")[1]]
    assert len(rows) == 1
    assert not key.variable or f"`{key.variable}`" in rows[0]
    assert not key.flag or f"`{flag_name(key)}`" in rows[0]


def test_the_example_is_a_good_file(machine: Machine) -> None:
    example = EXAMPLES[0]
    (machine.home / "prometheus-token").write_text("t")
    (machine.home / ".kube").mkdir()
    (machine.home / ".kube" / "config").write_text("{}")
    machine.write(example.replace("vault read -field=token secret/mlflow", "echo token"))
    resolved = machine.good()
    assert resolved.warnings == ()
    assert [each.name for each in resolved.environments] == ["prod", "staging"]
    assert resolved.environment.protected


def test_the_examples_of_prometheus_anywhere_are_good(machine: Machine) -> None:
    (machine.home / ".kube").mkdir()
    (machine.home / ".kube" / "config").write_text("{}")
    for name in ("mimir-token", "our-authority.pem", "me.pem", "me-key.pem"):
        (machine.home / name).write_text("t")
    through, directly = (example for example in EXAMPLES if "environments.here" in example or "environments.there" in example)
    machine.write(through)
    here = machine.good().environment
    assert here.prometheus is not None
    assert (here.prometheus.url, here.cluster is not None) == ("kubernetes://monitoring/prometheus:9090", True)
    machine.write(directly)
    target = machine.good(variables={"GATEWAY_KEY": "hush"}).environment.prometheus
    assert target is not None
    assert {name: value.reveal() for name, value in target.headers.items()} == {"X-Scope-OrgID": "team-a", "X-Api-Key": "hush"}
    assert target.client_key_path.endswith("/me-key.pem")


def test_the_example_of_a_gate_is_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(METRIC_EXAMPLES[1])
    file = read_gate_file(tmp_path / "gate.toml")
    assert file.problems == ()
    assert file.gate is not None
    assert (file.gate.max_p99, file.gate.for_rollback.warm_up, len(file.gate.criteria)) == (0.25, 15, 1)


def test_the_example_of_drift_is_a_good_one(machine: Machine) -> None:
    [example] = re.findall(r"^```toml\n(.*?)^```", document("docs/drift.md"), re.MULTILINE | re.DOTALL)
    machine.write(f"[environments.prod]\nprometheus.url = 'http://prometheus'\n{example}")
    rules = machine.good().environment.drift
    assert rules is not None
    assert str(rules.of("serving/iris").baseline) == "training"
    assert rules.of("serving/iris").histograms == ("petal_width", "petal_length")


@pytest.mark.parametrize("key", GATE)
def test_every_key_of_a_gate_is_in_its_reference(key: str) -> None:
    assert sum(f"`{key}`" in row.split("|")[1] for row in GATES.splitlines() if row.startswith("| `")) == 1


def test_the_example_of_profiles_is_a_good_one(machine: Machine) -> None:
    machine.write(f"[environments.prod]\nprometheus.url = 'http://prometheus'\n{METRIC_EXAMPLES[0]}")
    target = machine.good().environment.prometheus
    assert target is not None
    mine, ours = target.scope.profiles
    assert (mine.name, mine.errors[0].carried, mine.predictions) == ("mine", ("outcome",), "predicted_value")
    assert (ours.name, ours.latency_scale, ours.errors_apart) == ("ours", 1e-3, True)


@pytest.mark.parametrize("key", PROFILE)
def test_every_key_of_a_profile_is_in_its_reference(key: str) -> None:
    rows = [row for row in SERVERS.splitlines() if row.startswith("| `") and f"`{key}`" in row.split("|")[1]]
    assert len(rows) == 1


def test_every_profile_that_can_be_extended_is_named() -> None:
    (row,) = (row for row in SERVERS.splitlines() if row.startswith("| `extends`"))
    assert set(re.findall(r"`([a-z-]+)`", row.split("|")[3])) == set(BUILT_IN)


def test_flags_are_spelt_as_the_command_line_spells_them() -> None:
    spelt = {option for action in parser()._actions for option in action.option_strings}
    assert {flag_name(key) for key in KEYS if key.flag} <= spelt
