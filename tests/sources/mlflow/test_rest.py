"""What a REST client sends of the target, and what it does not take for the target's."""

from __future__ import annotations

import pytest

from modeldeck.domain.environments import MlflowTarget, Secret
from modeldeck.domain.failures import Rejected
from modeldeck.sources.mlflow.opening import open_mlflow
from modeldeck.sources.mlflow.rest import transport_of
from tests.support.canned import always, canned, response


async def test_the_targets_token_and_workspace_are_sent() -> None:
    async with canned(always(response(b'{"experiments": [], "workspaces_enabled": true}'))) as server:
        mlflow = open_mlflow(MlflowTarget(server.url, username="me", token=Secret("tok"), workspace="team-a"))
        assert await mlflow.tracking.experiments() == ()
        assert await mlflow.tracking.experiments() == ()
        await mlflow.aclose()
    assert all(b"Authorization: Bearer tok" in request for request in server.requests)
    assert all(b"X-MLFLOW-WORKSPACE: team-a" in request for request in server.requests)
    assert [b"server-info" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("answer", [response(b"<html>", "404 Not Found"), response(b'{"workspaces_enabled": false}'), response(b"{}")])
async def test_a_workspace_of_a_server_without_them_is_not_somebody_elses_data(answer: bytes) -> None:
    async with canned(always(answer)) as server:
        mlflow = open_mlflow(MlflowTarget(server.url, workspace="team-a"))
        for ask in (mlflow.tracking.experiments, mlflow.registry.registry, mlflow.tracking.ping):
            with pytest.raises(Rejected, match="this server has no workspaces, so that team-a cannot be looked at"):
                await ask()
        await mlflow.aclose()


def test_mlflow_may_take_as_long_to_accept_as_to_answer() -> None:
    timeouts = transport_of(MlflowTarget("http://127.0.0.1:1")).timeouts
    assert timeouts.connect == timeouts.read
