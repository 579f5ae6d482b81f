"""What a person could type instead of each step: kubectl and MLflow's own client, ready for a shell."""

from __future__ import annotations

import json
import shlex

from modeldeck.domain.kubernetes.annotations import OPERATION
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.plan import Target
from modeldeck.operations.common import patch


class Commands:
    def __init__(self, target: Target, operation_id: str, deployment: Deployment) -> None:
        self._target = target
        self._id = operation_id
        self._deployment = deployment
        self._name = shlex.quote(deployment.name)
        self._kubectl = f"kubectl -n {shlex.quote(deployment.namespace)}"

    def patch(self) -> str:
        return self._patch(self._target.slot_edits)

    def restart(self) -> str:
        return self._patch(patch.of_template(self._target.slot_edits))

    def mark(self) -> str:
        return f"{self._kubectl} annotate deployment {self._name} {OPERATION}={shlex.quote(self._id)}"

    def release(self) -> str:
        return f"{self._kubectl} annotate deployment {self._name} {OPERATION}-"

    def rollout_status(self) -> str:
        return f"{self._kubectl} rollout status deployment {self._name}"

    def move_alias(self) -> str:
        return point_alias(self._target.model, self._target.alias, self._target.to_version)

    def tag(self) -> str:
        target = self._target
        return _mlflow(f"set_model_version_tag({target.model!r}, {target.to_version!r}, 'modeldeck.operation', {self._id!r})")

    def verify(self) -> str:
        return f"modeldeck status {shlex.quote(self._deployment.key)}"

    def _patch(self, wanted: Edits) -> str:
        """Without the mark: nobody would take it off again after a patch by hand."""
        wanted = {where: change for where, change in wanted.items() if where != patch.own_annotation(OPERATION)}
        text = json.dumps(patch.patch(wanted, self._deployment, guarded=False), ensure_ascii=False, separators=(",", ":"))
        return f"{self._kubectl} patch deployment {self._name} --type strategic -p {shlex.quote(text)}"


def point_alias(model: str, alias: str, version: str | None) -> str:
    """MLflow's own client on a shell's line; None takes the alias away."""
    if version is None:
        return _mlflow(f"delete_registered_model_alias({model!r}, {alias!r})")
    return _mlflow(f"set_registered_model_alias({model!r}, {alias!r}, {version!r})")


def take_announcement_off(model: str, alias: str, operation_id: str) -> str:
    """Of an operation that is gone for good."""
    return _mlflow(f"delete_registered_model_tag({model!r}, {moving_tag(alias, operation_id)!r})")


def _mlflow(call: str) -> str:
    code = f"from mlflow import MlflowClient; MlflowClient().{call}"
    quoted = f'"{code}"' if not any(letter in code for letter in '"$`\\!') else shlex.quote(code)
    return f"python -c {quoted}"
