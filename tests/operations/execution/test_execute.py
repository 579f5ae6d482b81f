"""The good way: what stands where after a promotion, and in which order it came about."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, history_of
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.operations.common.text import iso
from tests.operations.conftest import Bench
from tests.support.fakes.metrics import FakeMetrics


async def test_promotes_template_then_alias_then_evidence(bench: Bench) -> None:
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert bench.fake.env() == "models:/iris/2"
    assert bench.fake.champion == "2"
    assert bench.fake.template()["metadata"]["annotations"] == {
        "modeldeck.dev/model": "iris",
        "modeldeck.dev/version": "2",
        "modeldeck.dev/run-id": f"{2:032x}",
    }
    calls = bench.fake.traps.calls
    assert calls.index("patch_deployment") < calls.index("set_alias") < calls.index("tag_version") < calls.index("write_event")
    assert bench.fake.cluster.events == [("serving/iris", "Promoted", f"iris promoted from 1 to 2 by ann@box: better ({operation.id})")]


async def test_both_versions_are_tagged(bench: Bench) -> None:
    operation = await bench.promote("2")
    versions = bench.fake.registry.versions
    assert versions["iris", "2"].tags["modeldeck.operation"] == operation.id
    assert versions["iris", "2"].tags["modeldeck.reason"] == "better"
    assert versions["iris", "1"].tags["modeldeck.left"].startswith("replaced by 2 in serving/iris on ")


async def test_a_version_that_comes_back_does_not_keep_an_earlier_reason(bench: Bench) -> None:
    await bench.promote("2", reason="better")
    await bench.promote("1", reason="")
    await bench.promote("2", reason="")
    assert bench.fake.registry.versions["iris", "2"].tags["modeldeck.reason"] == ""
    assert "modeldeck.reason" not in bench.fake.registry.versions["iris", "1"].tags


async def test_the_mark_stands_while_it_runs_and_history_after(bench: Bench) -> None:
    marks: list[str | None] = []
    bench.fake.clock.on_sleep.append(lambda: marks.append(bench.fake.annotations().get(OPERATION)))
    made = await bench.good_plan("2")
    bench.clock.at += 600
    began = iso(bench.clock.at)
    operation = await bench.run(made)
    assert marks
    assert json.loads(marks[0] or "")["at"] == began
    assert all(json.loads(mark)["id"] == operation.id for mark in marks if mark)
    assert json.loads(marks[0] or "")["previous"] == "1"
    assert OPERATION not in bench.fake.annotations()
    (line,) = history_of(bench.fake.annotations())
    assert (line.id, line.outcome, line.from_version, line.to_version) == (operation.id, "done", "1", "2")
    assert "modeldeck promote iris 1 -> 2" in bench.fake.annotations()["kubernetes.io/change-cause"]


async def test_the_journal_tells_the_same_operation(bench: Bench) -> None:
    operation = await bench.promote("2")
    assert bench.journal.operation(operation.id) == operation
    assert bench.seen[-1] == operation
    assert [state.state for state in bench.seen][:2] == [State.PLANNED, State.RUNNING]
    assert {step.state for step in operation.steps} == {StepState.DONE}
    assert bench.journal.plan(operation.id).last.slot_edits["/spec/template/spec/containers/0/env/1/value"] == (
        "models:/iris/1",
        "models:/iris/2",
    )


class Speaking(FakeMetrics):
    """A Prometheus in which the cluster's own pods state what `says` makes of the pod's name, or nothing before `from_at`."""

    def __init__(self, bench: Bench, before: tuple[Pod, ...], says: Callable[[str], str | None], *, from_at: float = 0.0) -> None:
        super().__init__(bench.fake.traps)
        self._bench, self._before, self._says, self._from = bench, before, says, from_at

    async def metric_names(self) -> frozenset[str]:
        return frozenset({"model_info"})

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        pods = (await self._bench.fake.cluster.fleet(("serving",))).pods if at is None else self._before
        late = at is None and self._bench.fake.clock.now() < self._from
        texts = [(pod, None if late else self._says(pod.template.containers[0].env[1].value or "")) for pod in pods]
        labels = [{"namespace": "serving", "pod": pod.name, "model": "iris", "version": text} for pod, text in texts if text]
        return Vector(tuple(Sample(each, at or 0.0, 1.0) for each in labels))


async def speaking(bench: Bench, says: Callable[[str], str | None], kind: type[Speaking] = Speaking, **parts: Any) -> Operation:
    before = (await bench.fake.cluster.fleet(("serving",))).pods
    bench.fake.metrics, bench.fake.measured = kind(bench, before, says, **parts), True
    return await bench.promote("2", ungated=True)


def verified(operation: Operation) -> str:
    return next(step.message for step in operation.steps if step.name is StepName.VERIFY)


async def test_pods_that_state_the_version_are_believed(bench: Bench) -> None:
    operation = await speaking(bench, lambda uri: uri.rpartition("/")[2])
    assert operation.outcome is Outcome.DONE, operation.message
    assert verified(operation) == "iris 2: alias, template and pods agree, as the pods themselves state"


class OddlyNamed(Speaking):
    """The same where scrapers name pods otherwise: asked by the usual labels, there is nothing."""

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        if "kubernetes_pod_name=~" not in promql:
            return Vector(())
        found = await super().query(promql, at=None if promql.startswith("count by") else at)
        names = ("http_request_duration_highr_seconds_bucket", "http_requests_total") if promql.startswith("count by") else ("model_info",)
        return Vector(
            tuple(
                Sample({**rest, "__name__": name, "kubernetes_namespace": "serving", "kubernetes_pod_name": pod}, 0.0, 1.0)
                for sample in found.samples
                for name in names
                for pod, rest in [(sample.labels["pod"], {key: sample.labels[key] for key in ("model", "version")})]
            )
        )


async def test_pods_that_are_named_by_other_labels_are_heard_too(bench: Bench) -> None:
    operation = await speaking(bench, lambda uri: uri.rpartition("/")[2], kind=OddlyNamed)
    assert verified(operation) == "iris 2: alias, template and pods agree, as the pods themselves state"


async def test_a_template_is_not_believed_where_pods_state_another_version(bench: Bench) -> None:
    operation = await speaking(bench, lambda uri: "1")
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert "pods serve version 1" in verified(operation)


async def test_what_pods_state_is_waited_for(bench: Bench) -> None:
    begun = bench.fake.clock.now()
    operation = await speaking(bench, lambda uri: uri.rpartition("/")[2], from_at=begun + 60.0)
    assert operation.outcome is Outcome.DONE, operation.message
    assert verified(operation).endswith("as the pods themselves state")
    assert bench.fake.clock.now() >= begun + 60.0


async def test_pods_that_stop_to_state_their_version_are_not_said_to_agree(bench: Bench) -> None:
    operation = await speaking(bench, lambda uri: "1" if uri.endswith("/1") else None)
    assert operation.outcome is Outcome.DONE
    assert "pods have not stated what they serve" in verified(operation)


async def test_pods_that_never_stated_a_version_are_not_waited_for(bench: Bench) -> None:
    begun = bench.fake.clock.now()
    operation = await speaking(bench, lambda uri: "2.14.0")
    assert operation.outcome is Outcome.DONE
    assert verified(operation).endswith("the pods by their templates; they state no version")
    assert bench.fake.clock.now() < begun + 60.0


async def test_all_places_of_one_reference_are_changed_and_taken_back(bench: Bench) -> None:
    fetch = {"name": "fetch", "image": "x", "command": ["sh", "-c", "mlflow artifacts download -u 'models:/iris/1'"]}

    def with_fetch(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["spec"]["initContainers"] = [fetch]

    bench.fake.cluster.edit("serving/iris", with_fetch)
    for _ in range(8):
        await bench.fake.clock.sleep(1.0)
    before = bench.fake.template()
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    changed = bench.fake.template()["spec"]
    assert changed["initContainers"][0]["command"] == ["sh", "-c", "mlflow artifacts download -u 'models:/iris/2'"]
    assert bench.fake.env() == "models:/iris/2"
    back = await bench.roll_back("1")
    assert back.outcome is Outcome.DONE, back.message
    assert bench.fake.template()["spec"] == before["spec"]


async def test_already_there_does_nothing(bench: Bench) -> None:
    made = await bench.good_plan("1")
    assert made.already_there
    operation = await bench.run(made)
    assert operation.outcome is Outcome.NOTHING_TO_DO
    assert "patch_deployment" not in bench.fake.traps.calls


async def test_only_the_alias_is_behind(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    before = bench.fake.template()
    operation = await bench.promote("1")
    assert [step.name for step in operation.steps][1:3] == [StepName.MARK, StepName.MOVE_ALIAS]
    assert operation.outcome is Outcome.DONE, operation.message
    assert bench.fake.champion == "1"
    assert bench.fake.template() == before


async def test_alias_served_moves_the_alias_first_and_restarts(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@champion")
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    calls = bench.fake.traps.calls
    restart = len(calls) - 1 - calls[::-1].index("pods_of")
    assert calls.index("set_alias") < restart
    assert bench.fake.env() == "models:/iris@champion"
    annotations = bench.fake.template()["metadata"]["annotations"]
    assert annotations["modeldeck.dev/version"] == "2"
    assert "kubectl.kubernetes.io/restartedAt" in annotations
    assert bench.fake.champion == "2"
    assert OPERATION not in bench.fake.annotations()
    assert HISTORY in bench.fake.annotations()


async def test_alias_served_moves_the_alias_that_the_pods_follow(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("models:/iris@production")
    bench.fake.registry.aliases["iris"]["production"] = "1"
    operation = await bench.promote("3")
    assert operation.outcome is Outcome.DONE, operation.message
    assert operation.last.alias == "production"
    assert bench.fake.registry.aliases["iris"] == {"champion": "1", "production": "3"}


async def test_a_version_may_be_named_by_alias(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["challenger"] = "3"
    assert (await bench.promote("@challenger")).last.to_version == "3"


async def test_a_status_that_moves_does_not_stop_the_patch(bench: Bench) -> None:
    made = await bench.good_plan("2")

    def status_moves() -> None:
        raw = bench.fake.cluster.deployments["serving/iris"]
        raw["metadata"]["resourceVersion"] = bench.fake.cluster._next()

    for skip in range(3):
        bench.fake.traps.before("patch_deployment", status_moves, skip=skip)
    operation = await bench.run(made)
    assert operation.outcome is Outcome.DONE, operation.message
    assert operation.steps[1].requests > 1


async def test_a_lost_answer_is_looked_up_in_the_world(bench: Bench) -> None:
    from modeldeck.domain.failures import TimedOut

    bench.fake.traps.fail("patch_deployment", TimedOut("no answer", backend="Kubernetes"), late=True)
    bench.fake.traps.fail("set_alias", TimedOut("no answer", backend="MLflow"), late=True)
    operation = await bench.promote("2")
    assert operation.outcome is Outcome.DONE, operation.message
    assert "answer was lost" in operation.steps[1].message
    assert bench.fake.traps.calls.count("set_alias") == 1
