"""One MLflow backend for a target, whichever of the two clients its tracking URI needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from modeldeck.domain.environments import MlflowTarget, Secret
from modeldeck.ports import ModelRegistry, Tracking


@dataclass(frozen=True, slots=True)
class Mlflow:
    tracking: Tracking
    registry: ModelRegistry
    aclose: Callable[[], Awaitable[None]]


def open_mlflow(target: MlflowTarget, answers: Path | None = None) -> Mlflow:
    """Never waits and never fails: what is wrong with the target is told by the first question. `answers`: a folder in which consoles of
    this user share what they are answered."""
    if target.uri.startswith(("http://", "https://")):
        from modeldeck.sources.common.shared_answers import Shared, Shelf
        from modeldeck.sources.mlflow.rest import RestTracking, store_identity, transport_of
        from modeldeck.sources.mlflow.rest_registry import RestRegistry

        transport = transport_of(target)
        shared = Shared(Shelf(answers), _who(target), partial(store_identity, transport)) if answers is not None else None
        return Mlflow(RestTracking(transport, shared), RestRegistry(transport, shared), transport.aclose)

    from modeldeck.sources.mlflow.client import ClientRegistry, ClientTracking
    from modeldeck.sources.mlflow.inprocess import InProcess

    inprocess = InProcess(target.uri)
    return Mlflow(ClientTracking(inprocess), ClientRegistry(inprocess), inprocess.aclose)


def _who(target: MlflowTarget) -> tuple[str, ...]:
    """The server and the login: what one may see another may not."""

    def text(secret: Secret | None) -> str:
        return secret.reveal() if secret else ""

    return target.uri, target.workspace, target.username, text(target.password), text(target.token), target.client_cert_path
