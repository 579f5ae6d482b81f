"""The documents' lists are complete: every key that does something, every verb, every exit code."""

from __future__ import annotations

import re

import pytest
from textual.binding import Binding

from modeldeck.cli.arguments import VERBS
from modeldeck.cli.doctor.doctor import NEEDS
from modeldeck.console import Console
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.drift.drift_screen import DriftScreen
from modeldeck.screens.live.live_screen import LiveScreen
from modeldeck.screens.live.promql_screen import PromqlScreen
from modeldeck.screens.operation.operation_screen import OperationScreen
from modeldeck.screens.operations.list_screen import OperationsScreen
from modeldeck.screens.plan.plan_screen import PlanScreen
from modeldeck.widgets.pane.pane import Pane
from modeldeck.widgets.table.table import Table
from tests.support.documents import document, role

KEYS, CONTRACT = document("docs/guide.md"), document("docs/contract.md")
SHOWN = {"slash": "/", "colon": ":", "question_mark": "?", "equals_sign": "=", "plus": "+", "minus": "-"}
SHOWN |= {"left_square_bracket": "[", "right_square_bracket": "]"}
BINDINGS = [
    binding
    for owner in (Console, Deck, LiveScreen, PromqlScreen, DriftScreen, Pane, Table, PlanScreen, OperationScreen, OperationsScreen)
    for parent in owner.__mro__
    if parent.__module__.startswith("modeldeck.")
    for binding in parent.__dict__.get("BINDINGS", [])
    if isinstance(binding, Binding) and binding.key not in ("ctrl+c", "2", "3")
]


@pytest.mark.parametrize("binding", BINDINGS, ids=[f"{binding.id}" for binding in BINDINGS])
def test_every_key_is_listed(binding: Binding) -> None:
    """Of several keys for one thing, one that is listed is enough."""
    assert any(f"`{SHOWN.get(key, key)}`" in KEYS for key in binding.key.split(","))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_listed(verb: str) -> None:
    assert re.search(rf"^modeldeck {verb}\b", CONTRACT, re.MULTILINE)


def test_every_exit_code_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d) \|", CONTRACT, re.MULTILINE)}
    assert listed == {int(code) for code in ExitCode}


@pytest.mark.parametrize(("verb", "resource", "group", "subresource"), [need[:4] for need in NEEDS])
def test_the_role_grants_all_that_the_doctor_looks_for(verb: str, resource: str, group: str, subresource: str) -> None:
    """That it is enough is shown by the crash matrix, whose operators have it and nothing else (tests/crash/ground.py)."""
    wanted = f"{resource}/{subresource}" if subresource else resource
    assert any(group in rule["apiGroups"] and wanted in rule["resources"] and verb in rule["verbs"] for rule in role()["rules"])
