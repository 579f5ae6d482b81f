"""Which cluster an environment means."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from modeldeck.cli import here
from modeldeck.domain.environments import ClusterTarget, Environment
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.identity import ClusterId
from tests.support import operations as ops

ENVIRONMENT = Environment("prod", None, ClusterTarget(), None)
NOWHERE = Environment("prod", None, None, None)
KNOWN = tuple(replace(ops.ROLLING, cluster=ClusterId(uid, address)) for uid, address in (("u1", "other"), ("u2", "here"), ("u3", "here")))


def answering(monkeypatch: pytest.MonkeyPatch, answer: ClusterId | Failure) -> list[str]:
    closed: list[str] = []

    async def identity() -> ClusterId:
        if isinstance(answer, Failure):
            raise answer
        return answer

    async def close() -> None:
        closed.append("closed")

    cluster = SimpleNamespace(identity=identity)
    backends = SimpleNamespace(clients=SimpleNamespace(need_cluster=lambda: cluster), close=close)
    monkeypatch.setattr(here, "connect", lambda environment: backends)
    monkeypatch.setattr(here, "cluster_address", lambda target: "here")
    return closed


async def test_the_cluster_itself_says_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = answering(monkeypatch, ClusterId("uid", "here"))
    assert await here.here_now(ENVIRONMENT, KNOWN) == ClusterId("uid", "here")
    assert closed == ["closed"]


async def test_where_it_is_away_the_newest_operation_at_its_address_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = answering(monkeypatch, Unreachable("refused"))
    assert await here.here_now(ENVIRONMENT, KNOWN) == ClusterId("u2", "here")
    assert closed == ["closed"]
    assert await here.here_offline(ENVIRONMENT, KNOWN[:1]) == ClusterId("", "here")


async def test_an_address_that_cannot_be_read_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(target: ClusterTarget) -> str:
        raise Unreachable("no kubeconfig")

    monkeypatch.setattr(here, "cluster_address", broken)
    assert await here.here_offline(ENVIRONMENT, KNOWN) == ClusterId()


async def test_without_a_cluster_nobody_is_asked() -> None:
    assert await here.here_now(NOWHERE, KNOWN) == await here.here_offline(NOWHERE, KNOWN) == ClusterId()
