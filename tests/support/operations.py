"""Plans and operations as they stand at sample.NOW: what the screens of operations are shown in pilot and snapshot tests."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict, Judgement, Op, judgement
from modeldeck.domain.kubernetes.workloads import ContainerState, Fleet
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, Said, State, Waiting
from modeldeck.domain.operations.plan import Fingerprint, Plan, Refusal, Target
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.operations.journal.signals import SignalRequest
from modeldeck.operations.runner.runner import Verb
from modeldeck.operations.service import OperationService
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.screens.shared.operation_monitor import OperationMonitor
from modeldeck.widgets.content.state import Live
from tests.support import sample
from tests.support.plans import with_change

NOW = sample.NOW
ID = "20270115-080000-ab12"
MARK = '{"id":"' + ID + '","kind":"promote","actor":"ann@box","from":"7","to":"9"}'
INTENT = Intent(Kind.PROMOTE, "serving", "iris", "iris", "9", actor="ann@box", reason="better recall on setosa")
GATE = Gate(warm_up=30.0, timeout=900.0)

CHECKS = (
    Check(CheckName.ENVIRONMENT, Verdict.OK, "prod may be changed"),
    Check(CheckName.VERSION, Verdict.OK, "version 9 of iris is READY"),
    Check(CheckName.ARTIFACTS, Verdict.OK, "MLmodel answers (sklearn, 1.2 MB)"),
    Check(CheckName.PERMISSION, Verdict.OK, "patching serving/iris is allowed"),
    Check(CheckName.ALIAS, Verdict.UNKNOWN, "MLflow does not tell permissions beforehand", "a refusal is undone"),
    Check(CheckName.ROLLOUT, Verdict.OK, 'deployment "iris" successfully rolled out'),
    Check(CheckName.OTHER_OPERATIONS, Verdict.OK, "none under way"),
    Check(CheckName.DRY_RUN, Verdict.OK, "accepted by the server"),
    Check(
        CheckName.OWNERS,
        Verdict.WARN,
        "Argo CD may revert the change",
        "make the same change in their source (git, values), or pause their sync",
    ),
    Check(CheckName.AUTOSCALER, Verdict.OK, "no autoscaler"),
    Check(CheckName.LOCK, Verdict.OK, "free"),
    Check(
        CheckName.GATE,
        Verdict.OK,
        "at 3.6 requests a second it can tell a doubling of errors after about 9 min; a smaller change needs more",
    ),
)

STEPS = (
    Step(StepName.LOCK, "free", f"held by {ID}, alias champion announced as moving"),
    Step(
        StepName.PATCH_TEMPLATE,
        "models:/iris/7",
        "models:/iris/9",
        "kubectl -n serving patch deployment iris --type strategic -p "
        '\'{"spec":{"template":{"metadata":{"annotations":{"modeldeck.dev/model":"iris","modeldeck.dev/version":"9"}},'
        '"spec":{"containers":[{"name":"model","env":[{"name":"MODEL_URI","value":"models:/iris/9"}]}]}}}}\'',
    ),
    Step(StepName.AWAIT_ROLLOUT, "–", "3 pods of the new template ready", "kubectl -n serving rollout status deployment iris"),
    Step(StepName.JUDGE_GATE, "not judged", "passed: error ratio ≤ 10 %, errors ≤ 2 × before, p99 ≤ 1.5 × before"),
    Step(
        StepName.MOVE_ALIAS,
        "champion at 7",
        "champion at 9",
        "python -c \"from mlflow import MlflowClient; MlflowClient().set_registered_model_alias('iris', 'champion', '9')\"",
    ),
    Step(StepName.TAG_VERSION, "–", "modeldeck.* on version 9 and 7"),
    Step(StepName.WRITE_EVENT, "–", "Promoted on the deployment"),
    Step(StepName.VERIFY, "–", "alias, template and pods agree", "modeldeck status serving/iris"),
    Step(StepName.RELEASE, ID, "no operation, no lock", "kubectl -n serving annotate deployment iris modeldeck.dev/operation-"),
)

TARGET = Target(
    "serving",
    "iris",
    "iris",
    "champion",
    "7",
    "9",
    Fingerprint("d-iris", 2, "hash", "7", "READY"),
    {
        "/spec/template/spec/containers/0/env/0/value": ("models:/iris/7", "models:/iris/9"),
        "/spec/template/metadata/annotations/modeldeck.dev~1model": (None, "iris"),
        "/spec/template/metadata/annotations/modeldeck.dev~1version": (None, "9"),
        "/metadata/annotations/modeldeck.dev~1operation": (None, MARK),
        "/metadata/annotations/kubernetes.io~1change-cause": (None, "modeldeck promote iris 7 -> 9 by ann@box: better recall on setosa"),
    },
    gate=GATE,
)
PLAN = Plan(INTENT, (TARGET,), STEPS, CHECKS, id=ID, environment="prod")
_STAGING = tuple(replace(step, command=step.command.replace("deployment iris", "deployment iris-staging")) for step in STEPS)
_NEXT = tuple(replace(step, target=1) for step in STEPS)
STAGED = replace(
    PLAN,
    intent=replace(INTENT, deployment="iris-staging", then=("serving/iris",)),
    targets=(replace(TARGET, deployment="iris-staging"), TARGET),
    steps=(_STAGING[0], _NEXT[0], *_STAGING[1:4], *_NEXT[1:4], _STAGING[4], *_STAGING[5:], *_NEXT[5:]),
)
"""Staging first."""
STAGING = STAGED.changes[0]
ROWS = sample.rows(
    {
        "iris": "models:/iris/7",
        "iris-staging": "models:/iris/7",
        "iris-eu": "models:/prod.iris/4",
        "iris-us": "models:/prod.iris/4",
        "wine": "models:/wine/4",
        "legacy-scorer": None,
    }
)
"""What stands beside the Deployment of the plan: one of the same model, two of its twin in production, one of another, one of none."""
REFUSED = replace(
    PLAN,
    checks=(
        Check(
            CheckName.VERSION, Verdict.REFUSE, "version 9 of iris is PENDING_REGISTRATION", "wait until it is READY, or register it anew"
        ),
        Check(CheckName.LOCK, Verdict.REFUSE, f"held by {ID} (bob@laptop)", "wait for it, or cancel it where it is yours"),
        *CHECKS[2:],
    ),
)


_MISSING = "neither shown nor excluded: about 620 more requests needed (3 min)"


def judged(index: int, of: int, p99: float = 0.044, verdict: GateVerdict = GateVerdict.INSUFFICIENT, message: str = "") -> Judgement:
    """The `index`-th of `of` judgements, the last one four seconds ago; `verdict` is that of the p99."""
    requests = 60 + 55 * index
    said = message or f"{p99 * 1000:.0f} ms of {requests} requests against 41 ms of 12960: {_MISSING}"
    failed = 0.004 + 0.003 * math.sin(index)
    results = (
        CriterionResult("error ratio", GateVerdict.PASS, "0.4 %", "q", failed, "ratio", "≤ 10 %", 0.1, requests=requests),
        CriterionResult(
            "error ratio vs before",
            GateVerdict.PASS,
            "0.4 %",
            "q",
            failed,
            "ratio",
            "≤ 1 %",
            0.01,
            baseline=0.003,
            requests=requests,
        ),
        CriterionResult("p99 vs before", verdict, said, "q", p99 / 0.041, "×", "≤ 1.5 ×", 1.5, Op.AT_MOST, 0.041, requests),
    )
    elapsed = 15.0 * index
    at, window = NOW - 4.0 - 15.0 * (of - 1 - index), max(15.0, elapsed - GATE.warm_up)
    return judgement(results, at=at, elapsed=elapsed, requests=requests, window=window)


def _done(step: Step, began: float, took: float, message: str) -> Step:
    return replace(step, state=StepState.DONE, started_at=NOW - began, finished_at=NOW - began + took, message=message, requests=1)


BEGUN = Operation(
    ID,
    Kind.PROMOTE,
    "ann@box",
    PLAN.changes,
    INTENT.reason,
    State.RUNNING,
    None,
    NOW - 96.0,
    None,
    4123,
    STEPS,
    environment="prod",
    host="bastion",
    heartbeat_at=NOW - 1.0,
)
_LOCKED = _done(STEPS[0], 96.0, 0.2, "held until 08:00:30, renewed every 10 s")
_PATCHED = _done(STEPS[1], 95.0, 0.4, "accepted as generation 3")
_ROLLED = _done(STEPS[2], 94.0, 21.0, 'deployment "iris" successfully rolled out')


def said(*lines: str) -> tuple[Said, ...]:
    """Each a second after the one before."""
    return tuple(Said(NOW - 95.0 + index, message) for index, message in enumerate(lines))


_SAID = (
    f"the lock of serving/iris is held by {ID}",
    "patch deployment serving/iris: MODEL_URI models:/iris/7 → models:/iris/9",
    'Waiting for deployment "iris" rollout to finish: 1 out of 3 new replicas have been updated...',
    'Waiting for deployment "iris" rollout to finish: 2 out of 3 new replicas have been updated...',
    'Waiting for deployment "iris" rollout to finish: 1 old replicas are pending termination...',
    'deployment "iris" successfully rolled out',
)
_LOG = said(*_SAID)
ROLLING = replace(
    BEGUN,
    steps=(_LOCKED, _PATCHED, replace(STEPS[2], state=StepState.TRYING, started_at=NOW - 94.0), *STEPS[3:]),
    log=_LOG[:4],
)
_JUDGING = replace(
    STEPS[3],
    state=StepState.TRYING,
    started_at=NOW - 73.0,
    judgements=tuple(judged(index, 5, 0.041 + 0.002 * index) for index in range(5)),
)
_PASSED = judged(4, 5, 0.049, GateVerdict.PASS, "49 ms of 280 requests against 41 ms of 12960")
JUDGING = replace(BEGUN, steps=(_LOCKED, _PATCHED, _ROLLED, _JUDGING, *STEPS[4:]), log=_LOG)
ROLLING_NEXT = replace(
    ROLLING,
    changes=(replace(STAGING, from_version="8"), *BEGUN.changes),
    steps=(
        *(
            replace(step, finished_at=step.started_at, started_at=NOW - 94.0)
            for step in (_LOCKED, _PATCHED, _ROLLED, replace(_done(STEPS[3], 60.0, 30.0, "passed: all 3 criteria pass"), judgements=()))
        ),
        replace(_LOCKED, target=1, started_at=NOW - 25.0, finished_at=NOW - 25.0),
        replace(_PATCHED, target=1, started_at=NOW - 25.0, finished_at=NOW - 25.0),
        replace(_NEXT[2], state=StepState.TRYING, started_at=NOW - 24.0),
        *_NEXT[3:5],
        *(replace(step, target=target) for target in (0, 1) for step in STEPS[5:]),
    ),
)
"""Staging has been judged; now the deployment that the operation is named after rolls out."""
_FEW = "44 ms of 900 requests against 41 ms of 12960: neither shown nor excluded: about 210 more requests needed (4 min)"
_HELD = replace(
    _JUDGING,
    started_at=NOW - 920.0,
    judgements=tuple(judged(index, 62, 0.043 + 0.006 * math.sin(index / 4), GateVerdict.INSUFFICIENT, _FEW) for index in range(62)),
)
HELD = replace(
    BEGUN,
    state=State.WAITING,
    started_at=NOW - 944.0,
    steps=(_LOCKED, _PATCHED, _ROLLED, _HELD, *STEPS[4:]),
    waiting=Waiting(
        "the gate is undecided when its time was up",
        f"insufficient: p99 vs before: {_FEW}",
        (f"modeldeck operations accept {ID} --reason TEXT", f"modeldeck operations extend {ID}", f"modeldeck operations undo {ID}"),
    ),
    log=said(*_SAID, "the gate is undecided when its time was up"),
)
DONE = replace(
    BEGUN,
    state=State.ENDED,
    outcome=Outcome.DONE,
    finished_at=NOW - 10.0,
    message="iris promoted: 7 → 9",
    steps=(
        _LOCKED,
        _PATCHED,
        _ROLLED,
        replace(_done(STEPS[3], 73.0, 60.0, "passed: all 3 criteria pass"), judgements=(*_JUDGING.judgements[:-1], _PASSED)),
        _done(STEPS[4], 13.0, 0.1, "champion at 9, was at 7"),
        _done(STEPS[5], 12.0, 0.2, "tagged 9 and 7"),
        _done(STEPS[6], 12.0, 0.1, "written"),
        _done(STEPS[7], 11.0, 0.3, "alias, template and pods agree"),
        _done(STEPS[8], 10.5, 0.1, "taken off"),
    ),
    log=said(*_SAID, "set alias champion of iris to 9", "tag version 9", "tag version 7", "write event Promoted", "take the mark off"),
)
_BAD = replace(
    STEPS[3],
    state=StepState.FAILED,
    started_at=NOW - 73.0,
    finished_at=NOW - 30.0,
    message="failed: p99 vs before: 96 ms of 225 requests against 41 ms of 12960, wanted ≤ 1.5 ×",
    judgements=(
        *(judged(index, 4, 0.044) for index in range(3)),
        judged(3, 4, 0.096, GateVerdict.FAIL, "96 ms of 225 requests against 41 ms of 12960, wanted ≤ 1.5 ×"),
    ),
)
UNDONE = replace(
    BEGUN,
    state=State.ENDED,
    outcome=Outcome.UNDONE,
    finished_at=NOW - 10.0,
    undoing=True,
    message="judge gate failed: failed: p99 vs before: 96 ms against 41 ms, wanted ≤ 1.5 ×; everything was taken back",
    steps=(_LOCKED, replace(_PATCHED, state=StepState.UNDONE, message="put back as generation 4"), _ROLLED, _BAD, *STEPS[4:]),
    log=said(*_SAID, "patch deployment serving/iris: MODEL_URI models:/iris/9 → models:/iris/7"),
)
ATTENTION = replace(
    UNDONE,
    outcome=Outcome.NEEDS_ATTENTION,
    message="judge gate failed: failed: p99 vs before: 96 ms; the undo is not complete: patch template could not be taken back"
    " (Kubernetes: the object has been modified). Now: the template says models:/iris/9;"
    " alias champion points at 7",
    next_commands=("modeldeck rollback serving/iris --to 7",),
    steps=(
        _LOCKED,
        replace(_PATCHED, state=StepState.UNDO_FAILED, message="Kubernetes: the object has been modified"),
        _ROLLED,
        _BAD,
        *STEPS[4:],
    ),
)


def past(number: int, *, change: Mapping[str, Any] | None = None, **fields: object) -> Operation:
    """One of before, `number` hours ago."""
    start = NOW - 3600.0 * number
    made = replace(
        DONE, id=f"20270115-0{number % 10}0000-{number:04x}", started_at=start, finished_at=start + 61.0 * number, runner_pid=100 + number
    )
    return with_change(replace(made, **fields), **(change or {}))  # type: ignore[arg-type]


ALL = (
    HELD,
    past(
        1,
        change={"key": "serving/wine", "model": "wine", "from_version": "4", "to_version": "5"},
        actor="bob@laptop",
        state=State.RUNNING,
        outcome=None,
        finished_at=None,
        steps=JUDGING.steps,
        runner_pid=None,
        message="",
    ),
    past(2, outcome=Outcome.UNDONE, message=UNDONE.message),
    past(
        3,
        kind=Kind.ROLLBACK,
        change={"from_version": "8", "to_version": "7"},
        actor="bob@laptop",
        message="iris rolled back: 8 → 7",
        reason="slow",
    ),
    past(5, outcome=Outcome.NEEDS_ATTENTION, message=ATTENTION.message),
    past(26, outcome=Outcome.REFUSED, message="nothing was applied, because the world moved since the plan was made: generation 4 → 5"),
    past(
        30,
        actor="",
        change={"key": "serving/wine", "model": "wine", "from_version": None, "to_version": "4"},
        message="wine promoted: nothing → 4",
    ),
)

_RUNNING = ContainerState("model", "modeldeck/model-server:1", True, 0, "running", "", "")
_CRASHED = replace(_RUNNING, ready=False, restarts=2, state="waiting", reason="CrashLoopBackOff", message="back-off 20s")


def rolling_fleet() -> Fleet:
    """iris half way from 7 to 9: two new pods, one of which crashes, and two old ones."""
    old = [replace(pod, containers=(_RUNNING,)) for pod in sample.pods("iris", "models:/iris/7", 3, 2, 2)]
    new = [
        replace(pod, name=pod.name.replace("7d9f8b6c5", "59c7f4d88"), uid=f"new-{pod.uid}", created_at=NOW - 40.0 + 20 * index)
        for index, pod in enumerate(sample.pods("iris", "models:/iris/9", 4, 2, 1))
    ]
    new = [
        replace(new[0], containers=(_RUNNING,)),
        replace(new[1], containers=(_CRASHED,), reason="CrashLoopBackOff", message="back-off 20s restarting failed container"),
    ]
    iris = replace(
        sample.deployment("iris", "models:/iris/9", 3, 3, revision=4),
        updated=2,
        replicas=4,
        annotations={"deployment.kubernetes.io/revision": "4", "modeldeck.dev/operation": MARK},
    )
    sets = (
        replace(sample.replica_set("iris", "models:/iris/9", 4, 42.0, 2), ready=1),
        sample.replica_set("iris", "models:/iris/7", 3, 4 * 86400.0, 2),
        sample.replica_set("iris", "models:/iris/6", 2, 9 * 86400.0, 0),
        sample.replica_set("iris", "models:/iris/5", 1, 20 * 86400.0, 0),
    )
    others = tuple(deployment for deployment in sample.FLEET.deployments if deployment.name != "iris")
    rest = tuple(found for found in sample.FLEET.replica_sets if found.owner_uid != "d-iris")
    pods = tuple(pod for pod in sample.FLEET.pods if not pod.name.startswith("iris"))
    return Fleet((iris, *others), (*sets, *rest), (*new, *old, *pods))


OUTLOOK = FleetView(sample.ENVIRONMENT, fleet=rolling_fleet, rows=lambda: (), state=Live, awaited=lambda since: ())


class Core(OperationService):
    """The service of operations, held by the test."""

    def __init__(self, found: Plan | Refusal = PLAN, operation: Operation = BEGUN) -> None:
        self.found = found
        self.operation = operation
        self.intents: list[Intent] = []
        self.begun: list[Plan] = []
        self.asked: list[SignalRequest] = []
        self.recovered: list[tuple[str, Verb]] = []
        self.refusal: Failure | None = None
        """What the next wish or recovery is answered with."""
        self.news: asyncio.Queue[Operation | Failure] = asyncio.Queue()
        self.beat: float | None = NOW - 1.0

    async def plan(self, intent: Intent) -> Plan | Refusal:
        self.intents.append(intent)
        if isinstance(self.found, Plan):
            return replace(self.found, intent=replace(self.found.intent, reason=intent.reason))
        return self.found

    def begin(self, plan: Plan) -> str:
        self.begun.append(plan)
        self.tell(self.operation)
        return self.operation.id

    def tell(self, news: Operation | Failure) -> None:
        """What is written to the journal next, or why it cannot be followed."""
        self.news.put_nowait(news)

    async def recover(self, operation_id: str, verb: Verb) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.recovered.append((operation_id, verb))

    async def follow(self, operation_id: str) -> AsyncIterator[Operation]:
        while True:
            news = await self.news.get()
            if isinstance(news, Failure):
                raise news
            yield news
            if news.state is State.ENDED:
                return

    def ask(self, operation_id: str, asked: SignalRequest) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(asked)

    async def targets(self, namespace: str, deployment: str) -> tuple[RollbackTarget, ...]:
        return (
            RollbackTarget("8", "iris", NOW - 900, NOW - 600, "rolled back", ("journal",), rolled_back=True),
            RollbackTarget("7", "iris", NOW - 9000, NOW - 900, "replaced by 8", ("replica sets",), revision=4, is_default=True),
        )

    def get_ready(self) -> None:
        pass

    def operations(self) -> tuple[Operation, ...]:
        return ALL

    def plan_of(self, operation_id: str) -> Plan | None:
        return self.found if isinstance(self.found, Plan) else None

    def heartbeat(self, operation_id: str) -> float | None:
        return self.beat

    def close(self) -> None:
        pass

    def monitor(self, who: str = "ann@box") -> OperationMonitor:
        return OperationMonitor(self, who)
