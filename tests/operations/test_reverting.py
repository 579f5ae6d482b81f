"""Others who put a change back while, or after, it is made: it is noticed, and said by whom."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.steps import StepName
from tests.operations.conftest import Bench

ARGO = "argocd-controller"


def put_back(bench: Bench, manager: str) -> None:
    def change(raw: dict[str, Any]) -> None:
        env = raw["spec"]["template"]["spec"]["containers"][0]["env"]
        next(variable for variable in env if variable["name"] == "MODEL_URI")["value"] = "models:/iris/1"

    bench.fake.cluster.edit("serving/iris", change, manager)


@pytest.mark.parametrize(
    ("manager", "who"),
    [(ARGO, "Argo CD (field manager argocd-controller)"), ("model-operator", "somebody (field manager model-operator)")],
)
async def test_in_the_middle_of_the_rollout(bench: Bench, manager: str, who: str) -> None:
    bench.fake.traps.before("pods_of", lambda: put_back(bench, manager), skip=1)
    ended = await bench.promote("2")
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert f"{who} changed the template meanwhile" in ended.message
    assert (bench.fake.env(), bench.fake.champion) == ("models:/iris/1", "1")


async def test_after_the_alias_has_moved(bench: Bench) -> None:
    bench.fake.traps.before("write_event", lambda: put_back(bench, ARGO))
    ended = await bench.promote("2")
    verify = next(step for step in ended.steps if step.name is StepName.VERIFY)
    assert "the template names version 1, as Argo CD (field manager argocd-controller) has written it" in verify.message
    assert ended.outcome is not Outcome.DONE
