"""What is in force: complete, with its origin, without secrets."""

from __future__ import annotations

import json

import pytest

from modeldeck.config import show, show_text
from modeldeck.config.report import MASK
from tests.config.conftest import Machine

FILE = """
refresh = 2.5
[environments.prod]
protected = true
mlflow = { uri = "https://mlflow", token = "hunter2" }
prometheus = { url = "https://prometheus", headers = { X-Scope-OrgID = "hunter3" } }
links = { labels = { app = "iris" } }
[environments.staging]
mlflow.uri = "http://staging"
"""


def test_every_environment_is_shown_or_the_one_that_is_named(machine: Machine) -> None:
    machine.write(FILE)
    resolved = machine.good()
    assert list(show(resolved)["environments"]) == ["prod", "staging"]  # type: ignore[call-overload]
    assert list(show(resolved, "staging")["environments"]) == ["staging"]  # type: ignore[call-overload]
    assert show(resolved)["current"] == "prod"
    assert "staging" not in show_text(resolved, "prod").replace("http://staging", "")


def test_it_is_json_and_holds_no_secret(machine: Machine) -> None:
    machine.write(FILE)
    text = json.dumps(show(machine.good()))
    assert "hunter" not in text + show_text(machine.good())
    prod = json.loads(text)["environments"]["prod"]
    assert (prod["mlflow"]["token"], prod["mlflow"]["password"]) == (MASK, None)
    assert prod["prometheus"]["headers"] == {"X-Scope-OrgID": MASK}
    assert (prod["refresh"], prod["protected"], prod["kubernetes"], prod["links"]["labels"]) == (2.5, True, None, {"app": "iris"})


def test_people_read_what_is_set_and_where(machine: Machine) -> None:
    machine.write(FILE)
    lines = [" ".join(line.split()) for line in show_text(machine.good(), "prod").splitlines()]
    assert lines[0] == f"file: {machine.config}"
    assert "prod (current)" in lines
    for line in (
        "protected true (config.toml:4)",
        "refresh 2.5 (config.toml:2)",
        "read_only false (built in)",
        "kubernetes not configured",
    ):
        assert line in lines
    assert not any(line.startswith(("mlflow.password", "theme")) for line in lines)


def test_a_file_that_is_not_there_is_said_to_be_none(machine: Machine) -> None:
    assert show_text(machine.good()).splitlines()[0].endswith(" (not there)")


@pytest.mark.parametrize("address", ["https://me:word@host/x?token=secret", "https://host?token=secret#a", "https://host#secret"])
def test_an_address_is_shown_without_what_may_be_a_secret(address: str, machine: Machine) -> None:
    text = str(show(machine.good(variables={"MLFLOW_TRACKING_URI": address})))
    assert "secret" not in text
    assert "word@" not in text
