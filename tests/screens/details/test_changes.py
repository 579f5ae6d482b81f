"""Small changes: what is asked before them, what they do, and how a refusal is told."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Forbidden
from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.render.cell import line_text
from modeldeck.screens.details import changes
from tests.support import sample
from tests.support.fakes.clients import FakeClients, fake_clients

ROW = sample.rows({"iris": "models:/iris/1"})[0]
KEY = "serving/iris"


@pytest.fixture
def fake() -> FakeClients:
    return fake_clients()


async def test_a_restart_is_asked_for_with_its_pods_and_then_made(fake: FakeClients) -> None:
    change = changes.restart(ROW, fake.clock)
    assert (change.title, line_text(change.question[0])) == ("Restart", f"{KEY}: restart {ROW.desired} pods?")
    assert line_text(await change.make(fake.clients)) == f"{KEY} restarts"
    assert RESTARTED_AT in fake.template()["metadata"]["annotations"]


async def test_a_scale_is_asked_for_with_before_and_after_and_then_made(fake: FakeClients) -> None:
    change = changes.scale(ROW, 7)
    assert (change.title, line_text(change.question[0])) == ("Scale", f"{KEY}: from {ROW.desired} to 7 replicas?")
    assert line_text(await change.make(fake.clients)) == f"{KEY} scales to 7"
    assert fake.cluster.deployments[KEY]["spec"]["replicas"] == 7


async def test_a_refusal_is_told_with_what_can_be_done_about_it(fake: FakeClients) -> None:
    fake.traps.fail("patch_deployment", Forbidden("you may not patch", hint="ask for it"), times=9)
    (told,) = await changes.restart(ROW, fake.clock).make(fake.clients)
    assert (told.text, told.role) == ("you may not patch · ask for it", "bad")
