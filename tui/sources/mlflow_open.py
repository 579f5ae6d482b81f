"""One MLflow backend for a target, whichever of the two clients its tracking URI needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.domain.environments import MlflowTarget
from tui.ports import ModelRegistry, Tracking


@dataclass(frozen=True, slots=True)
class Mlflow:
    tracking: Tracking
    registry: ModelRegistry
    aclose: Callable[[], Awaitable[None]]


def open_mlflow(target: MlflowTarget) -> Mlflow:
    """Never waits and never fails: what is wrong with the target is told by the first question."""
    if target.uri.startswith(("http://", "https://")):
        from tui.sources.mlflow_rest import RestTracking, transport_of
        from tui.sources.mlflow_rest_registry import RestRegistry

        transport = transport_of(target)
        return Mlflow(RestTracking(transport), RestRegistry(transport), transport.aclose)

    from tui.sources.mlflow_client import ClientRegistry, ClientTracking
    from tui.sources.mlflow_inprocess import InProcess

    inprocess = InProcess(target.uri)
    return Mlflow(ClientTracking(inprocess), ClientRegistry(inprocess), inprocess.aclose)
