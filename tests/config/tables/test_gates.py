"""Gates in the configuration and in files of their own: what is in force, and everything that is wrong with them, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.config import Flags, check, show, show_text
from modeldeck.config.tables.gates import read_gate_file
from modeldeck.domain.gates import Gate, Op, QueryCriterion
from tests.config.conftest import Machine

FILE = """\
[environments.prod]
[environments.prod.gate]
baseline = 600
max_error_ratio = 0.02
max_p99_ratio = "off"
[environments.prod.gate.rollback]
warm_up = 10
[[environments.prod.gate.criteria]]
name = "queue"
query = 'max(q{pod=~"{pods}"})'
op = "<="
bound = 10
[environments.prod.gates.iris]
max_p99 = 0.25
[[environments.prod.gates.iris.criteria]]
name = "queue"
query = "max(q)"
op = "<"
bound = 2
unit = "requests"
min_requests = 0
[environments.prod.gates."my model"]
baseline = 120
[environments.staging]
"""


def test_an_environments_gate_and_what_one_model_has_different(machine: Machine) -> None:
    machine.write(FILE)
    prod, staging = machine.good().environments
    queue = QueryCriterion("queue", 'max(q{pod=~"{pods}"})', Op.AT_MOST, 10.0)
    assert prod.gate is not None
    assert prod.gate_for("wine") == prod.gate
    assert (prod.gate.baseline, prod.gate.max_error_ratio, prod.gate.max_p99_ratio, prod.gate.criteria) == (600, 0.02, None, (queue,))
    assert prod.gate.for_rollback.warm_up == 10
    assert prod.gate.for_rollback.max_error_ratio == 0.02
    assert prod.gate.for_rollback.passes_in_a_row == 2
    iris = prod.gate_for("iris")
    assert (iris.baseline, iris.max_p99, iris.for_rollback.warm_up) == (600, 0.25, 10)
    assert iris.criteria == (QueryCriterion("queue", "max(q)", Op.BELOW, 2.0, "requests", 0),)
    assert prod.gate_for("my model").baseline == 120
    assert (staging.gate, staging.gates, staging.gate_for("iris")) == (None, {}, Gate())


def test_what_holds_for_all_environments(machine: Machine) -> None:
    machine.write("gate.baseline = 600\n[environments.prod]\n[environments.staging.gate]\nwarm_up = 5\n")
    prod, staging = machine.good().environments
    assert prod.gate == Gate(baseline=600.0)
    assert staging.gate == Gate(warm_up=5.0)


def test_a_gate_in_a_file_of_its_own(machine: Machine) -> None:
    (machine.home / "gates").mkdir()
    (machine.home / "gates" / "strict.toml").write_text("max_error_ratio = 0.03\n[rollback]\ninterval = 5\n")
    machine.write('[environments.prod]\ngate = "gates/strict.toml"\n[environments.prod.gates]\niris = "gates/strict.toml"\n')
    prod = machine.good().environment
    assert prod.gate is not None
    assert (prod.gate.max_error_ratio, prod.gate.for_rollback.interval) == (0.03, 5)
    assert prod.gate_for("iris") == prod.gate
    assert prod.origins["gate.max_error_ratio"] == "strict.toml:1"


def test_everything_that_is_wrong_is_named_at_once(machine: Machine) -> None:
    machine.write(
        """\
[environments.prod.gate]
basline = 300
baseline = "5m"
max_error_ratio = 5
max_p99 = 250
wrong_pass = 1
max_error_rise = 1
passes_in_a_row = 2.5
max_p99_ratio = false
warm_up = nan

[environments.prod.gate.rollback]
rollback = 1
timeout = true

[[environments.prod.gate.criteria]]
name = "p99"
query = 'max(q{pod="{pods}"})'
op = "=<"

[[environments.prod.gate.criteria]]
name = "fine"
query = "sum(up)"
op = ">="
bound = "2 %"
boundd = 2

[environments.prod.gates]
iris = 5
[environments.prod.gates.wine]
criteria = 1
"""
    )
    gate = "environments.prod.gate"
    found = {(int(each.where.rpartition(":")[2]), each.key): each for each in machine.bad()}
    said = {key: each.message for key, each in found.items()}
    assert found[2, f"{gate}.basline"].hint == "did you mean `baseline`?"
    assert said[3, f"{gate}.baseline"] == "expected a number of seconds, found '5m': did you mean 300?"
    assert said[4, f"{gate}.max_error_ratio"] == "expected a ratio above 0 and below 1, found 5: did you mean 0.05?"
    assert said[5, f"{gate}.max_p99"] == "expected 0.0001 to 120 seconds, found 250: did you mean 0.25?"
    assert said[6, f"{gate}.wrong_pass"] == "expected a ratio above 0 and below 0.5, found 1: did you mean 0.01?"
    assert said[7, f"{gate}.max_error_rise"] == (
        "expected how many times the error ratio of the version before, above 1 and at most 1000, found 1"
    )
    assert said[8, f"{gate}.passes_in_a_row"] == "expected a whole number, found a float"
    assert said[9, f"{gate}.max_p99_ratio"] == 'expected a number or "off", found false'
    assert said[10, f"{gate}.warm_up"] == "expected a number of seconds, found nan"
    assert said[13, f"{gate}.rollback.rollback"] == "unknown key"
    assert said[14, f"{gate}.rollback.timeout"] == "expected a number of seconds, found a boolean"
    assert said[17, f"{gate}.criteria.0.name"] == "expected another name, as 'p99' is a criterion of its own"
    assert "expected {pods} after =~" in said[18, f"{gate}.criteria.0.query"]
    assert said[19, f"{gate}.criteria.0.op"] == "expected one of <=, <, >=, >, ==, !=, found '=<'"
    assert said[16, f"{gate}.criteria.0"] == "expected the key bound, found none"
    assert said[25, f"{gate}.criteria.1.bound"] == "expected a number, found '2 %': did you mean 0.02?"
    assert found[26, f"{gate}.criteria.1.boundd"].hint == "did you mean `bound`?"
    assert said[29, "environments.prod.gates.iris"] == "expected a table or the path of a gate file, found an integer"
    assert said[31, "environments.prod.gates.wine.criteria"].startswith("expected tables such as [[")
    assert len(found) == 19


@pytest.mark.parametrize("key", ["window", "min_requests", "compare_errors", "significance", "error_margin"])
def test_keys_that_mean_nothing_any_more_are_unknown(machine: Machine, key: str) -> None:
    machine.write(f"[environments.prod.gate]\n{key} = 1\n")
    (problem,) = machine.bad()
    assert problem.message == "unknown key"


@pytest.mark.parametrize("value", ['"none"', '"off"', "false", '""', "0"])
def test_a_gate_cannot_be_switched_off_in_a_file(machine: Machine, value: str) -> None:
    machine.write(f"[environments.prod]\ngate = {value}\n")
    (problem,) = machine.bad()
    assert (problem.key, problem.where) == ("environments.prod.gate", f"{machine.config}:2")
    assert problem.hint == "a gate is skipped by `--gate none --reason TEXT` only, each time"


def test_keys_that_do_not_fit_together(machine: Machine) -> None:
    machine.write(
        """\
[environments.prod.gate]
scrape = 60
baseline = 120
timeout = 30
[environments.prod.gate.rollback]
timeout = 10
[environments.prod.gates.iris]
max_p99 = 0.5
[environments.prod.gates.wine]
max_error_ratio = "off"
max_error_rise = "off"
max_p99_ratio = "off"
"""
    )
    found = {(int(each.where.rpartition(":")[2]), each.key) for each in machine.bad()}
    settings = {(3, "gate.baseline"), (4, "gate.timeout"), (5, "gate.rollback.baseline"), (6, "gate.rollback.timeout")}
    assert found == {*settings, (9, "gates.wine")}


def test_what_is_wrong_in_a_shared_file_stands_there(machine: Machine) -> None:
    shared = machine.home / "gate.toml"
    shared.write_text('[gate]\nbaseline = 1\n[[criteria]]\nname = "a"\nquery = "up"\nop = "<"\nbound = 1\n[[criteria]]\nname = "a"\n')
    machine.write('[environments.prod]\ngate = "gate.toml"\n')
    found = {(each.where, each.key, each.hint) for each in machine.bad()}
    assert (f"{shared}:1", "gate", "the keys of a gate file stand at its top") in found
    assert {where for where, _, _ in found} == {f"{shared}:1", f"{shared}:8"}
    shared.unlink()
    (problem,) = machine.bad()
    assert (problem.where, problem.message) == (str(shared), "expected a TOML file, found no such file")


def test_a_gate_file_is_complete_in_itself(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('max_p99 = 0.25\n[[criteria]]\nname = "queue"\nquery = "max(q)"\nop = "<="\nbound = 1\n')
    file = read_gate_file(path)
    assert file.problems == ()
    assert file.gate == Gate(max_p99=0.25, criteria=(QueryCriterion("queue", "max(q)", Op.AT_MOST, 1.0),))
    assert file.places == {"queue": f"{path}:2"}
    twice = '[[criteria]]\nname = "a"\nquery = "up"\nop = "<"\nbound = 1\n' * 2
    path.write_text(f"timeout = 10\n{twice}")
    file = read_gate_file(path)
    assert file.gate is None
    assert {(each.where, each.key) for each in file.problems} == {(f"{path}:1", "timeout"), (f"{path}:7", "criteria.1")}
    assert read_gate_file(tmp_path / "none.toml").gate is None


def test_an_empty_file_is_the_default_gate(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("")
    assert read_gate_file(tmp_path / "gate.toml").gate == Gate()


def test_it_is_shown(machine: Machine) -> None:
    machine.write(FILE)
    resolved = machine.good()
    prod = show(resolved, "prod")["environments"]["prod"]  # type: ignore[index]
    assert (prod["gate"]["baseline"], prod["gate"]["max_p99_ratio"], prod["gates"]["iris"]["max_p99"]) == (600.0, None, 0.25)
    assert prod["gate"]["criteria"][0]["name"] == "queue"
    assert show(resolved, "staging")["environments"]["staging"]["gate"] is None  # type: ignore[index]
    text = " ".join(show_text(resolved, "prod").split())
    for line in (
        "gate.baseline 600 (config.toml:3)",
        "gate.max_p99_ratio off (config.toml:5)",
        "gate.rollback.warm_up 10 (config.toml:7)",
        'gate.criteria.queue <= 10: max(q{pod=~"{pods}"}) (config.toml:8)',
        "gates.iris.max_p99 0.25 (config.toml:14)",
        "gates.iris.criteria.queue < 2 requests: max(q) (config.toml:15)",
        "gates.my model.baseline 120 (config.toml:23)",
    ):
        assert line in text


def test_check_looks_at_the_gates_of_every_environment(machine: Machine) -> None:
    machine.write("[environments.prod]\n[environments.staging.gate]\ntimeout = 10\n")
    assert [problem.key for problem in check(Flags(), machine.environ(), home=machine.home)] == ["gate.timeout"]
