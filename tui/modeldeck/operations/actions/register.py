"""Registering the model that a run logged as a new version."""

from __future__ import annotations

from modeldeck.domain.failures import Rejected
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import may_change
from modeldeck.operations.common.text import has_orders


async def register(clients: Clients, run_id: str, model: str, *, description: str = "") -> ModelVersion:
    """Creates the registered model where needed. Raises ReadOnly, Rejected for a name that cannot be one, or what MLflow says."""
    may_change(clients)
    if not model.strip() or has_orders(model) or "/" in model or ":" in model:
        raise Rejected(f"{model!r} cannot be a model's name", hint="letters, digits, - _ . and blanks; no / and no :")
    return await clients.need_registry().create_version(model, run_id, description=description)
