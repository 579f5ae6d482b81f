"""Alertmanager, what a plan makes of alerts, and what operations silence."""

from __future__ import annotations

import json

import pytest

from modeldeck.config import show, show_text
from modeldeck.config.handover import handed, received
from modeldeck.domain.environments import AlertPolicy
from tests.config.conftest import Machine
from tests.config.tables.test_profiles import told

FILE = """
alerts = "refuse"
silence = ["RolloutStuck", "PodNotReady"]
[environments.prod.alertmanager]
url = "https://alerts.example.com/"
token = "hunter2"
headers = { X-Scope-OrgID = "ml" }
[environments.test]
alerts = "ignore"
silence = true
"""


def test_what_is_read(machine: Machine) -> None:
    machine.write(FILE)
    machine.config.chmod(0o600)
    prod = machine.good().environment
    assert prod.alertmanager is not None
    assert (prod.alertmanager.url, prod.alertmanager.headers["X-Scope-OrgID"].reveal()) == ("https://alerts.example.com", "ml")
    assert prod.alertmanager.token is not None
    assert (prod.alerts, prod.silence) == (AlertPolicy.REFUSE, ("RolloutStuck", "PodNotReady"))
    test = next(one for one in machine.good().environments if one.name == "test")
    assert (test.alerts, test.silence, test.alertmanager) == (AlertPolicy.IGNORE, (), None)


def test_unless_it_is_said_a_plan_warns_and_nothing_is_silenced(machine: Machine) -> None:
    machine.write("[environments.prod]\n")
    prod = machine.good().environment
    assert (prod.alerts, prod.silence, prod.alertmanager) == (AlertPolicy.WARN, None, None)
    machine.write("[environments.prod]\nsilence = false\n")
    assert machine.good().environment.silence is None


def test_the_variable_names_an_alertmanager(machine: Machine) -> None:
    machine.write(FILE)
    target = machine.good(variables={"ALERTMANAGER_URL": "http://other:9093"}).environment.alertmanager
    assert target is not None
    assert (target.url, target.token) == ("http://other:9093", None)  # the file's token is for the file's address


def test_it_is_shown_without_secrets_and_handed_to_runners(machine: Machine) -> None:
    machine.write(FILE)
    text = json.dumps(show(machine.good()))
    assert "hunter2" not in text + show_text(machine.good())
    prod = json.loads(text)["environments"]["prod"]
    assert (prod["alerts"], prod["silence"], prod["alertmanager"]["url"]) == (
        "refuse",
        ["RolloutStuck", "PodNotReady"],
        "https://alerts.example.com",
    )
    environment = machine.good().environment
    again = received(handed(environment))
    assert (again.alertmanager, again.silence) == (environment.alertmanager, environment.silence)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('alerts = "warning"', 'expected "refuse", "warn" or "ignore", found \'warning\''),
        ("alerts = true", 'expected "refuse", "warn" or "ignore", found True'),
        ('silence = "A"', "expected true, false or an array of alerts' names, found a string"),
        ("silence = []", "expected true, false or an array of alerts' names, found an array"),
        ("silence = [1]", "expected a string, found an integer"),
        (f"silence = {['a'] * 51}", "expected at most 50 alerts' names, found 51"),
    ],
)
def test_what_is_wrong_is_told(machine: Machine, line: str, message: str) -> None:
    assert [problem[2] for problem in told(machine, line)] == [message]
