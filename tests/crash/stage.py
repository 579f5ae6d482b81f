"""One case's own model, deployments, journal and folders."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

import httpx

from modeldeck.backends import Backends, open_journal
from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.live.clock import SystemClock
from modeldeck.operations.execution.execute import execute
from modeldeck.operations.runner.launch import Launched
from modeldeck.operations.service import OperationService
from tests.crash.cases import Case, Scenario
from tests.crash.ground import MODEL, Ground
from tests.crash.traffic import Traffic
from tests.crash.world import CHAMPION, NAMESPACE, Standing

REPLICAS = 1


class Stage:
    """One case's own model, deployment and folders."""

    def __init__(self, case: Case, number: int, ground: Ground, clocks: Path) -> None:
        self.case, self.ground, self.clocks = case, ground, clocks
        self.name = f"crash-{number:04}"
        self.deployments = (*(f"{self.name}-{place}" for place in range(1, case.scenario.targets)), self.name)
        """In the order in which they are changed. The model has the name of the last one."""
        self.folder = ground.folder / self.name
        self.journal = self.folder / "journal"
        self.journal.mkdir(parents=True)

    def environment(self, mlflow: str, kubeconfig: Path) -> Environment:
        return Environment(
            "crash",
            MlflowTarget(mlflow),
            ClusterTarget(str(kubeconfig), namespaces=(NAMESPACE,)),
            None,
            journal=str(self.journal / "journal.sqlite"),
        )

    def intent(self, scenario: Scenario) -> Intent:
        first, *then = self.deployments
        return Intent(
            scenario.kind,
            NAMESPACE,
            first,
            self.name,
            scenario.versions[1],
            actor="crash@matrix",
            reason="crashed on purpose",
            ungated=True,
            then=tuple(f"{NAMESPACE}/{name}" for name in then),
        )

    async def set(self, direct: Backends) -> None:
        """Each deployment serves the version that the case begins with; before a roll-back it was promoted for real."""
        world, scenario = self.ground.world, self.case.scenario
        await world.register(self.name, MODEL, 2)
        await world.point(self.name, "1")
        for name in self.deployments:
            await world.deploy(name, f"models:/{self.name}@{CHAMPION}" if scenario.by_alias else f"models:/{self.name}/1", REPLICAS)
        for name in self.deployments:
            await world.until_rolled_out(name)
            await Traffic(self.ground.service, name, self.ground.question).settled(f"{self.name}/1")
        if scenario.kind is Kind.ROLLBACK:
            journal = open_journal(direct.clients.environment)
            bound = OperationService(direct.clients, journal, SystemClock(), _none)
            made = await planned(self.intent(Scenario(Kind.PROMOTE, scenario.by_alias)), bound)
            ended = await execute(made, direct.clients, journal, SystemClock(), lambda operation: None, asyncio.Event())
            journal.close()
            assert ended.outcome is Outcome.DONE, ended.message

    async def standing(self) -> tuple[Standing, ...]:
        """Of each deployment, in order."""
        return tuple([await self.ground.world.standing(name, self.name) for name in self.deployments])

    async def strike(self) -> None:
        """Away with it all."""
        with contextlib.suppress(httpx.HTTPError):
            for name in self.deployments:
                await self.ground.world.remove(name)
            await self.ground.world.forget(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)


def _none() -> Launched:
    raise AssertionError("nobody is hired for a plan")


async def planned(intent: Intent, bound: OperationService) -> Plan:
    made = await bound.plan(intent)
    if isinstance(made, Refusal):
        raise AssertionError(f"refused: {made.message}")
    assert not made.refused, made.refused
    return made
