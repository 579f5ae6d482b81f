"""One case from its beginning to its end: deploy, plan, start_runner a runner, let it happen, recover, and look at what stands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from modeldeck.backends import connect, open_journal
from modeldeck.config.handover import handed
from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.live.clock import SystemClock
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.runner.launch import Launched, launch
from modeldeck.operations.runner.runner import Verb
from modeldeck.operations.service import OperationService
from tests.crash.cases import Case
from tests.crash.disk import disk
from tests.crash.door import Door
from tests.crash.faults import Deed
from tests.crash.ground import Ground, client
from tests.crash.judge import wrong
from tests.crash.script import Script, empty
from tests.crash.stage import Stage, planned
from tests.crash.traffic import Traffic

_PATIENCE = 150.0
"""Seconds for a whole case on a busy machine: what has not ended by then hangs."""
_RECOVERIES = 3


@dataclass
class Told:
    """What came of a case."""

    case: Case
    outcome: str = ""
    wrong: list[str] = field(default_factory=list)
    answered: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    doing: str = "setting the stage"
    recorded: list[str] = field(default_factory=list)
    passed_by: bool = False
    """Its point did not come this time, which is no fault, and nothing has happened to it."""
    finished_instead: bool = False
    """An undo was refused, as the operation was past its commit; it was finished."""

    @property
    def good(self) -> bool:
        return not self.wrong


async def crash(case: Case, number: int, ground: Ground, clocks: Path, together: asyncio.Barrier | None = None) -> Told:
    """Never raises: what goes wrong in the case is what is wrong with it.

    `together`: cases that disturb each other begin their operations at the same time, and are looked at when all have ended.
    """
    told = Told(case)
    began = time.monotonic()
    stage = Stage(case, number, ground, clocks)
    try:
        with _disk_for(case, stage.journal):
            async with asyncio.timeout(_PATIENCE):
                await _crash(stage, told, together)
    except TimeoutError:
        told.wrong.append(f"it has not ended after {_PATIENCE:.0f} s, {told.doing}")
    except Exception as error:  # noqa: BLE001  every case is told, whatever it met
        told.wrong.append(f"{type(error).__name__}: {error}")
    finally:
        if told.wrong and together is not None:
            await together.abort()
        told.seconds = time.monotonic() - began
        if told.good:
            await stage.strike()
    return told


@contextlib.contextmanager
def _disk_for(case: Case, folder: Path) -> Iterator[None]:
    with disk(folder) if case.fault.deed is Deed.FILL else contextlib.nullcontext():
        yield


async def _crash(stage: Stage, told: Told, together: asyncio.Barrier | None) -> None:
    case, ground = stage.case, stage.ground
    direct = connect(stage.environment(ground.mlflow_url, ground.kubeconfig))
    journal = open_journal(direct.clients.environment)
    try:
        await stage.set(direct)
        before = await stage.standing()
        users = [Traffic(ground.service, name, ground.question) for name in stage.deployments]
        script = Script(case, stage.clocks, stage.journal, ground.restart)
        async with (
            client(ground.admin) as kube,
            Door(kube, script.let_pass) as cluster,
            Door(ground.world.mlflow, script.let_pass) as mlflow,
        ):
            script.doors = (cluster, mlflow)
            crooked = stage.folder / "kubeconfig"
            crooked.write_text(ground.kubeconfig_through(cluster.url))

            def start_runner() -> Launched:
                launched = launch(handed(stage.environment(mlflow.url, crooked)), stage.folder)
                script.runner = launched.pid
                return launched

            bound = OperationService(direct.clients, journal, SystemClock(), start_runner)
            async with contextlib.AsyncExitStack() as stack:
                for user in users:
                    await stack.enter_async_context(user.flowing())
                told.doing = "planning"
                made = await planned(stage.intent(case.scenario), bound)
                await _meet(together, told)
                told.doing = "following the operation"
                operation = await _carried_out(bound, bound.begin(made))
                await script.settled()
                await _meet(together, told)
                told.doing = "recovering"
                empty(stage.journal)
                told.recorded = script.recorded
                operation = await _recovered(stage, made.id, operation, told)
            serves = case.scenario.versions[operation.outcome is Outcome.DONE]
            answering = [await user.settled(f"{stage.name}/{serves}") for user in users]
        told.outcome = operation.outcome.value if operation.outcome else operation.state.value
        for place, after in enumerate(await stage.standing()):
            told.wrong += wrong(case.scenario, stage.name, operation, before[place], after, answering[place], place)
        for user in users:
            told.answered += user.answers.total()
            told.failed |= user.failed(stage.name)
        told.wrong += _unexpected(case, told, operation, script)
        if told.failed:
            told.wrong.append(f"requests to the model failed: {told.failed}")
    finally:
        journal.close()
        await direct.close()


async def _meet(together: asyncio.Barrier | None, told: Told) -> None:
    if together is not None:
        told.doing = "waiting for the others"
        with contextlib.suppress(asyncio.BrokenBarrierError):  # another case of ours has failed, and tells so
            await together.wait()


def _unexpected(case: Case, told: Told, operation: Operation, script: Script) -> list[str]:
    missing = bool(case.point) and not script.happened
    told.passed_by = missing and case.may_not_come
    found = [f"the point never came: {', '.join(script.recorded)}"] if missing and not told.passed_by else []
    ends = {Outcome.DONE} if told.finished_instead or told.passed_by else case.fault.ends
    if operation.outcome not in ends:
        found.append(f"it ended {operation.outcome}: {operation.message}")
    return found


async def _carried_out(bound: OperationService, operation_id: str) -> Operation:
    """As it was left, whether it ended or its runner did."""
    last: Operation | None = None
    with contextlib.suppress(RunnerFailure):
        async for operation in bound.follow(operation_id):
            last = operation
    assert last is not None
    return last


async def _recovered(stage: Stage, operation_id: str, operation: Operation, told: Told) -> Operation:
    """What an operator does then, with nothing in the way any more."""
    direct = stage.environment(stage.ground.mlflow_url, stage.ground.kubeconfig)
    backends, journal = connect(direct), open_journal(direct)
    bound = OperationService(backends.clients, journal, SystemClock(), lambda: launch(handed(direct), stage.folder))
    verb = stage.case.fault.verb
    try:
        for _ in range(_RECOVERIES):
            if operation.state is State.ENDED and operation.outcome is not Outcome.NEEDS_ATTENTION:
                break
            try:
                await bound.recover(operation_id, verb)
            except Conflict as failure:
                if verb is not Verb.UNDO or "roll-back" not in failure.message:
                    raise
                told.finished_instead, verb = True, Verb.RESUME
                continue
            operation = await _carried_out(bound, operation_id)
    except Failure as failure:
        told.wrong.append(f"{verb.value} was refused: {failure}")
    finally:
        journal.close()
        await backends.close()
    return operation
