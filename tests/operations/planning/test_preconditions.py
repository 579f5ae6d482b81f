"""What has changed since a plan was made, in the words of people: the template, the count, other operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment, PodTemplate
from modeldeck.domain.operations.plan import Fingerprint, Plan
from modeldeck.operations.common.patch import own_annotation
from modeldeck.operations.planning.preconditions import annotations_digest, digests, other_operation, template_changes, what_moved
from tests.domain.links.templates import container, deployment, template
from tests.operations.conftest import Bench
from tests.support.operations import PLAN
from tests.support.plans import with_target

THEN = template(
    container(env={"LOG_LEVEL": "info", "MODEL_URI": "models:/iris/1"}, args=("-v",)),
    labels={"app": "iris"},
    annotations={"team/owner": "risk"},
)
OF = deployment(of=THEN, generation=4, observed_generation=4, desired=2)


def made(**parts: Any) -> Plan:
    """From what stood then."""
    known: dict[str, Any] = {"places": digests(THEN), "annotations": annotations_digest(OF), "replicas": 2, **parts}
    return with_target(PLAN, fingerprint=Fingerprint(OF.uid, 4, OF.template_hash, "1", "READY", **known))


def changed(now: PodTemplate) -> tuple[str, ...]:
    return template_changes(made().last, replace(OF, template=now, template_hash="other", generation=5))


def server(**parts: Any) -> PodTemplate:
    return replace(THEN, containers=(replace(THEN.containers[0], **parts),))


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (replace(THEN, labels={"app": "wine"}), "label app was changed"),
        (replace(THEN, labels={}), "label app was removed"),
        (replace(THEN, annotations={"team/owner": "risk", "x": "1"}), "annotation x was added"),
        (replace(THEN, annotations={"team/owner": "ops"}), "annotation team/owner was changed"),
        (server(image="other"), "image of container server was changed"),
        (server(args=("-vv",)), "args 0 of container server was changed"),
        (
            server(env=(replace(THEN.containers[0].env[0], value="debug"), THEN.containers[0].env[1])),
            "env LOG_LEVEL of container server was changed",
        ),
        (server(env=THEN.containers[0].env[:1]), "env 1 value of container server was removed"),
        (replace(THEN, containers=()), "/spec/template/spec/containers/0/args/0 was removed"),
        (THEN, "the pod template was changed in a field that modeldeck does not read (resources, probes, volumes, …)"),
    ],
)
def test_a_changed_template_is_told_place_by_place(now: PodTemplate, message: str) -> None:
    assert changed(now)[0] == message


def test_a_digest_is_the_same_wherever_it_is_taken_and_gives_no_value_away() -> None:
    """The plan of one machine is held against the world on another."""
    assert digests(template(container(image="x"), labels={"app": "iris"}))["/spec/template/metadata/labels/app"] == "47612b3175fe"
    assert annotations_digest(replace(OF, annotations={"b": "1", "a": "2"})) == annotations_digest(
        replace(OF, annotations={"a": "2", "b": "1"})
    )


def test_every_place_is_told() -> None:
    assert changed(replace(server(image="other"), labels={"app": "wine"})) == (
        "label app was changed",
        "image of container server was changed",
    )


@pytest.mark.parametrize(
    ("now", "taken", "message"),
    [
        ({}, {}, ()),
        ({"uid": "another"}, {}, ("deployment serving/iris was deleted and made anew",)),
        ({"desired": 5, "generation": 5}, {}, ("scaled from 2 to 5 (generation 4 → 5)",)),
        ({"desired": 5, "generation": 5}, {"autoscaled": True}, ()),
        ({"desired": 5, "generation": 4}, {"replicas": None}, ()),
        ({"generation": 5}, {}, ("its spec was changed outside of the pod template (generation 4 → 5)",)),
        ({"generation": 5, "annotations": {"note": "new"}}, {}, ()),
        ({"generation": 5}, {"autoscaled": True}, ()),
        ({"generation": 3}, {}, ("its spec was changed outside of the pod template (generation 4 → 3)",)),
        ({"desired": 1, "generation": 5}, {}, ("scaled from 2 to 1 (generation 4 → 5)",)),
        ({"desired": 0, "generation": 5}, {"replicas": 0}, ("its spec was changed outside of the pod template (generation 4 → 5)",)),
        ({"template_hash": "other", "uid": "another"}, {}, ("deployment serving/iris was deleted and made anew",)),
    ],
)
def test_what_else_of_a_deployment_moves(now: dict[str, Any], taken: dict[str, Any], message: tuple[str, ...]) -> None:
    assert template_changes(made(**taken).last, replace(OF, **now)) == message


def standing(mark: str = "", *history: OperationAnnotation) -> Deployment:
    annotations: Mapping[str, str] = {OPERATION: mark} if mark else {}
    for past in history:
        annotations = {**annotations, HISTORY: history_text(annotations, past)}
    return replace(OF, annotations=annotations)


def test_another_operation_that_began_or_came_and_went_is_told() -> None:
    plan = with_target(made(last_operation="old"), slot_edits={own_annotation(OPERATION): (None, "ours")})
    assert other_operation(plan.last, plan.id, standing()) == ()
    assert other_operation(plan.last, plan.id, standing("", OperationAnnotation("old", actor="bob"))) == ()
    assert other_operation(plan.last, plan.id, standing("", OperationAnnotation(plan.id))) == ()
    assert other_operation(plan.last, plan.id, standing("", OperationAnnotation("new", actor="bob"))) == (
        "operation new of bob was carried out",
    )
    assert other_operation(plan.last, plan.id, standing("", OperationAnnotation("new"))) == ("operation new of somebody was carried out",)
    assert other_operation(plan.last, plan.id, standing(mark_text(OperationAnnotation("new", actor="bob")))) == (
        "operation new of bob has begun",
    )
    assert other_operation(plan.last, plan.id, standing(mark_text(OperationAnnotation("new")))) == ("operation new of somebody has begun",)
    assert other_operation(plan.last, plan.id, standing(mark_text(OperationAnnotation(plan.id)))) == ()
    left_behind = mark_text(OperationAnnotation("dead"))
    known = with_target(plan, slot_edits={own_annotation(OPERATION): (left_behind, "ours")})
    assert other_operation(known.last, known.id, standing(left_behind)) == (), "it was there when the plan was made, and judged then"


async def planned(bench: Bench, **parts: Any) -> Plan:
    made = await bench.good_plan("2")
    return with_target(made, fingerprint=replace(made.last.fingerprint, **parts))


async def moved(bench: Bench, plan: Plan) -> tuple[str, ...]:
    return await what_moved(plan.last, plan.id, bench.fake.clients, bench.fake.clock)


async def test_a_world_that_stands_still_has_not_moved(bench: Bench) -> None:
    assert await moved(bench, await planned(bench)) == ()


@pytest.mark.parametrize(
    ("alias", "message"),
    [("3", "alias champion of iris moved from 1 to 3"), (None, "alias champion of iris moved from 1 to nothing")],
)
async def test_an_alias_that_moved_is_told(bench: Bench, alias: str | None, message: str) -> None:
    plan = await planned(bench)
    bench.fake.registry.aliases["iris"] = {"champion": alias} if alias else {}
    assert await moved(bench, plan) == (message,)
    assert await moved(bench, await planned(bench, alias_known=False)) == (), "nobody knew it when it was planned"


async def test_an_alias_that_was_not_there_is_told(bench: Bench) -> None:
    plan = await planned(bench, alias_version=None)
    assert await moved(bench, plan) == ("alias champion of iris moved from nothing to 1",)


@pytest.mark.parametrize("status", ["FAILED_REGISTRATION", "ZOMBIE"])
async def test_a_version_that_is_no_longer_ready_is_told(bench: Bench, status: str) -> None:
    plan = await planned(bench)
    bench.fake.registry.add("iris", "2", status=status)
    assert await moved(bench, plan) == (f"version 2 of iris was READY, is {status}",)
    copied = with_target(plan, copied_from="models:/dev.iris/2")
    assert await moved(bench, copied) == (), "it is yet to be made"
    del bench.fake.registry.versions["iris", "2"]
    assert await moved(bench, plan) == ("version 2 of iris was READY, is gone",)


async def test_everything_that_moved_is_told_the_cluster_first(bench: Bench) -> None:
    plan = await planned(bench)
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug")
    bench.fake.cluster.edit(
        "serving/iris", lambda raw: raw["metadata"]["annotations"].update({OPERATION: mark_text(OperationAnnotation("new"))})
    )
    assert await moved(bench, plan) == (
        "env LOG_LEVEL of container server was changed",
        "operation new of somebody has begun",
        "alias champion of iris moved from 1 to 3",
    )


async def test_a_backend_that_is_briefly_away_is_asked_again(bench: Bench) -> None:
    plan = await planned(bench)
    for call in ("deployment", "version_of_alias", "version"):
        bench.fake.traps.fail(call, Unreachable("refused"))
    assert await moved(bench, plan) == ()
