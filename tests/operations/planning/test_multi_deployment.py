"""One operation over several deployments, and a version that moves to another registered model first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, TimedOut
from modeldeck.domain.gates import Gate, Op, QueryCriterion
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove
from modeldeck.domain.mlflow.announcements import moving_tag
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName
from modeldeck.domain.operations.targets import options
from modeldeck.domain.status.joining import serving_rows
from modeldeck.operations.execution.adopt import adopt
from modeldeck.operations.execution.reconcile import committed
from modeldeck.operations.history.history import Memories, history
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.planning.multi_deployment import plan_for
from tests.operations.conftest import Bench
from tests.operations.cutting import Cutting, PowerCut
from tests.support.fakes.cluster import REVISION
from tests.support.fakes.journals import MemoryJournal
from tests.support.processes import gone_pid

INTENT = Intent(Kind.PROMOTE, "serving", "staging", "iris", "2", "ann@box", "better", then=("serving/iris",))
COPYING = replace(INTENT, model="dev.iris", copy_to="prod.iris")


def container(uri: str) -> list[dict[str, Any]]:
    return [{"name": "server", "image": "modeldeck/model-server:1", "env": [{"name": "MODEL_URI", "value": uri}]}]


@pytest.fixture
def staged(bench: Bench) -> Bench:
    """Staging and production of one model."""
    bench.fake.cluster.add("serving", "staging", container("models:/iris/1"))
    return bench


@pytest.fixture
def copied(bench: Bench) -> Bench:
    """Staging serves dev.iris, production prod.iris."""
    bench.fake.registry.add("dev.iris", "1", "2", "3")
    bench.fake.registry.add("prod.iris", "1")
    bench.fake.registry.aliases["dev.iris"]["champion"] = "1"
    bench.fake.registry.aliases["prod.iris"]["champion"] = "1"
    bench.fake.cluster.add("serving", "staging", container("models:/dev.iris/1"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"]["template"]["spec"].update(containers=container("models:/prod.iris/1")))
    bench.fake.cluster.roll_out("serving/iris")
    return bench


async def planned(bench: Bench, intent: Intent) -> Plan:
    made = await plan_for(intent, bench.fake.clients, bench.journal, bench.fake.clock)
    assert isinstance(made, Plan), made
    assert not made.refused, made.refused
    return made


def uris(bench: Bench) -> tuple[str | None, str | None]:
    return bench.fake.env(key="serving/staging"), bench.fake.env(key="serving/iris")


async def test_staging_then_production_then_the_alias(staged: Bench) -> None:
    made = await planned(staged, INTENT)
    assert [(step.name.value, step.target) for step in made.steps[:7]] == [
        ("lock", 0),
        ("lock", 1),
        ("patch template", 0),
        ("await rollout", 0),
        ("patch template", 1),
        ("await rollout", 1),
        ("move alias", 0),
    ]
    operation = await staged.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert operation.keys == ("serving/staging", "serving/iris")
    assert operation.message == "iris promoted: 1 → 2 in serving/staging, then 1 → 2 in serving/iris"
    assert uris(staged) == ("models:/iris/2", "models:/iris/2")
    assert staged.fake.champion == "2"
    said = [line.message for line in operation.log]
    marks_off = [at for at, message in enumerate(said) if message.startswith("take the mark off")]
    (taken_off,) = (at for at, message in enumerate(said) if message.startswith("take off tag modeldeck.moving."))
    assert marks_off[0] < taken_off < marks_off[1], "while a mark stands, whoever finds it can do what is left"
    calls = [call for call in staged.fake.traps.calls if call in ("patch_deployment", "set_alias")]
    assert calls[:3] == ["patch_deployment", "patch_deployment", "set_alias"]
    for key in ("serving/staging", "serving/iris"):
        assert OPERATION not in staged.fake.annotations(key)
        assert operation.id in staged.fake.annotations(key)[HISTORY]
    assert staged.journal.operation(operation.id) == operation


async def test_a_gate_that_fails_in_staging_never_reaches_production(staged: Bench) -> None:
    gate = Gate(
        warm_up=0.0,
        interval=1.0,
        timeout=60.0,
        max_error_ratio=None,
        max_error_rise=None,
        max_p99_ratio=None,
        criteria=(QueryCriterion("score", 'score{d="{deployment}"}', Op.AT_MOST, 1.0, min_requests=0),),
    )
    staged.fake.measured = True
    staged.fake.environment = replace(staged.fake.environment, gate=gate)
    production = staged.fake.template()
    staged.fake.metrics.answer = lambda promql: 2.0 if promql == 'score{d="staging"}' else 0.5 if "score" in promql else None
    operation = await staged.run(await planned(staged, INTENT))
    assert operation.exit_code is ExitCode.GATE_FAILED, operation.message
    assert staged.fake.template() == production
    assert uris(staged) == ("models:/iris/1", "models:/iris/1")
    staged.fake.metrics.answer = lambda promql: 2.0 if promql == 'score{d="iris"}' else 0.5 if "score" in promql else None
    operation = await staged.run(await planned(staged, INTENT))
    assert operation.exit_code is ExitCode.GATE_FAILED, operation.message
    assert uris(staged) == ("models:/iris/1", "models:/iris/1")
    assert staged.fake.champion == "1"


async def test_what_is_chosen_deployment_by_deployment_is_what_can_be_planned(copied: Bench) -> None:
    clients = copied.fake.clients
    fleet, registry = await clients.need_cluster().fleet(("serving",)), await clients.need_registry().registry()
    rows = serving_rows(fleet, registry, {}, champion="champion", patterns=clients.environment.patterns, observed={})
    (option,) = options(replace(COPYING, then=(), copy_to=None), rows)
    assert (option.wanted, option.message) == (COPYING, "serves prod.iris: copied there first")
    assert StepName.COPY_VERSION in [step.name for step in (await planned(copied, COPYING)).steps]


async def test_a_version_is_copied_after_staging_and_served_in_production(copied: Bench) -> None:
    made = await planned(copied, COPYING)
    names = [(step.name, step.target) for step in made.steps]
    assert names.index((StepName.AWAIT_ROLLOUT, 0)) < names.index((StepName.COPY_VERSION, 1)) < names.index((StepName.PATCH_TEMPLATE, 1))
    operation = await copied.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert uris(copied) == ("models:/dev.iris/2", "models:/prod.iris/2")
    assert copied.fake.registry.aliases["prod.iris"]["champion"] == "2"
    assert copied.fake.registry.aliases["dev.iris"]["champion"] == "2"
    copy = copied.fake.registry.versions["prod.iris", "2"]
    assert (copy.source, copy.tags["modeldeck.copied-by"]) == ("models:/dev.iris/2", operation.id)
    again = await planned(copied, replace(COPYING, to_version="2"))
    assert again.already_there


async def test_production_may_name_the_run_instead_of_the_model(copied: Bench) -> None:
    registry, run = copied.fake.registry, "f" * 32
    registry.versions["prod.iris", "1"] = replace(registry.versions["prod.iris", "1"], run_id=run)
    copied.fake.cluster.set_env("serving/iris", "MODEL_URI", f"runs:/{run}/model")
    copied.fake.cluster.roll_out("serving/iris")
    made = await planned(copied, COPYING)
    assert (made.last.model, made.last.from_version, made.last.to_version) == ("prod.iris", "1", "2")
    assert [step.name for step in made.steps].count(StepName.COPY_VERSION) == 1


async def test_a_copy_that_got_another_number_is_undone_and_found_by_the_next_plan(copied: Bench) -> None:
    made = await planned(copied, COPYING)
    copied.fake.traps.before("copy_version", lambda: copied.fake.registry.add("prod.iris", "2"))
    operation = await copied.run(made)
    assert operation.outcome is Outcome.UNDONE, operation.message
    assert "MLflow made it version 3 of prod.iris, not 2" in operation.message
    assert uris(copied) == ("models:/dev.iris/1", "models:/prod.iris/1")
    assert "was taken back" in copied.fake.registry.versions["prod.iris", "3"].tags["modeldeck.left"]
    again = await planned(copied, COPYING)
    assert StepName.COPY_VERSION not in [step.name for step in again.steps]
    assert (await copied.run(again)).outcome is Outcome.DONE
    assert uris(copied)[1] == "models:/prod.iris/3"


async def test_a_lost_answer_does_not_copy_twice(copied: Bench) -> None:
    made = await planned(copied, COPYING)
    copied.fake.traps.fail("copy_version", TimedOut("slow"), late=True)
    assert (await copied.run(made)).outcome is Outcome.DONE
    assert [version for model, version in copied.fake.registry.versions if model == "prod.iris"] == ["1", "2"]


@pytest.mark.parametrize("verb", ["resume", "take_back"])
@pytest.mark.parametrize("entries", range(2, 40, 2))
async def test_cut_off_anywhere_it_goes_on_or_all_of_it_is_taken_back(copied: Bench, verb: str, entries: int) -> None:
    made = await planned(copied, COPYING)
    before = copied.fake.template("serving/staging"), copied.fake.template("serving/iris")
    with suppress(PowerCut):
        await copied.run_on(made, Cutting(copied.journal, entries, before=False))
    cut = copied.journal.operation(made.id)
    if cut is None or cut.state is State.ENDED or cut.runner_pid is None:
        return
    if verb == "resume":
        ended = await copied.resume(made.id)
        assert ended.outcome is Outcome.DONE, ended.message
        assert uris(copied) == ("models:/dev.iris/2", "models:/prod.iris/2")
        return
    if committed(cut, made):
        with pytest.raises(Conflict, match="is a roll-back"):
            await copied.take_back(made.id)
        return
    ended = await copied.take_back(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert (copied.fake.template("serving/staging"), copied.fake.template("serving/iris")) == before
    assert copied.fake.registry.aliases["prod.iris"]["champion"] == "1"
    assert all(not lease.holder for lease in copied.fake.cluster.leases.values())


@pytest.mark.parametrize("entries", range(12, 28))
async def test_a_colleague_takes_all_targets_back_from_their_marks(staged: Bench, entries: int) -> None:
    made = await planned(staged, INTENT)
    before = staged.fake.template("serving/staging"), staged.fake.template("serving/iris")
    with suppress(PowerCut):
        await staged.run_on(made, Cutting(staged.journal, entries, before=False))
    assert any(OPERATION in staged.fake.annotations(key) for key in ("serving/staging", "serving/iris"))
    elsewhere = Bench(staged.fake, MemoryJournal())
    await adopt(made.id, staged.fake.clients, elsewhere.journal, staged.fake.clock)
    ended = await elsewhere.take_back(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert (staged.fake.template("serving/staging"), staged.fake.template("serving/iris")) == before
    assert staged.fake.champion == "1"
    assert set(staged.fake.annotations()) <= {HISTORY, REVISION}


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        (replace(INTENT, then=("serving/staging",)), "usage"),
        (replace(INTENT, kind=Kind.ROLLBACK, to_version=None), "usage"),
        (replace(INTENT, copy_to="iris"), "usage"),
        (replace(INTENT, copy_to="prod.iris"), "copy_unused"),
        (replace(INTENT, copy_to="prod.iris", to_version="9"), "version_not_found"),
        (replace(INTENT, then=("serving/nowhere",)), "deployment_not_found"),
    ],
)
async def test_what_cannot_be_planned(staged: Bench, intent: Intent, code: str) -> None:
    made = await plan_for(intent, staged.fake.clients, staged.journal, staged.fake.clock)
    assert isinstance(made, Refusal)
    assert made.code == code


async def test_history_tells_it_once_and_calls_nothing_of_it_somebody_elses(copied: Bench) -> None:
    copied.clock.at += 5000
    known = {past.id for past in await told(copied)}
    operation = await copied.run(await planned(copied, COPYING))
    assert operation.outcome is Outcome.DONE, operation.message
    at = operation.finished_at or 0.0
    seen = tuple(AliasChange(AliasMove(model, "champion", "1", "2"), at - 30, at) for model in ("dev.iris", "prod.iris"))
    for journal in (copied.journal.operations(), ()):
        (past,) = (one for one in await told(copied, seen, journal) if one.id not in known)
        assert (past.id, past.keys) == (operation.id, ("serving/staging", "serving/iris"))
        changes = [(change.model, change.from_version, change.to_version) for change in past.changes]
        assert changes == [("dev.iris", "1", "2"), ("prod.iris", "1", "2")]
        assert past.is_about("serving/staging")


async def told(bench: Bench, seen: tuple[AliasChange, ...] = (), journal: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    memories = Memories(await bench.fake.cluster.fleet(()), await bench.fake.registry.registry(), journal, seen)
    return history(memories, bench.fake.environment.patterns)


class CutWhen(MemoryJournal):
    """Its machine loses power before the first entry for which `when` holds."""

    def __init__(self, inner: MemoryJournal, when: Callable[[str, Mapping[str, object]], bool]) -> None:
        super().__init__()
        self.written, self._when = inner.written, when

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        if self._when(kind, body):
            raise PowerCut
        super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)


async def cut_when(bench: Bench, intent: Intent, when: Callable[[str, Mapping[str, object]], bool]) -> str:
    made = await planned(bench, intent)
    with pytest.raises(PowerCut):
        await bench.run_on(made, CutWhen(bench.journal, when))
    bench.fake.cluster.leases.clear()
    return made.id


async def test_an_alias_that_another_deployments_promotion_stands_on_is_not_taken_back(staged: Bench) -> None:
    """Production's was cut off after it had moved the alias; then staging was promoted to the same version, and found it moved already."""
    alone = replace(INTENT, deployment="iris", then=())
    left = await cut_when(staged, alone, lambda kind, _: kind == "done" and staged.fake.champion == "2")
    refused = await plan_for(replace(INTENT, then=()), staged.fake.clients, staged.journal, staged.fake.clock)
    assert isinstance(refused, Plan)
    assert [f"operation {left} of ann@box is in the midst" in check.message for check in refused.refused] == [True]
    staged.fake.registry.tags.clear()  # somebody takes its announcement off by hand
    ended = await staged.run(await planned(staged, replace(INTENT, then=())))
    assert ended.outcome is Outcome.DONE, ended.message
    back = await staged.take_back(left)
    assert back.outcome is Outcome.UNDONE, back.message
    assert uris(staged) == ("models:/iris/2", "models:/iris/1")
    assert staged.fake.champion == "2"
    assert f"operation {ended.id} has promoted version 2 elsewhere since: the alias is its own" in [step.message for step in back.steps]


async def test_what_was_taken_back_before_the_journal_had_it_is_not_begun_again(staged: Bench) -> None:
    """The disk was full: of the way back only the first Deployment tells, and the second was never come to."""
    made = await planned(staged, INTENT)

    class Full(MemoryJournal):
        def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
            if "patch_deployment" in staged.fake.traps.calls:
                raise JournalFailure("the disk is full")
            super().append(operation_id, kind, {**body, "pid": gone_pid()} if kind == "started" else body)

    full = Full()
    full.written = staged.journal.written
    await staged.run_on(made, full)
    assert uris(staged) == ("models:/iris/1", "models:/iris/1")
    assert staged.journal.operation(made.id).state is not State.ENDED
    calls = len(staged.fake.traps.calls)
    ended = await staged.resume(made.id)
    assert ended.outcome is Outcome.UNDONE, ended.message
    assert not {"patch_deployment", "set_alias"} & set(staged.fake.traps.calls[calls:])


async def test_past_the_commit_the_marks_come_off_where_nobody_has_been_since(staged: Bench) -> None:
    left = await cut_when(staged, INTENT, lambda kind, _: HISTORY in staged.fake.annotations("serving/staging"))
    assert OPERATION in staged.fake.annotations("serving/iris")
    later = await staged.run(await planned(staged, replace(INTENT, to_version="3", then=())))
    assert later.outcome is Outcome.DONE, later.message
    ended = await staged.resume(left)
    assert "alias champion points at 3" in ended.message
    assert OPERATION not in staged.fake.annotations("serving/iris")
    assert staged.fake.registry.versions["iris", "3"].tags["modeldeck.operation"] == later.id
    assert uris(staged) == ("models:/iris/3", "models:/iris/2")


@pytest.mark.parametrize("stays", [False, True])
async def test_where_another_has_been_since_the_announcement_goes_at_the_very_end(staged: Bench, stays: bool) -> None:
    """Production was promoted by another alias: its mark is nobody's to take off any more, and staging's goes without the announcement."""
    left = await cut_when(staged, INTENT, lambda kind, _: kind == "trying" and staged.fake.champion == "2")
    assert set(staged.fake.registry.tags["iris"]) == {moving_tag("champion", left)}
    staged.fake.cluster.edit("serving/iris", lambda raw: raw["metadata"]["annotations"].pop(OPERATION))
    staged.fake.registry.aliases["iris"]["other"] = "2"
    later = await staged.run(await planned(staged, replace(INTENT, deployment="iris", to_version="3", then=(), alias="other")))
    assert later.outcome is Outcome.DONE, later.message
    if stays:
        staged.fake.traps.fail("untag_model", TimedOut("no answer", backend="MLflow"), times=999)
    ended = await staged.resume(left)
    assert OPERATION not in staged.fake.annotations("serving/staging")
    assert uris(staged) == ("models:/iris/2", "models:/iris/3")
    if stays:
        assert ended.outcome is Outcome.NEEDS_ATTENTION
        assert "alias champion of iris is still announced as moving: MLflow: no answer (modeldeck operations resume" in ended.message
        staged.fake.traps.clear()
        await staged.resume(left)
    else:
        assert ended.outcome is Outcome.DONE, ended.message
    assert staged.fake.registry.tags["iris"] == {}
