from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.screens.rollback.rollback_screen import TargetsScreen
from tests.support import operations as ops
from tests.support import sample
from tests.support.staging import settled, stage


async def test_roll_back_candidates_show_their_evidence_and_the_default_is_selected() -> None:
    core = ops.Core()
    async with stage(lambda: TargetsScreen(core.monitor(), "serving", "iris", sample.FrozenClock())) as (app, pilot):
        text = app.text()
        assert "iris v7" in text
        assert "◂ last that served" in text
        assert "rolled back" in text
        await pilot.press("enter")
        await settled(pilot)
        assert app.chosen == "7"


class AtFriday(ops.Core):
    async def targets(self, namespace: str, deployment: str) -> tuple[RollbackTarget, ...]:
        why = "rolled back to 7 by ann@box: p99 went up to four seconds on friday evening"
        found = await super().targets(namespace, deployment)
        return tuple(replace(target, ended_why=why, stats_words="p99 41 ms, 0.1 % errors") for target in found)


async def test_at_80_columns_it_stands_why_and_since_when() -> None:
    monitor = AtFriday().monitor()
    async with stage(lambda: TargetsScreen(monitor, "serving", "iris", sample.FrozenClock()), size=(80, 24)) as (app, _):
        text = app.text()
        assert "served since" in text
        assert "rolled back to 7" in text
        assert "◂ last that served" in text


class Unasked(ops.Core):
    async def targets(self, namespace: str, deployment: str) -> tuple[RollbackTarget, ...]:
        raise Unreachable("connection refused", backend="Kubernetes")


async def test_where_the_cluster_does_not_answer_the_candidates_say_so() -> None:
    monitor = Unasked().monitor()
    async with stage(lambda: TargetsScreen(monitor, "serving", "iris", sample.FrozenClock())) as (app, _):
        assert "Kubernetes: connection refused" in app.text()
