"""What a person could type instead of a step: whatever the names hold, a shell and Python understand what is meant."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from modeldeck.domain.kubernetes.annotations import CHANGE_CAUSE, OPERATION, RESTARTED_AT
from modeldeck.domain.links.slots import ANNOTATIONS, Edits, escape
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.planning.commands import Commands, point_alias, take_announcement_off
from tests.domain.links.templates import container, deployment, template
from tests.support.operations import PLAN

OF = deployment(of=template(container(env={"LOG_LEVEL": "info", "MODEL_URI": "models:/iris/7"})), resource_version="41")
URI = "/spec/template/spec/containers/0/env/1/value"
RESTARTED = f"{ANNOTATIONS}/{escape(RESTARTED_AT)}"
EDITS: Edits = {
    URI: ("models:/iris/7", "models:/iris/9"),
    own_annotation(CHANGE_CAUSE): (None, "it's üblich"),
    own_annotation(OPERATION): (None, "the mark"),
}


def commands(edits: Edits = EDITS, id: str = PLAN.id, **fields: Any) -> Commands:
    return Commands(replace(PLAN.last, slot_edits=edits, **fields), id, OF)


def patch_of(command: str) -> tuple[list[str], Any]:
    """The words before the patch, and the patch."""
    *message, flag, text = shlex.split(command)
    assert flag == "-p"
    return message, json.loads(text)


def test_a_patch_has_everything_but_the_mark_which_nobody_would_take_off_again() -> None:
    command = commands().patch()
    message, body = patch_of(command)
    assert message == ["kubectl", "-n", "serving", "patch", "deployment", "iris", "--type", "strategic"]
    env = [{"name": "MODEL_URI", "value": "models:/iris/9"}]
    assert body == {
        "metadata": {"annotations": {CHANGE_CAUSE: "it's üblich"}},
        "spec": {"template": {"spec": {"containers": [{"name": "server", "env": env}]}}},
    }
    assert "üblich" in command, "as a person would write it"
    assert '": ' not in command
    assert "resourceVersion" not in command, "it may be typed at any time"


def test_annotations_whose_names_come_before_and_after_the_marks_are_kept() -> None:
    edits = {own_annotation(key): (None, key) for key in ("a", "modeldeck.dev/operation", "z")}
    assert patch_of(commands(edits).patch())[1] == {"metadata": {"annotations": {"a": "a", "z": "z"}}}


def test_a_restart_changes_the_template_alone() -> None:
    body = patch_of(commands({**EDITS, RESTARTED: (None, "2027")}).restart())[1]
    assert set(body) == {"spec"}
    assert body["spec"]["template"]["metadata"]["annotations"] == {RESTARTED_AT: "2027"}


def test_a_mark_is_put_on_and_taken_off_by_its_name() -> None:
    found = commands(id="op $1")
    annotate = ["kubectl", "-n", "serving", "annotate", "deployment", "iris"]
    assert shlex.split(found.mark()) == [*annotate, f"{OPERATION}=op $1"]
    assert shlex.split(found.release()) == [*annotate, f"{OPERATION}-"]
    assert found.rollout_status() == "kubectl -n serving rollout status deployment iris"
    assert found.verify() == "modeldeck status serving/iris"


def asked(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, tuple[object, ...]]:
    """What Python asks of MLflow's client where a shell is given this line."""
    calls: list[tuple[str, tuple[object, ...]]] = []

    class MlflowClient:
        def __getattr__(self, name: str) -> Any:
            return lambda *values: calls.append((name, values))

    module = ModuleType("mlflow")
    module.MlflowClient = MlflowClient  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", module)
    python, flag, code = shlex.split(command)
    assert (python, flag) == ("python", "-c")
    exec(code, {})
    (call,) = calls
    return call


@pytest.mark.parametrize("model", ["iris", "it's", 'a "b"', "$HOME", "`id`", "back\\slash", "wow!", "a b", "ünï"])
def test_names_may_hold_anything(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(point_alias(model, "champion", "9"), monkeypatch) == ("set_registered_model_alias", (model, "champion", "9"))
    assert asked(point_alias(model, "champion", None), monkeypatch) == ("delete_registered_model_alias", (model, "champion"))
    taken = ("delete_registered_model_tag", (model, "modeldeck.moving.champion.op"))
    assert asked(take_announcement_off(model, "champion", "op"), monkeypatch) == taken
    tag = ("set_model_version_tag", (model, "9", "modeldeck.operation", PLAN.id))
    assert asked(commands(model=model).tag(), monkeypatch) == tag


@pytest.mark.parametrize("letter", ['"', "$", "`", "\\", "!"])
def test_what_means_something_to_a_shell_stands_in_single_quotes(letter: str) -> None:
    assert point_alias(f"a{letter}b", "champion", "9").startswith("python -c 'from mlflow")


def test_a_plain_command_reads_plainly() -> None:
    assert commands().move_alias() == (
        "python -c \"from mlflow import MlflowClient; MlflowClient().set_registered_model_alias('iris', 'champion', '9')\""
    )
